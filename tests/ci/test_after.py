"""The job that may publish runs no command of the repository: which job runs the user's targets and hooks instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.ci.builders import Repo, load
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = ".github/workflows/vis-release.yml"
RECONCILE = ".github/workflows/vis-reconcile.yml"
JOBS = ".gitlab/vis-release-jobs.yml"
HOOK = '[release.hooks]\nafter-tag = "./announce"\n'
DEPLOY = '[release.targets.deploy]\nneeds = ["tag"]\nbefore = ["release"]\nrun = "./deploy"\n'
SMOKE = '[release.targets.smoke]\nneeds = ["pack"]\nbefore = ["stage"]\nrun = "./smoke"\n'
BETWEEN = '[release.targets.nosy]\nneeds = ["stage"]\nbefore = ["tag"]\nrun = "./nosy"\n'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path)


def _jobs(repo: Repo, path: str = RELEASE) -> dict[str, Any]:
    found: dict[str, Any] = load(repo.files()[path])
    return found["jobs"] if ".github" in path else found


def test_without_hooks_and_targets_nothing_follows(repo: Repo) -> None:
    assert list(_jobs(repo)) == ["version", "pack", "publish"]
    assert "after" not in _jobs(repo, JOBS)


def test_the_hook_runs_in_a_job_that_can_only_read_and_only_when_something_was_tagged(repo: Repo) -> None:
    after = _jobs(repo.configure(HOOK))["after"]
    assert after["permissions"] == {"contents": "read"}
    assert "environment" not in after
    assert "secrets." not in str(after)
    assert "github.token" not in str(after)
    assert "needs.publish.outputs.tagged == 'true'" in after["if"]
    assert after["steps"][-1]["run"] == 'vis-tasks ci.after --tagged="$TAGGED"'


def test_targets_after_tagging_run_also_when_nothing_was_tagged(repo: Repo) -> None:
    assert "outputs.tagged" not in _jobs(repo.configure(DEPLOY))["after"]["if"]
    assert "nothing was tagged" not in str(_jobs(repo, JOBS)["after"]["script"])


def test_targets_between_packing_and_staging_run_where_packing_runs(repo: Repo) -> None:
    repo.configure(SMOKE)
    assert {step["name"]: step.get("run") for step in _jobs(repo)["pack"]["steps"]}["Pack"] == "vis-tasks pack smoke\n"
    assert "vis-tasks pack smoke\n" in _jobs(repo, JOBS)["pack"]["script"]
    assert "smoke" not in str(_jobs(repo)["publish"])


def test_a_target_between_staging_and_tagging_is_refused_by_name(repo: Repo) -> None:
    with pytest.raises(Refused) as caught:
        repo.configure(BETWEEN).files()
    assert caught.value.code == "CI_TARGET"
    assert "nosy" in caught.value.message
    assert 'layout = "single"' in caught.value.hint


def test_one_job_runs_everything_itself(repo: Repo) -> None:
    repo.configure(f'{HOOK}{DEPLOY}{BETWEEN}[ci]\nlayout = "single"\n')
    assert list(_jobs(repo)) == ["release"]


def test_what_follows_detached_staging_follows_the_job_that_tags(repo: Repo) -> None:
    repo.configure(f'{HOOK}[release.publish.stage]\nmode = "detached"\n[ci]\nlayout = "single"\n')
    jobs = _jobs(repo, RECONCILE)
    assert jobs["reconcile"]["outputs"] == {"tagged": "${{ steps.tag.outputs.tagged }}"}
    assert jobs["after-reconcile"]["needs"] == "reconcile"
    assert jobs["after-reconcile"]["permissions"] == {"contents": "read"}
    assert load(repo.files()[".gitlab/vis-release.yml"])["vis-after"]["needs"] == ["vis-reconcile"]


@pytest.mark.parametrize(("tagged", "ran"), [("true", "hooked\ndeployed\n"), ("false", "deployed\n")])
def test_the_follow_up_runs_the_hook_and_the_targets_and_nothing_of_ours(repo: Repo, tagged: str, ran: str) -> None:
    repo.git().configure(
        '[release.hooks]\nafter-tag = ["sh", "-c", "echo hooked >> ran"]\n'
        '[release.targets.deploy]\nneeds = ["tag"]\nbefore = ["release"]\nrun = ["sh", "-c", "echo deployed >> ran"]\n'
        f"{SMOKE}"
    )
    done = repo.run("ci.after", f"--tagged={tagged}")
    assert done.code == 0, done.text
    assert repo.read("ran") == ran


def test_the_follow_up_wants_to_be_told(repo: Repo) -> None:
    assert repo.git().run("ci.after").code == 2


def test_the_remote_gets_the_name_that_is_configured(repo: Repo) -> None:
    repo.configure('[release]\nremote = "upstream"\n')
    steps = _jobs(repo)["pack"]["steps"]
    assert steps[1]["run"] == 'git remote rename origin "$REMOTE"'
    assert steps[1]["env"] == {"REMOTE": "upstream"}
    jobs = _jobs(repo, JOBS)
    assert jobs[".vis-job"]["variables"]["VIS_REMOTE"] == {"value": "upstream", "expand": False}
    assert " origin " not in str([job["script"] for name, job in jobs.items() if "script" in job])
