"""What forge and registry must be told once: the list, and what is done of it by API, against a real server on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ci.builders import Repo
from tests.fakes import FakeClock
from vis_tasks.adapters.forge.settings import settings_for
from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.config.load import load_config
from vis_tasks.core.remotes import parse_remote
from vis_tasks.services.ci_setup import apply, steps_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ci.forge_api import Api
    from vis_tasks.services.ci_setup import Step

REMOTE = parse_remote("https://forge.test/acme/mono.git")
ENVIRONMENT = "/repos/acme/mono/environments/release"
TOKEN_AUTH = '[ci]\nauth = "token"\n'
DETACHED = '[release.publish.stage]\nmode = "detached"\n'


def _steps(tmp_path: Path, provider: str, toml: str = "", **more: Any) -> dict[str, Step]:
    repo = Repo(tmp_path).configure(toml)
    packages = read_workspace(repo.root).packages
    steps = steps_for(provider, load_config(repo.root, {}).config, packages, REMOTE, **more)
    return {step.title: step for step in steps}


def _apply(api: Api, provider: str, steps: dict[str, Step]) -> dict[str, str]:
    assert REMOTE is not None
    env = {"GH_TOKEN": "t0ken", "GITLAB_TOKEN": "t0ken"}
    settings = settings_for(provider, REMOTE, env, api.url, clock=FakeClock())
    assert settings is not None
    return {step.title: said for step, said in apply(tuple(steps.values()), settings)}


def test_the_list_of_github_is_whole_and_has_links(tmp_path: Path) -> None:
    steps = _steps(tmp_path, "github", '[ci]\nauth = "token"\napp = true\n')
    assert list(steps) == [
        "The environment release",
        "The environment release-unattended",
        "The secret NPM_TOKEN",
        "Variable VIS_APP_CLIENT_ID and secret VIS_APP_PRIVATE_KEY",
        "Branch protection",
        "Tag protection",
    ]
    assert all("https://forge.test/acme/mono/settings/" in step.where for step in steps.values())
    assert "gh secret set NPM_TOKEN --env release-unattended --repo acme/mono" in steps["The secret NPM_TOKEN"].where


def test_the_list_of_gitlab_is_whole(tmp_path: Path) -> None:
    assert list(_steps(tmp_path, "gitlab", f"{DETACHED}{TOKEN_AUTH}")) == [
        "Process mode oldest_first",
        "Let jobs push",
        "The variable NPM_TOKEN",
        "Branch protection",
        "Tag protection",
        "Reviewers of the environment release",
        "Pipeline schedules",
    ]


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        (
            "github",
            "npm trust github w --repository acme/mono --file vis-release.yml --environment release --allow-stage-publish",
        ),
        (
            "gitlab",
            "npm trust gitlab w --project acme/mono --file .gitlab-ci.yml --environment release --allow-stage-publish",
        ),
    ],
)
def test_each_package_is_told_whom_to_trust(tmp_path: Path, provider: str, wanted: str) -> None:
    repo = Repo(tmp_path).configure("").write("package.json", '{"name": "w", "version": "1.0.0"}')
    steps = steps_for(provider, load_config(repo.root, {}).config, read_workspace(repo.root).packages, REMOTE)
    assert steps[0].title == "Trusted publishing"
    assert steps[0].where == wanted


def test_environments_and_rules_of_github_are_made_and_a_second_time_changes_nothing(api: Api, tmp_path: Path) -> None:
    steps = _steps(tmp_path, "github")
    told = _apply(api, "github", steps)
    assert {told[name] for name in ("The environment release", "Branch protection", "Tag protection")} == {"done"}
    assert ("POST", f"{ENVIRONMENT}/deployment-branch-policies", {"name": "main"}) in api.calls
    assert _apply(api, "github", steps) == told
    assert [(each["target"], each["conditions"]["ref_name"]["include"]) for each in api.rulesets] == [
        ("branch", ["refs/heads/main"]),
        ("tag", ["refs/tags/*@*", "refs/tags/**/*@*"]),
    ]


def test_what_an_environment_asks_for_already_is_kept(api: Api, tmp_path: Path) -> None:
    reviewers = [{"type": "User", "reviewer": {"id": 7, "login": "bob"}}]
    api.environments[ENVIRONMENT] = {
        "protection_rules": [
            {"type": "wait_timer", "wait_timer": 30},
            {"type": "required_reviewers", "prevent_self_review": True, "reviewers": reviewers},
        ]
    }
    _apply(api, "github", _steps(tmp_path, "github"))
    kept = api.environments[ENVIRONMENT]
    assert kept["wait_timer"] == 30
    assert kept["prevent_self_review"] is True
    assert kept["reviewers"] == [{"type": "User", "id": 7}]


def test_reviewers_are_people_and_teams_by_name(api: Api, tmp_path: Path) -> None:
    _apply(api, "github", _steps(tmp_path, "github", reviewers=("alice", "acme/releasers")))
    assert api.environments[ENVIRONMENT]["reviewers"] == [{"type": "User", "id": 11}, {"type": "Team", "id": 22}]
    _apply(api, "gitlab", _steps(tmp_path, "gitlab", reviewers=("alice",)))
    (sent,) = [
        body for method, path, body in api.calls if path.endswith("/protected_environments") and method == "POST"
    ]
    assert sent["approval_rules"] == [{"user_id": 33, "required_approvals": 1}]


def test_a_reviewer_that_nobody_knows_is_told_and_nothing_is_changed(api: Api, tmp_path: Path) -> None:
    told = _apply(api, "github", _steps(tmp_path, "github", reviewers=("nobody",)))
    assert told["The environment release"] == "GitHub knows no reviewer nobody"
    assert api.environments == {}


def test_settings_of_gitlab_are_applied_and_a_schedule_is_made_once(api: Api, tmp_path: Path) -> None:
    steps = _steps(tmp_path, "gitlab", DETACHED)
    _apply(api, "gitlab", steps)
    _apply(api, "gitlab", steps)
    changes = {(method, path): body for method, path, body in api.calls}
    place = "/projects/acme%2Fmono"
    assert changes["PUT", f"{place}/resource_groups/vis-release-main"] == {"process_mode": "oldest_first"}
    assert changes["PUT", place] == {"ci_push_repository_for_job_token_allowed": True}
    assert changes["POST", f"{place}/protected_branches"]["name"] == "main"
    assert changes["POST", f"{place}/protected_tags"]["name"] == "*@*"
    assert len(api.schedules) == 1


def test_a_token_in_the_environment_becomes_a_masked_variable_of_gitlab(api: Api, tmp_path: Path) -> None:
    steps = _steps(tmp_path, "gitlab", TOKEN_AUTH, secrets={"NPM_TOKEN": "npm_s3cret"})
    assert "s3cret" not in "".join(f"{step.title}{step.why}{step.where}" for step in steps.values())
    for _ in range(2):
        assert _apply(api, "gitlab", steps)["The variable NPM_TOKEN"] == "done"
    (made,) = api.variables
    assert {made[key] for key in ("masked", "protected")} == {True}
    assert made["environment_scope"] == "release"


def test_what_the_token_may_not_do_is_told_in_the_forges_words(api: Api, tmp_path: Path) -> None:
    api.read_only = True
    said = _apply(api, "github", _steps(tmp_path, "github"))
    assert "GitHub: 403 Resource not accessible by integration" in said.values()
    assert said["Trusted publishing"] == "by hand"


def test_without_a_token_the_list_is_still_printed(tmp_path: Path) -> None:
    repo = Repo(tmp_path).git().configure("")
    assert "Branch protection" in repo.run("ci.setup").text
    refused = repo.run("ci.setup", "--apply")
    assert refused.code == 1
    assert "GH_TOKEN" in refused.text


def test_without_a_provider_there_is_nothing_to_do_and_that_is_said(tmp_path: Path) -> None:
    repo = Repo(tmp_path).configure("[ci]\nproviders = []\n")
    refused = repo.run("ci.setup")
    assert refused.code == 2
    assert "no provider of CI is named" in refused.text
    assert "or give --provider" in refused.text
    nothing = repo.run("ci.generate")
    assert nothing.code == 0
    assert nothing.text.startswith("nothing to write: no provider is named; `providers")
