"""What a forge says about pushing to a branch; answers as docs.github.com/rest and docs.gitlab.com/api show them."""

from __future__ import annotations

import pytest

from vis_tasks.ports import PushRules, Unknown

GITHUB = "/repos/acme/shop"
GITLAB = "/projects/group%2Fsub%2Fshop"
PULL = "changes must come by pull request"


def rules(*types: str, ruleset: int = 7):
    return 200, [
        {"type": each, "ruleset_source_type": "Repository", "ruleset_source": "acme/shop", "ruleset_id": ruleset}
        for each in types
    ]


def branch(*, protected: bool):
    return 200, {"name": "main", "protected": protected, "protection": {"enabled": protected}}


@pytest.fixture
def on_github(local, github):
    local.settings |= {
        f"{GITHUB}/rules/branches/main": rules(),
        f"{GITHUB}/branches/main": branch(protected=False),
    }
    return github()


def test_a_branch_without_rules_takes_pushes(on_github):
    assert on_github.push_rules("main") == PushRules()


def test_rules_that_refuse_a_plain_push_are_named_and_others_are_not(local, on_github):
    local.settings[f"{GITHUB}/rules/branches/main"] = rules("deletion", "non_fast_forward", "pull_request", "update")
    local.settings[f"{GITHUB}/rulesets/7"] = (200, {"id": 7, "current_user_can_bypass": "never"})
    assert on_github.push_rules("main") == PushRules((PULL, "nobody may push"))


@pytest.mark.parametrize(("bypass", "stops"), [("always", ()), ("pull_requests_only", (PULL,)), (None, (PULL,))])
def test_only_a_bypass_for_pushes_helps(local, on_github, bypass, stops):
    local.settings[f"{GITHUB}/rules/branches/main"] = rules("pull_request")
    local.settings[f"{GITHUB}/rulesets/7"] = (200, {"id": 7, "current_user_can_bypass": bypass})
    assert on_github.push_rules("main") == PushRules(stops)


def test_classic_protection_is_read_where_the_token_may(local, on_github):
    local.settings[f"{GITHUB}/branches/main"] = branch(protected=True)
    assert on_github.push_rules("main") == PushRules((), "it is protected, and this token may not see how")
    local.settings[f"{GITHUB}/branches/main/protection"] = (
        200,
        {
            "required_pull_request_reviews": {"required_approving_review_count": 1},
            "required_signatures": {"enabled": False},
            "lock_branch": {"enabled": True},
        },
    )
    assert on_github.push_rules("main") == PushRules((PULL, "it is locked"))


def test_a_refusal_is_no_answer(github):
    found = github({"GITHUB_TOKEN": "ghp_wrong"}).push_rules("main")
    assert isinstance(found, Unknown)
    assert found.why == "HTTP 404: this token may not see the branch's rules"


def test_a_forge_that_is_down_is_no_answer(local, on_github):
    for _ in range(5):
        local.fault(status=502, body="bad gateway")
    assert isinstance(on_github.push_rules("main"), Unknown)


@pytest.mark.parametrize(
    ("body", "stops"),
    [
        ({"protected": False, "can_push": True}, ()),
        ({"protected": True, "can_push": True}, ()),
        ({"protected": False, "can_push": False}, ("this token may not push",)),
        ({"protected": True, "can_push": False}, ("it is protected (may push: Maintainers, Release bot)",)),
    ],
)
def test_gitlab_says_itself_whether_the_token_may_push(local, gitlab, body, stops):
    levels = [
        {"access_level": 40, "access_level_description": "Maintainers"},
        {"access_level_description": "Release bot"},
    ]
    local.settings[f"{GITLAB}/repository/branches/main"] = (200, {"name": "main", **body})
    local.settings[f"{GITLAB}/protected_branches/main"] = (200, {"name": "main", "push_access_levels": levels})
    assert gitlab({"GITLAB_TOKEN": local.token}).push_rules("main") == PushRules(stops)


def test_a_job_token_of_gitlab_may_not_see_rules(gitlab):
    assert isinstance(gitlab().push_rules("main"), Unknown)
