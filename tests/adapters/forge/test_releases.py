"""Releases are made once, on both forges, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vis_tasks.errors import Failed
from vis_tasks.ports import ForgeRelease

TAG = "@acme/ui@1.2.0"
WORDS = {"tag": TAG, "title": "@acme/ui 1.2.0", "notes": "### Minor\n\n- über", "prerelease": False}


@pytest.fixture(params=["github", "gitlab"])
def kind(request):
    return request.param


@pytest.fixture
def repo(kind):
    return {"github": "acme/shop", "gitlab": "group/sub/shop"}[kind]


@pytest.fixture
def forge(kind, request):
    return request.getfixturevalue(kind)()


def methods(local):
    return [each.method for each in local.requests]


def test_a_release_is_looked_up_and_made(forge, local, repo):
    made = forge.ensure_release(**WORDS)
    (release,) = local.releases(repo)
    assert made == ForgeRelease(TAG, release["html_url"], created=True)
    assert release["tag_name"] == TAG
    assert release["name"] == "@acme/ui 1.2.0"
    assert release.get("body", release.get("description")) == "### Minor\n\n- über"
    assert methods(local) == ["GET", "POST"]


def test_making_it_again_finds_it_with_one_request(forge, local, repo):
    first = forge.ensure_release(**WORDS)
    second = forge.ensure_release(**WORDS)
    assert second == ForgeRelease(TAG, first.url, created=False)
    assert len(local.releases(repo)) == 1
    assert methods(local) == ["GET", "POST", "GET"]


def test_a_race_that_somebody_else_wins_is_no_error(forge, local, repo):
    local.fault(method="POST", meanwhile=lambda: local.add(repo, TAG))
    assert forge.ensure_release(**WORDS).created is False
    assert len(local.releases(repo)) == 1


def test_a_release_that_shows_up_late_after_a_race_is_waited_for(forge, local, repo, clock):
    local.fault(method="POST", meanwhile=lambda: local.add(repo, TAG))
    local.fault(method="GET", status=404, body={"message": "Not Found"})
    assert forge.ensure_release(**WORDS).created is False
    assert clock.elapsed > 0


def test_an_answer_lost_after_the_work_does_not_make_two(forge, local, repo):
    local.fault(method="POST", drop=True, after_work=True)
    assert forge.ensure_release(**WORDS).created is True
    assert len(local.releases(repo)) == 1
    assert methods(local) == ["GET", "POST", "GET"]


def test_an_answer_lost_before_the_work_is_tried_again(forge, local, repo):
    local.fault(method="POST", drop=True)
    assert forge.ensure_release(**WORDS).created is True
    assert len(local.releases(repo)) == 1


def test_a_server_in_trouble_is_asked_again_with_pauses(forge, local, repo, clock):
    for _ in range(3):
        local.fault(method="GET", status=502, body="<html>")
    assert forge.ensure_release(**WORDS).created is True
    assert clock.sleeps == [2, 4, 8]


def test_a_server_that_stays_in_trouble_is_an_error_with_its_words(forge, local):
    for _ in range(4):
        local.fault(method="GET", status=503, body="<html>")
    with pytest.raises(Failed, match=r"the release of @acme/ui@1\.2\.0: .* answered 503") as caught:
        forge.ensure_release(**WORDS)
    assert "invoke tag" in caught.value.hint


def test_no_server_at_all_is_an_error_that_names_the_host(forge, local):
    local.close()
    host = local.url.removeprefix("http://")
    with pytest.raises(Failed, match=f"no answer from {host}: Connection refused"):
        forge.ensure_release(**WORDS)


@pytest.mark.parametrize("status", [403, 429])
def test_a_rate_limit_with_retry_after_is_waited_out(forge, local, clock, status):
    local.fault(status=status, body={"message": "slow down"}, headers={"Retry-After": "17"})
    assert forge.ensure_release(**WORDS).created is True
    assert clock.sleeps == [17]


def test_a_rate_limit_without_a_time_waits_a_minute(forge, local, clock):
    local.fault(status=429, body={"message": "You have exceeded a secondary rate limit"})
    assert forge.ensure_release(**WORDS).created is True
    assert clock.sleeps == [60]


@pytest.mark.parametrize("prefix", ["x-ratelimit", "RateLimit"])
def test_a_rate_limit_with_a_reset_is_waited_out(forge, local, clock, prefix):
    reset = str(int((clock.now() + timedelta(seconds=90)).timestamp()))
    local.fault(
        method="POST", status=429, body={"message": "limit"},
        headers={f"{prefix}-Remaining": "0", f"{prefix}-Reset": reset},
    )  # fmt: skip
    assert forge.ensure_release(**WORDS).created is True
    assert clock.sleeps == [91]


def test_a_rate_limit_longer_than_we_wait_says_until_when(forge, local, clock):
    local.fault(status=429, body={}, headers={"Retry-After": "3600"})
    with pytest.raises(Failed, match="limits the rate of requests until 2026-11-21 13:00:00 UTC") as caught:
        forge.ensure_release(**WORDS)
    assert caught.value.code == "FORGE_RATE_LIMIT"
    assert clock.sleeps == []


def test_waits_for_rate_limits_are_bounded_together(forge, local, clock):
    for _ in range(9):
        local.fault(status=429, body={}, headers={"Retry-After": "120"})
    with pytest.raises(Failed, match="limits the rate"):
        forge.ensure_release(**WORDS)
    assert clock.sleeps == [120, 120]


def test_a_refusal_that_is_no_rate_limit_is_not_waited_for(forge, local, clock):
    local.fault(status=403, body={"message": "Forbidden"}, headers={"x-ratelimit-remaining": "4999"})
    with pytest.raises(Failed, match="403 Forbidden"):
        forge.ensure_release(**WORDS)
    assert clock.sleeps == []


def test_a_wrong_token_is_told_without_the_token(kind, request, local):
    wrong = "wrong-token-of-somebody"
    forge = request.getfixturevalue(kind)({"GITHUB_TOKEN": wrong, "GITLAB_TOKEN": wrong})
    with pytest.raises(Failed, match=r"401 (Bad credentials|401 Unauthorized)") as caught:
        forge.ensure_release(**WORDS)
    assert "is wrong or has expired" in caught.value.hint
    assert wrong not in caught.value.message + caught.value.hint + str(caught.value.details)


def test_a_forge_that_echoes_the_token_does_not_make_us_show_it(forge, local):
    local.fault(status=400, body={"message": f"bad {local.token} {local.job_token}"})
    with pytest.raises(Failed) as caught:
        forge.ensure_release(**WORDS)
    used = {
        each.headers.get("job-token") or each.headers["authorization"].removeprefix("Bearer ")
        for each in local.requests
    }
    assert all(token not in caught.value.message for token in used)


# --- GitHub ---------------------------------------------------------------------------------------------------------


def test_a_tag_with_slashes_is_one_part_of_the_address(github, local):
    github().ensure_release(**WORDS)
    assert local.requests[0].path == "/api/v3/repos/acme/shop/releases/tags/%40acme%2Fui%401.2.0"


def test_github_is_told_what_is_a_prerelease(github, local):
    github().ensure_release(**WORDS | {"prerelease": True})
    (release,) = local.releases("acme/shop")
    assert release["prerelease"] is True
    assert release["draft"] is False


def test_github_drafts_are_found_again_though_not_by_tag(github, local):
    for number in range(120):
        local.add("acme/shop", f"old@{number}")
    local.add("acme/shop", "other@1.0.0", draft=True)
    assert github(draft=True).ensure_release(**WORDS).created is True
    for number in range(120, 230):
        local.add("acme/shop", f"old@{number}")
    again = github(draft=True).ensure_release(**WORDS)
    drafts = [each for each in local.releases("acme/shop") if each["tag_name"] == TAG]
    assert again == ForgeRelease(TAG, drafts[0]["html_url"], created=False)
    assert len(drafts) == 1


def test_github_drafts_of_one_wave_cost_one_listing(github, local):
    forge = github(draft=True)
    for number in range(3):
        assert forge.ensure_release(**WORDS | {"tag": f"a@{number}"}).created is True
    assert forge.ensure_release(**WORDS | {"tag": "a@1"}).created is False
    assert len([each for each in local.requests if "per_page" in each.path]) == 1


def test_a_github_draft_whose_answer_got_lost_is_found(github, local):
    local.fault(method="POST", drop=True, after_work=True)
    assert github(draft=True).ensure_release(**WORDS).created is True
    assert len(local.releases("acme/shop")) == 1


def test_a_published_github_release_counts_when_drafts_are_wanted(github, local):
    local.add("acme/shop", TAG)
    assert github(draft=True).ensure_release(**WORDS).created is False


def test_a_renamed_github_repository_is_followed_with_the_same_method(github, local):
    local.move("acme/shop", "acme/store")
    assert github().ensure_release(**WORDS).created is True
    assert [each["tag_name"] for each in local.releases("acme/store")] == [TAG]


def test_a_redirect_to_another_host_gets_no_token(github, local):
    with type(local)() as other:
        local.fault(
            status=302, body={"message": "Found"}, headers={"Location": f"{other.url}/repos/acme/shop/releases"}
        )
        with pytest.raises(Failed, match="302 Found"):
            github().ensure_release(**WORDS)
        assert other.requests == []


def test_notes_longer_than_github_takes_are_shortened(github, local):
    github().ensure_release(**WORDS | {"notes": "x" * 200_000})
    body = local.releases("acme/shop")[0]["body"]
    assert len(body) == 125_000
    assert body.endswith("…")


def test_what_github_finds_invalid_is_told_in_its_words(github, local):
    wrong = {"resource": "Release", "code": "custom", "message": "tag_name is not a valid tag"}
    local.fault(
        method="POST", status=422, body={"message": "Validation Failed", "errors": [wrong, "pre_receive failed"]}
    )
    said = r"422 Validation Failed; tag_name is not a valid tag; pre_receive failed"
    with pytest.raises(Failed, match=said):
        github().ensure_release(**WORDS)


def test_a_missing_permission_on_github_says_which_to_give(github, local):
    local.fault(method="POST", status=403, body={"message": "Resource not accessible by integration"})
    with pytest.raises(Failed) as caught:
        github().ensure_release(**WORDS)
    assert "contents: write" in caught.value.hint


def test_single_sign_on_is_named(github, local):
    local.fault(
        status=403, body={"message": "Resource protected by organization SAML"}, headers={"X-GitHub-SSO": "required"}
    )
    with pytest.raises(Failed) as caught:
        github().ensure_release(**WORDS)
    assert "single sign-on" in caught.value.hint


def test_a_netrc_does_not_replace_our_token(github, local, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    github().ensure_release(**WORDS)
    assert {each.headers["authorization"] for each in local.requests} == {f"Bearer {local.token}"}


# --- GitLab ---------------------------------------------------------------------------------------------------------


def test_gitlab_gets_the_job_token_in_its_own_header(gitlab, local):
    gitlab().ensure_release(**WORDS)
    assert {each.headers.get("job-token") for each in local.requests} == {local.job_token}
    assert not any("private-token" in each.headers for each in local.requests)


def test_a_gitlab_token_goes_before_the_job_token(gitlab, local):
    gitlab({"GITLAB_TOKEN": local.token}).ensure_release(**WORDS)
    assert {each.headers.get("private-token") for each in local.requests} == {local.token}


def test_gitlab_projects_keep_their_groups(gitlab, local):
    gitlab().ensure_release(**WORDS)
    assert local.requests[0].path == "/api/v4/projects/group%2Fsub%2Fshop/releases/%40acme%2Fui%401.2.0"


def test_a_gitlab_project_that_is_not_there_is_told(gitlab, local):
    for method in ("GET", "POST"):
        local.fault(method=method, status=404, body={"message": "404 Project Not Found"})
    with pytest.raises(Failed, match="404 Project Not Found") as caught:
        gitlab().ensure_release(**WORDS)
    assert "group/sub/shop isn't there" in caught.value.hint


def test_gitlab_messages_by_field_are_told(gitlab, local):
    local.fault(method="POST", status=400, body={"message": {"tag_name": ["is invalid", "is too long"]}})
    with pytest.raises(Failed, match="400 tag_name: is invalid, is too long"):
        gitlab().ensure_release(**WORDS)
