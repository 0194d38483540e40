"""One scenario, one point to be killed at, and what comes after it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.invariants import broken_promises, debts, litter
from tests.rig.sandbox import CONFIG, Sandbox
from vis_tasks.registry.run import TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vis_tasks.registry.run import Registry

__all__ = ["SCENARIOS", "Driver", "Scenario", "Trial", "count_points", "trial"]

_PACKAGES: dict[str, dict[str, Any]] = {"core": {}, "app": {"dependencies": {"core": "~1.0.0"}}, "tool": {}}
_WAY_ON = "run `invoke release` again"
_FOLDER = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Scenario:
    """What is released, and what the humans decide whenever they get to it.

    Attributes:
        verdicts: package → ``approve`` or ``reject``; others are left until the end, when they are approved.
        readable: whether the credentials can read the stage list; else it is OIDC.
        config: more of vis.toml.
        concurrency: uploads at once.
        late: an earlier wave has timed out before, and was approved since.
    """

    name: str
    verdicts: Mapping[str, str]
    readable: bool = True
    config: str = ""
    concurrency: int = 1
    late: bool = False


SCENARIOS = {
    each.name: each
    for each in (
        Scenario("approved", {"core": "approve", "app": "approve", "tool": "approve"}),
        Scenario("mixed", {"core": "approve", "tool": "reject"}, concurrency=3),
        Scenario("unreadable", {"core": "approve", "app": "approve"}, readable=False),
        Scenario("late", {"core": "approve", "app": "approve", "tool": "approve"}, late=True),
        Scenario("plain", {"core": "approve", "app": "approve"}, config="\n[release.packages.tool]\nstage = false\n"),
    )
}


class Driver:
    """The process that releases and gets killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.driver"], cwd=_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(
        self,
        root: Path,
        env: Mapping[str, str],
        decide: Callable[[], None],
        *,
        at: int | None = None,
        number: int = signal.SIGKILL,
    ) -> int:
        """Release until the end, or until the point where a signal comes; returns the exit code, ``-9`` for a kill."""
        log, trace = root.parent / "log.txt", root.parent / "trace.txt"
        trace.unlink(missing_ok=True)
        order = {
            "root": str(root),
            "env": dict(env),
            "log": str(log),
            "trace": str(trace),
            "at": at,
            "signal": number,
            "goals": ["release"],
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(order).encode() + b"\n")
        stdin.flush()
        for line in stdout:
            if line.startswith(b"E "):
                return int(line[2:])
            decide()
            stdin.write(b"ok\n")
            stdin.flush()
        raise AssertionError("the driver is gone")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


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
        env = box.env
        if scenario.readable:
            box.connect(registry, box.token)
        else:
            box.connect(registry, None)
            issuer = registry.add_issuer()
            for name in _PACKAGES:
                registry.trust(TrustRule(name, issuer.url, {"repository": "acme/tools"}))
            env |= {"GITHUB_ACTIONS": "true", "NPM_ID_TOKEN": registry.id_token(issuer, repository="acme/tools")}
        yield box, registry, env
    shutil.rmtree(folder, ignore_errors=True)


def deciding(registry: Registry, verdicts: Mapping[str, str]) -> Callable[[], None]:
    """The humans: whatever is staged and has a verdict gets it."""

    def decide() -> None:
        for item in registry.stages():
            verdict = verdicts.get(item.name)
            if verdict is not None:
                (registry.approve if verdict == "approve" else registry.reject)(item.id)

    return decide


def prepared(driver: Driver, scenario: Scenario, box: Sandbox, registry: Registry, env: Mapping[str, str]) -> None:
    """For a late scenario: an earlier wave has timed out, and was approved since; main has moved on."""
    if not scenario.late:
        return
    assert driver.run(box.work, env, lambda: None) == 0, (box.folder / "log.txt").read_text()
    deciding(registry, scenario.verdicts)()
    box.change("two", core="patch")
    box.commit(box.work, "fix: later")


def count_points(driver: Driver, scenario: Scenario, template: Path, folder: Path) -> list[str]:
    """The labels of all boundaries of the scenario, from a run that nobody kills."""
    with world(scenario, template, folder) as (box, registry, env):
        prepared(driver, scenario, box, registry, env)
        code = driver.run(box.work, env, deciding(registry, scenario.verdicts))
        assert code == 0, (box.folder / "log.txt").read_text()
        labels = (box.folder / "trace.txt").read_text().splitlines()
        problems = finish(driver, scenario, box, registry, env, box.work)
        assert not problems, problems
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
    """Send the release a signal at one boundary, then release again: on the same machine, or on a fresh clone."""
    result = Trial()
    ours = frozenset(_PACKAGES)
    with world(scenario, template, folder) as (box, registry, env):
        prepared(driver, scenario, box, registry, env)
        code = driver.run(box.work, env, deciding(registry, scenario.verdicts), at=at, number=number)
        reached = (box.folder / "trace.txt").read_text().splitlines()
        result.label = reached[at - 1] if len(reached) >= at else "before everything"
        log = box.folder / "log.txt"
        if code == 0 and len(reached) < at and scenario.concurrency > 1:
            return Trial(missed=True)
        if code != (-number if number == signal.SIGKILL else 128 + number):
            result.problems = [f"the run ended with {code}", log.read_text()[-6000:]]
            return result
        if number != signal.SIGKILL and _WAY_ON not in log.read_text():
            result.problems.append("the run did not say how to go on")
        result.problems += [f"right after the signal: {each}" for each in broken_promises(box, registry, ours=ours)]
        root = box.clone("fresh") if fresh else box.work
        result.problems += again(driver, scenario, box, registry, env, root)
        result.problems += finish(driver, scenario, box, registry, env, root)
        if result.problems:
            result.problems.append(log.read_text()[-6000:])
    return result


def again(
    driver: Driver, scenario: Scenario, box: Sandbox, registry: Registry, env: Mapping[str, str], root: Path
) -> list[str]:
    """The next run: it must end well."""
    code = driver.run(root, env, deciding(registry, scenario.verdicts))
    return [] if code == 0 else [f"the next run ended with {code}"]


def finish(
    driver: Driver, scenario: Scenario, box: Sandbox, registry: Registry, env: Mapping[str, str], root: Path
) -> list[str]:
    """Check; then approve whatever is left, release once more, and check that nothing is owed any more."""
    ours = frozenset(_PACKAGES)
    forge_file = box.folder / "forge.json"

    def check(when: str) -> list[str]:
        forge = json.loads(forge_file.read_text()) if forge_file.exists() else {}
        found = (
            broken_promises(box, registry, ours=ours) + debts(box, registry, ours=ours, forge=forge) + litter(box, root)
        )
        return [f"{when}: {each}" for each in found]

    problems = check("after the next run")
    if registry.stages():
        for item in registry.stages():
            registry.approve(item.id)
        code = driver.run(root, env, lambda: None)
        problems += [f"the last run ended with {code}"] if code else []
        problems += check("at the end")
    for name in ours:
        live = set(registry.versions(name)) - {"1.0.0"}
        rejected = {line.version for line in registry.audit() if line.name == name and line.action == "rejected"}
        count = 2 if scenario.late and name == "core" else 1
        if len(live | rejected) != count:
            problems.append(f"at the end {name} has {sorted(live)} live and {sorted(rejected)} rejected")
    return problems
