"""The plan as one comment on a pull request, against a real server on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from vis_tasks.adapters.forge.comments import comments_for
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from tests.ci.forge_api import Api

MARKER = "<!-- marker -->"


def _env(api: Api, provider: str) -> dict[str, str]:
    if provider == "github":
        return {
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_REPOSITORY": "acme/mono",
            "GITHUB_API_URL": api.url,
            "GITHUB_TOKEN": "t0ken-value",
        }
    return {"CI_MERGE_REQUEST_IID": "7", "CI_PROJECT_ID": "12", "CI_API_V4_URL": api.url, "GITLAB_TOKEN": "t0ken-value"}


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_one_comment_is_made_and_kept_up_to_date(api: Api, provider: str) -> None:
    comments = comments_for(_env(api, provider), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "one\n") == "created"
    assert comments.put(MARKER, "one\n") == "unchanged"
    assert comments.put(MARKER, "two\n") == "updated"
    assert [each["body"] for each in api.comments] == [f"{MARKER}\ntwo\n"]


def test_a_comment_of_others_that_has_our_first_line_is_not_taken_for_ours(api: Api) -> None:
    api.comments.append({"id": 1, "body": f"{MARKER}\nmine!", "foreign": True})
    comments = comments_for(_env(api, "github"), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "ours") == "created"
    assert api.comments[0]["body"] == f"{MARKER}\nmine!"


def test_trouble_while_a_comment_is_edited_makes_no_second_one(api: Api) -> None:
    comments = comments_for(_env(api, "github"), clock=FakeClock())
    assert comments is not None
    comments.put(MARKER, "one")
    api.broken = True
    with pytest.raises(Failed, match="could not be written"):
        comments.put(MARKER, "two")
    assert len(api.comments) == 1


def test_in_a_fork_nothing_is_written_and_nothing_fails(api: Api) -> None:
    api.read_only = True
    comments = comments_for(_env(api, "github"), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "text").startswith("refused: 403")


def test_nothing_to_release_makes_no_new_comment(api: Api) -> None:
    comments = comments_for(_env(api, "github"), clock=FakeClock())
    assert comments is not None
    assert comments.put(MARKER, "nothing", only_update=True) == "nothing"
    assert api.comments == []


@pytest.mark.parametrize("missing", ["GITHUB_TOKEN", "GITHUB_REF", "GITHUB_REPOSITORY", "GITHUB_API_URL"])
def test_without_a_pull_request_or_a_token_there_is_nothing_to_comment_on(api: Api, missing: str) -> None:
    env = {name: value for name, value in _env(api, "github").items() if name != missing}
    assert comments_for(env, clock=FakeClock()) is None
