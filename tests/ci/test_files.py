"""What the files say: permissions, secrets, the hand-over, package managers, folders, detached mode."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.ci.builders import Repo, every_combination, load

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = ".github/workflows/vis-release.yml"
JOBS = ".gitlab/vis-release-jobs.yml"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


def _workflow(repo: Repo, name: str = "release") -> dict[Any, Any]:
    found: dict[Any, Any] = load(repo.files()[f".github/workflows/vis-{name}.yml"])
    return found


def _text(job: Any) -> str:
    return yaml.safe_dump(job)


def test_the_same_configuration_gives_the_same_bytes(repo: Repo, tmp_path: Path) -> None:
    again = Repo(tmp_path / "elsewhere")
    assert repo.files() == again.files()


@pytest.mark.parametrize(("name", "options"), list(every_combination()))
def test_every_combination_is_yaml_without_tabs_or_trailing_blanks(
    name: str, options: dict[str, str], tmp_path: Path
) -> None:
    manager, _, version = options["manager"].partition("@")
    repo = Repo(tmp_path, folder=options["folder"]).manager(manager, version).configure(options["toml"])
    for path, text in repo.files().items():
        assert load(text), path
        assert not [line for line in text.splitlines() if line != line.rstrip() or "\t" in line], path
        assert "<<" not in text.replace("<<EOF", ""), path
        assert "<%" not in text, path


def test_no_permission_is_given_to_all_jobs_and_each_job_says_its_own(repo: Repo) -> None:
    workflow = _workflow(repo)
    assert workflow["permissions"] == {}
    powers = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert powers == {
        "version": {"contents": "write"},
        "pack": {"contents": "read"},
        "publish": {"contents": "write", "id-token": "write"},
    }


def test_the_job_that_packs_holds_no_secret_and_no_token(repo: Repo) -> None:
    repo.configure('[ci]\nauth = "token"\napp = true\nbuild = "make"\n')
    packing = _text(_workflow(repo)["jobs"]["pack"])
    assert "secrets." not in packing
    assert "github.token" not in packing
    assert "steps.app" not in packing
    assert "environment:" not in packing


def test_the_job_that_publishes_runs_neither_installs_nor_builds_and_has_no_cache(repo: Repo) -> None:
    repo.configure('[ci]\nbuild = "make all"\n')
    steps = _workflow(repo)["jobs"]["publish"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert scripts[1:] == ['vis-tasks ci.verify --manifest="$MANIFEST"', "vis-tasks tag --packed"]
    assert "make all" not in _text(steps)
    settings = [step["with"] for step in steps if "setup-" in step.get("uses", "")]
    assert settings == [
        {"node-version": "24", "package-manager-cache": False},
        {"version": repo.context().tools["uv"], "enable-cache": False},
    ]


def test_no_node_step_names_a_registry(repo: Repo) -> None:
    """setup-node with registry-url but no token would keep npm from exchanging its id token."""
    assert "registry-url" not in "".join(repo.files().values())


def test_every_action_is_pinned_to_a_commit_and_says_its_version(repo: Repo) -> None:
    repo.configure('[ci]\napp = true\n[release.publish.stage]\nmode = "detached"\n')
    uses = [line for text in repo.files().values() for line in text.splitlines() if " uses: " in line]
    assert uses
    assert not [
        line for line in uses if not re.fullmatch(r"\s+uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
    ]


@pytest.mark.parametrize(("provider", "name"), [("github", RELEASE), ("gitlab", JOBS)])
def test_the_later_jobs_check_out_the_commit_that_the_first_one_handed_over(
    repo: Repo, provider: str, name: str
) -> None:
    jobs = load(repo.files()[name])
    for job in ("pack", "publish"):
        text = _text(jobs["jobs"][job] if provider == "github" else jobs[job])
        assert ("needs.version.outputs.commit" if provider == "github" else '"$VIS_COMMIT"') in text


def test_the_wait_fits_into_the_jobs_time(repo: Repo) -> None:
    repo.configure('[release.publish.stage]\ntimeout = "4h"\n')
    assert _workflow(repo)["jobs"]["publish"]["timeout-minutes"] == 4 * 60 + 30
    assert load(repo.files()[JOBS])["publish"]["timeout"] == "270 minutes"


def test_a_job_that_does_not_wait_has_no_such_time(repo: Repo) -> None:
    repo.configure('[release.publish.stage]\ntimeout = "4h"\nmode = "detached"\n')
    assert _workflow(repo)["jobs"]["publish"]["timeout-minutes"] == 30


@pytest.mark.parametrize(
    ("manager", "version", "package", "install"),
    [
        ("npm", "", "", "npm ci\n"),
        ("pnpm", "10.1.0+sha512.abc", "pnpm@10.1.0", "pnpm install --frozen-lockfile\n"),
        ("pnpm", "", "pnpm@10.20.0", "pnpm install --frozen-lockfile\n"),
        ("yarn", "4.5.0", "@yarnpkg/cli-dist@4.5.0", "yarn install --immutable\n"),
        ("yarn", "1.22.22", "yarn@1.22.22", "yarn install --frozen-lockfile\n"),
        ("bun", "1.3.0", "bun@1.3.0", "bun install --frozen-lockfile\n"),
    ],
)
def test_each_package_manager_comes_at_its_version_and_is_true_to_its_lock_file(
    repo: Repo, manager: str, version: str, package: str, install: str
) -> None:
    repo.manager(manager, version)
    steps = {step["name"]: step for step in _workflow(repo)["jobs"]["pack"]["steps"]}
    assert steps["Install dependencies"]["run"] == install
    tools = steps["Install vis-tasks, and npm at its pinned version"]
    assert tools["env"].get("MANAGER", "") == package
    assert tools["env"]["NPM"] == "npm@11.19.1"


def test_in_a_subfolder_jobs_work_there_and_artifacts_are_named_from_the_top(tmp_path: Path) -> None:
    repo = Repo(tmp_path, folder="js/app")
    workflow = _workflow(repo)
    assert workflow["defaults"]["run"]["working-directory"] == "js/app"
    paths = [
        step["with"]["path"]
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if "artifact" in str(step.get("uses"))
    ]
    assert paths == ["js/app/.vis/release/dist"] * 2
    jobs = load(repo.files()[JOBS])
    assert jobs["pack"]["artifacts"]["paths"] == ["js/app/.vis/release/dist/"]
    assert jobs["variables"]["VIS_ROOT"] == "js/app"


def test_requirements_are_installed_with_their_hashes_demanded(repo: Repo) -> None:
    repo.configure('[ci]\nrequirements = "ci/req.txt"\n')
    for path in (RELEASE, JOBS, ".github/workflows/vis-check.yml"):
        text = repo.files()[path]
        assert "--require-hashes" in text
        assert "ci/req.txt" in text
        assert "vis-tasks==" not in text


def test_the_check_of_pull_requests_is_safe_for_forks(repo: Repo) -> None:
    workflow = _workflow(repo, "check")
    assert set(workflow[True]) == {"pull_request"}
    assert "secrets." not in _text(workflow)
    assert workflow["jobs"]["check"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    scripts = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert scripts[1:] == ["vis-tasks ci.check", "vis-tasks ci.comment"], "nothing of the pull request is run"


def test_detached_staging_brings_a_schedule_for_every_branch_in_the_releases_own_group(repo: Repo) -> None:
    repo.configure(
        '[release.publish.stage]\nmode = "detached"\n[release.channels.next]\ntag = "next"\n[ci]\nschedule = "7 * * * *"\n'
    )
    workflow = _workflow(repo, "reconcile")
    assert workflow[True]["schedule"] == [{"cron": "7 * * * *"}]
    groups = {name: job["concurrency"]["group"] for name, job in workflow["jobs"].items()}
    of_release = _workflow(repo)["concurrency"]["group"]
    assert groups == {
        f"reconcile-{number}": of_release.replace("${{ github.ref }}", f"refs/heads/{branch}")
        for number, branch in enumerate(("main", "next"), 1)
    }
    assert all(job["permissions"] == {"contents": "write"} for job in workflow["jobs"].values())
    gitlab = load(repo.files()[".gitlab/vis-release.yml"])
    assert gitlab["vis-reconcile"]["resource_group"] == gitlab["vis-release"]["resource_group"]


def test_waiting_staging_needs_no_schedule(repo: Repo) -> None:
    assert ".github/workflows/vis-reconcile.yml" not in repo.files()
    assert "vis-reconcile" not in repo.files()[".gitlab/vis-release.yml"]


def test_gitlab_holds_the_group_for_the_whole_release(repo: Repo) -> None:
    """A resource group belongs to one job; a trigger that depends on its child pipeline holds it until that has ended."""
    release = load(repo.files()[".gitlab/vis-release.yml"])["vis-release"]
    assert release["resource_group"] == "vis-release-$CI_COMMIT_REF_SLUG"
    assert release["trigger"]["strategy"] == "depend"
    jobs = load(repo.files()[JOBS])
    assert not [name for name, job in jobs.items() if isinstance(job, dict) and "resource_group" in job], (
        "would wait for itself"
    )
    assert jobs[".vis-job"]["interruptible"] is False


def test_single_layout_is_one_job_that_releases(repo: Repo) -> None:
    repo.configure('[ci]\nlayout = "single"\nbuild = "make"\n')
    workflow = _workflow(repo)
    assert list(workflow["jobs"]) == ["release"]
    scripts = [step["run"] for step in workflow["jobs"]["release"]["steps"] if "run" in step]
    assert scripts[1:] == ["npm ci\n", "make\n", "vis-tasks release"]
    assert JOBS not in repo.files()


def test_own_templates_replace_single_blocks_of_ours(repo: Repo) -> None:
    repo.write(
        ".vis/templates/github/release.yml.j2",
        '<% extends "vis:github/release.yml.j2" %>\n<% block build %>\n      - name: Own build\n        env:\n'
        '          VALUE: << ctx.branches[0] ~ ": ${{ x }}" >>\n        run: ./build\n<% endblock %>\n',
    )
    steps = {step["name"]: step for step in _workflow(repo)["jobs"]["pack"]["steps"]}
    assert steps["Own build"]["run"] == "./build"
    assert steps["Own build"]["env"]["VALUE"] == "main: ${{ '${{' }} x }}", "a value is quoted in own templates too"
    assert "Pack" in steps, "the rest is ours"


def test_a_broken_template_is_told_with_file_and_line(repo: Repo) -> None:
    from vis_tasks.errors import UsageError

    repo.write(".vis/templates/github/release.yml.j2", "a\n<% if %>\n")
    with pytest.raises(UsageError) as caught:
        repo.files()
    assert ".vis/templates/github/release.yml.j2:2" in caught.value.message.replace("\\", "/")


def test_pins_come_from_one_file(repo: Repo) -> None:
    pin = replace(repo.context().actions["checkout"], commit="f" * 40, version="v99.0.0")
    context = replace(repo.context(), actions={**repo.context().actions, "checkout": pin})
    assert f"actions/checkout@{'f' * 40} # v99.0.0" in repo.files(context)[RELEASE]


@pytest.mark.parametrize("layout", ["split", "single"])
def test_jobs_that_release_on_gitlab_leave_links_beside_their_log(repo: Repo, layout: str) -> None:
    repo.configure(f'[ci]\nproviders = ["gitlab"]\nlayout = "{layout}"\n')
    path, name = (JOBS, "publish") if layout == "split" else (".gitlab/vis-release.yml", "vis-release")
    jobs = load(repo.files()[path])
    variable = jobs[".vis-job"]["variables"]["VIS_ANNOTATIONS"]
    assert variable == f"$CI_PROJECT_DIR/{jobs[name]['artifacts']['reports']['annotations']}"
