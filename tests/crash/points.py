"""One scenario, one point to be killed at, and what comes after it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.crash.struck import FROZEN, Driver
from tests.rig.invariants import broken_promises, debts, litter
from tests.rig.sandbox import CONFIG, Sandbox
from vis_tasks.registry.run import TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.crash.scenarios import Scenario
    from vis_tasks.registry.run import Registry

__all__ = ["Trial", "count_points", "trial"]

_PACKAGES: dict[str, dict[str, Any]] = {"core": {}, "app": {"dependencies": {"core": "~1.0.0"}}, "tool": {}}
# A forge that refuses one push to main, whatever comes with it (githooks(5)).
_REFUSE = """#!/bin/sh
grep -q refs/heads/main || exit 0
echo >> pushes
[ "$(wc -l < pushes)" != {number} ] || {{ echo protected >&2; exit 1; }}
"""
_DAY = 86400.0
# Nothing is forbidden to root: where the tests are run by it, a release that must not write is run by somebody else.
_NOBODY = 65534
_WAY_ON = "run `invoke release` again"


@dataclass
class Trial:
    """One signal and one recovery.

    Attributes:
        label: the boundary at which the signal came.
        missed: the run was over before; with several uploads at once not every run has as many boundaries.
        problems: what was broken; empty is good.
    """

    label: str = ""
    missed: bool = False
    problems: list[str] = field(default_factory=list)


@contextmanager
def world(scenario: Scenario, template: Path, folder: Path) -> Iterator[tuple[Sandbox, Registry, dict[str, str]]]:
    """A copy of the scenario's repositories with a registry of its own; removed afterwards."""
    if not template.exists():
        box = Sandbox.build(
            template, _PACKAGES, config=CONFIG.format(concurrency=scenario.concurrency) + scenario.config
        )
        box.change("one", core="minor", app="patch", tool="patch")
        box.commit(box.work, "feat: something new")
        box.furnish(_PACKAGES)
    shutil.rmtree(folder, ignore_errors=True)
    box = Sandbox(template).copy(folder)
    with start_registry(folder / "registry") as registry:
        env = box.env | ({"CI": "true"} if scenario.moved else {})
        if scenario.readable:
            box.connect(registry, box.token)
        else:
            box.connect(registry, None)
            issuer = registry.add_issuer()
            for name in _PACKAGES:
                registry.trust(TrustRule(name, issuer.url, {"repository": "acme/tools"}))
            env |= {"GITHUB_ACTIONS": "true", "NPM_ID_TOKEN": registry.id_token(issuer, repository="acme/tools")}
        if scenario.refuse:
            hook = box.remote / "hooks" / "pre-receive"
            hook.parent.mkdir()
            hook.write_text(_REFUSE.format(number=scenario.refuse))
            hook.chmod(0o755)
        yield box, registry, env
    shutil.rmtree(folder, ignore_errors=True)


def deciding(registry: Registry, verdicts: Mapping[str, str]) -> Callable[[], None]:
    """The humans: whatever is staged and has a verdict gets it."""

    def decide() -> None:
        for item in registry.stages():
            verdict = verdicts.get(item.name)
            if verdict == "block":
                registry.settings.blocked.add(f"{item.name}@{item.version}")
            if verdict in {"approve", "block"}:
                registry.approve(item.id)
            elif verdict is not None:
                registry.reject(item.id)
            if verdict == "usurp":
                registry.seed(item.name, item.version, files={"index.js": "module.exports = 'others made it'\n"})

    return decide


def prepared(driver: Driver, scenario: Scenario, box: Sandbox, registry: Registry, env: Mapping[str, str]) -> None:
    """For a late scenario: an earlier wave has timed out, and was approved since; main has moved on."""
    if not scenario.late:
        return
    assert driver.run(box.work, env, lambda: None) == 0, (box.folder / "log.txt").read_text()
    deciding(registry, scenario.verdicts)()
    box.change("two", core="patch")
    box.commit(box.work, "fix: later")


@dataclass
class Place:
    """Where it goes on: a checkout, perhaps on another machine.

    Attributes:
        host: the machine's name; this one by default.
        later: seconds by which its clock is ahead.
        untold: main refused what says of the tags that they are there, and only the lost checkout held it: they get no release on
            the forge and no line in the changelog.
    """

    root: Path
    host: str = ""
    later: float = 0.0
    untold: bool = False


