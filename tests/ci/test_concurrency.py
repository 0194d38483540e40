"""Close pushes under both platforms' documented rules, with the settings that the files really hold.

GitHub (documentation, "Control the concurrency of workflows and jobs"): of one group one run is in progress; without a queue
one more may be pending, and a newer one cancels it; with ``queue: max`` up to 100 wait, first in first out;
``cancel-in-progress`` would end the running one. GitLab ("Resource group"): one job of a group runs, the others wait;
``oldest_first`` starts them by pipeline, ``newest_first`` and ``unordered`` don't; waiting jobs are not cancelled; an
interruptible pipeline may be by a newer one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.ci.builders import Repo, load
from vis_tasks.config.load import load_config
from vis_tasks.services.ci_setup import steps_for

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Platform:
    """One group; pushes come while the first run is busy."""

    waiting_places: int
    ends_running: bool
    newest_first: bool = False
    running: int | None = None
    waiting: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)

    def push(self, run: int) -> None:
        if self.running is None:
            self.running = run
            return
        if self.ends_running:
            self.cancelled.append(self.running)
            self.running = run
            return
        self.waiting.append(run)
        while len(self.waiting) > self.waiting_places:
            self.cancelled.append(self.waiting.pop(0))

    def finish(self) -> None:
        assert self.running is not None
        self.ended.append(self.running)
        self.running = self.waiting.pop(-1 if self.newest_first else 0) if self.waiting else None

    def play(self, pushes: int) -> Platform:
        for run in range(pushes):
            self.push(run)
        while self.running is not None:
            self.finish()
        return self


def _github(concurrency: dict[str, Any]) -> Platform:
    places = 100 if concurrency.get("queue") == "max" else 1
    return Platform(places, ends_running=concurrency.get("cancel-in-progress", False))


def _gitlab(release: dict[str, Any], job: dict[str, Any], mode: str) -> Platform:
    assert release["resource_group"]
    return Platform(10**6, ends_running=job["interruptible"], newest_first=mode != "oldest_first")


@pytest.mark.parametrize("pushes", [2, 3, 7])
@pytest.mark.parametrize("layout", ["split", "single"])
def test_every_push_is_released_in_order_on_github(tmp_path: Path, layout: str, pushes: int) -> None:
    files = Repo(tmp_path).configure(f'[ci]\nlayout = "{layout}"\n').files()
    played = _github(load(files[".github/workflows/vis-release.yml"])["concurrency"]).play(pushes)
    assert played.ended == list(range(pushes))
    assert played.cancelled == []


@pytest.mark.parametrize("pushes", [2, 3, 7])
@pytest.mark.parametrize("layout", ["split", "single"])
def test_every_push_is_released_in_order_on_gitlab(tmp_path: Path, layout: str, pushes: int) -> None:
    repo = Repo(tmp_path).configure(f'[ci]\nlayout = "{layout}"\n')
    files = repo.files()
    release = load(files[".gitlab/vis-release.yml"])
    jobs = load(files.get(".gitlab/vis-release-jobs.yml", files[".gitlab/vis-release.yml"]))
    steps = steps_for("gitlab", load_config(repo.root, {}).config, [], None)
    (mode,) = {call.payload["process_mode"] for step in steps for call in step.calls if "resource_groups" in call.path}
    played = _gitlab(release["vis-release"], jobs[".vis-job"], mode).play(pushes)
    assert played.ended == list(range(pushes))
    assert played.cancelled == []


def test_the_model_loses_pushes_without_those_settings() -> None:
    """What the settings are there for: without them two pushes do well and the third does not."""
    plain = {"cancel-in-progress": False}
    assert _github(plain).play(2).cancelled == []
    assert _github(plain).play(3).cancelled == [1]
    assert _github({"cancel-in-progress": True, "queue": "max"}).play(2).cancelled == [0]
    group = {"resource_group": "x"}
    assert _gitlab(group, {"interruptible": False}, "newest_first").play(3).ended == [0, 2, 1]
    assert _gitlab(group, {"interruptible": True}, "oldest_first").play(2).cancelled == [0]


def test_branches_do_not_wait_for_each_other(tmp_path: Path) -> None:
    files = Repo(tmp_path).files()
    assert "${{ github.ref }}" in load(files[".github/workflows/vis-release.yml"])["concurrency"]["group"]
    assert "$CI_COMMIT_REF_SLUG" in load(files[".gitlab/vis-release.yml"])["vis-release"]["resource_group"]