@dataclass
class Scene:
    """One scenario being played."""

    driver: Driver
    scenario: Scenario
    box: Sandbox
    registry: Registry
    env: Mapping[str, str]

    def run(self, place: Place) -> int:
        """Another run to its end."""
        return self.driver.run(place.root, self.env, self.meanwhile, host=place.host, later=place.later)

    def meanwhile(self) -> None:
        """What people do while a release waits: they decide, and once somebody pushes."""
        deciding(self.registry, self.scenario.verdicts)()
        if self.scenario.moved and not (self.box.folder / "theirs").exists():
            theirs = self.box.clone("theirs")
            self.box.write("a-new-file", "theirs\n", root=theirs)
            self.box.write("vis.toml", (theirs / "vis.toml").read_text() + "\n# theirs\n", root=theirs)
            self.box.write("z-new-file", "theirs\n", root=theirs)
            self.box.commit(theirs, "feat: theirs")

    @property
    def log(self) -> str:
        """What all runs said."""
        return (self.box.folder / "log.txt").read_text()

    @property
    def will_refuse(self) -> bool:
        """Whether the remote has yet to refuse its one push."""
        pushes = self.box.remote / "pushes"
        count = len(pushes.read_bytes().splitlines()) if pushes.exists() else 0
        return count < self.scenario.refuse

    @property
    def lock(self) -> str:
        """The lock on the remote; empty when there is none."""
        return self.box.git(self.box.remote, "for-each-ref", "refs/vis/lock")

    @property
    def tags_alone(self) -> bool:
        """Whether the remote has refused a push to main, and taken the tags without it."""
        refused = bool(self.scenario.refuse) and not self.will_refuse
        return refused and len(self.box.view.refs().tags) > 0

    def first_end(self) -> int:
        """The exit code of a first run that nobody stops."""
        return 3 if self.scenario.refuse else self.scenario.ends


def count_points(driver: Driver, scenario: Scenario, template: Path, folder: Path) -> list[str]:
    """The labels of all boundaries of the scenario, from a run that nobody kills."""
    with world(scenario, template, folder) as (box, registry, env):
        scene = Scene(driver, scenario, box, registry, env)
        prepared(driver, scenario, box, registry, env)
        code = scene.run(Place(box.work))
        assert code == scene.first_end(), scene.log
        assert not scene.will_refuse
        labels = (box.folder / "trace.txt").read_text().splitlines()
        problems = again(scene, Place(box.work)) if scenario.refuse else []
        problems += finish(scene, Place(box.work))
        assert not problems, [*problems, scene.log]
        return labels


def trial(
    driver: Driver,
    scenario: Scenario,
    template: Path,
    folder: Path,
    *,
    at: int,
    fresh: bool,
    number: int = signal.SIGKILL,
) -> Trial:
    """Send the release a signal at one boundary, then release again: on the same machine, or on a fresh clone.

    Instead of a signal the folder of the state can be made read-only, until the next run.
    """
    with world(scenario, template, folder) as (box, registry, env):
        scene = Scene(driver, scenario, box, registry, env)
        prepared(driver, scenario, box, registry, env)
        with unprivileged(driver, box, wanted=number == FROZEN):
            return struck(scene, at=at, fresh=fresh, number=number)


def struck(scene: Scene, *, at: int, fresh: bool, number: int) -> Trial:
    """One run that is struck at a boundary, and what comes after it."""
    result, box, scenario = Trial(), scene.box, scene.scenario
    code = scene.driver.run(box.work, scene.env, scene.meanwhile, at=at, number=number)
    reached = (box.folder / "trace.txt").read_text().splitlines()
    result.label = reached[at - 1] if len(reached) >= at else "before everything"
    if code == scene.first_end() and len(reached) < at and scenario.concurrency > 1:
        return Trial(missed=True)
    result.problems = wrong_end(scene, code, number)
    if not result.problems:
        (box.work / ".vis/release").chmod(0o755)
        found = broken_promises(box, scene.registry, ours=frozenset(_PACKAGES))
        result.problems += [f"right after it: {each}" for each in found]
        place = Place(box.work)
        if fresh:
            host = "elsewhere" if scenario.locked else ""
            place = Place(box.clone("fresh"), host=host, untold=scene.tags_alone)
        result.problems += again(scene, place)
        result.problems += finish(scene, place)
    if result.problems:
        result.problems.append(scene.log[-6000:])
    return result


def wrong_end(scene: Scene, code: int, number: int) -> list[str]:
    """What is wrong with how a run ended that was sent a signal, or could not write any more."""
    if number == FROZEN:
        if code == scene.first_end():
            return []
        told = re.search(r"WRITE: .*can't be (written|removed): |Permission denied", scene.log)
        return [] if code == 3 and told else [f"without a place to write the run ended with {code}"]
    if number != signal.SIGKILL and code == 3 and "PUSH_REFUSED" in scene.log:
        return []  # it had failed already, and ends as it would have: its own words say how to go on
    if code != (-number if number == signal.SIGKILL else 128 + number):
        return [f"the run ended with {code}"]
    return [] if number == signal.SIGKILL or _WAY_ON in scene.log else ["the run did not say how to go on"]


@contextmanager
def unprivileged(driver: Driver, box: Sandbox, *, wanted: bool) -> Iterator[None]:
    """For the length of the block releases are run by somebody who may not do everything; root gives its files away for that."""
    if not wanted or os.geteuid() != 0:
        yield
        return
    box.folder.parent.chmod(0o711)
    for path in (box.folder, *box.folder.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY, follow_symlinks=False)
    with (box.home / ".gitconfig").open("a") as config:
        config.write("[safe]\n\tdirectory = *\n")  # we look at what is theirs (git-config(1), safe.directory)
    with (box.remote / "config").open("a") as config:
        config.write("[core]\n\tsharedRepository = 0777\n")  # and others push there, too (core.sharedRepository)
    driver.user = _NOBODY
    try:
        yield
    finally:
        driver.user = 0


def again(scene: Scene, place: Place) -> list[str]:
    """The next run: it must end well. Refused by the remote's lock or hook it says so, and the one after it must."""
    locked, refusing = bool(place.host and scene.lock), scene.will_refuse
    code = scene.run(place)
    problems = []
    if locked:
        problems += [] if code == 4 else [f"with the remote locked the next run ended with {code}"]
        place.later = _DAY
        code = scene.run(place)
    if refusing and not scene.will_refuse:
        problems += [] if code == 3 and "PUSH_REFUSED" in scene.log else [f"refused, the next run ended with {code}"]
        code = scene.run(place)
    return problems if code == scene.scenario.ends else [*problems, f"the next run ended with {code}"]


def finish(scene: Scene, place: Place) -> list[str]:
    """Check; then approve whatever is left, release once more, and check that nothing is owed any more."""
    box, registry, scenario = scene.box, scene.registry, scene.scenario
    ours = frozenset(_PACKAGES)
    forge_file = box.folder / "forge.json"
    usurped = {name for name, verdict in scenario.verdicts.items() if verdict == "usurp"}
    foreign = frozenset((name, version) for name in usurped for version in registry.versions(name)) - {
        (name, "1.0.0") for name in usurped
    }

    # The working copy of a state branch stays; what others made live is told by each run until a human drops the entry.
    kept = "|".join(
        [
            r"!! \.vis/release/\.state-branch/",
            *(f"{name}@{version} as waiting, but it isn't" for name, version in foreign),
            *(["has no release on the forge", "stands 0 times in CHANGELOG"] if place.untold else []),
        ]
    )

    def check(when: str) -> list[str]:
        forge = json.loads(forge_file.read_text()) if forge_file.exists() else {}
        found = broken_promises(box, registry, ours=ours)
        found += debts(box, registry, ours=ours, forge=forge, foreign=foreign)
        found += litter(box, place.root)
        found += [f"left on the remote: {scene.lock}"] if scene.lock else []
        return [f"{when}: {each}" for each in found if not re.search(kept, each)]

    problems = check("after the next run")
    if registry.stages():
        for item in registry.stages():
            registry.approve(item.id)
        code = scene.run(place)
        problems += [f"the last run ended with {code}"] if code != scenario.ends else []
        problems += check("at the end")
    for name in ours:
        live = set(registry.versions(name)) - {"1.0.0"}
        ended = {line.version for line in registry.audit() if line.name == name and line.action == "rejected"}
        ended |= {spec.rpartition("@")[2] for spec in registry.settings.blocked if spec.startswith(f"{name}@")}
        count = 2 if scenario.late and name == "core" else 1
        if len(live | ended) != count:
            problems.append(f"at the end {name} has {sorted(live)} live and {sorted(ended)} rejected or blocked")
    return problems
