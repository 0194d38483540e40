"""What people do around a release, and what befalls them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.chaos.releases import release
from tests.chaos.variants import MACHINES, PACKAGES
from tests.rig.remote import STATE_BRANCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.town import Town
    from vis_tasks.registry.run import Fault

__all__ = [
    "condemn",
    "develop",
    "judge",
    "jump",
    "lag",
    "lose",
    "outage",
    "pass_time",
    "rival",
    "stop",
    "switch",
    "trouble",
    "usurp",
]


def develop(town: Town, packages: Sequence[str], level: str = "patch") -> None:
    """A developer merges something, with a change file or, naming no package, without."""
    number = next(town.changes)
    files = {f"packages/{name}/file{number}.js": f"// {number}\n" for name in packages or ["tool"]}
    if packages:
        front = "".join(f'"{name}": {level}\n' for name in packages)
        files[f".vis/release/change-{number}.md"] = f"---\n{front}---\n\nChange {number}.\n"
    town.tell("merge with a change file" if packages else "merge of code alone", " ".join(packages))
    town.box.view.merge("main", f"feat: number {number}", files)


def judge(town: Town, number: int, verdict: str) -> None:
    """A maintainer decides about one of the staged versions on the registry's page."""
    stages = town.registry.stages()
    if stages:
        item = stages[number % len(stages)]
        town.tell(f"{verdict} on the page", f"{item.name}@{item.version}")
        (town.registry.approve if verdict == "approve" else town.registry.reject)(item.id)


def usurp(town: Town, number: int) -> None:
    """Somebody takes a staged version away and puts other bytes live under its number."""
    known = town.known()
    stages = [each for each in town.registry.stages() if (each.name, each.version) in known]
    if stages:
        item = stages[number % len(stages)]
        town.tell("other bytes go live", f"{item.name}@{item.version}")
        town.registry.reject(item.id)
        town.registry.seed(item.name, item.version, maintainers=("alice", "ci"))
        town.foreign.add((item.name, item.version))


def trouble(town: Town, number: int) -> None:
    """The network, or the registry, is about to have a bad time."""
    if not town.faults:
        return
    fault = replace(town.faults[number % len(town.faults)])
    if _hides_status(fault) and town.registry.settings.scan_delay:
        return
    town.tell("fault set", f"{fault.route} {fault.status or fault.reset or 'truncated'} x {fault.times}")
    town.registry.faults.add(fault)
    town.struck.append(fault)


def outage(town: Town, kind: str, times: int) -> None:
    """The git remote is about to have a bad time; see `tests.chaos.outages.OUTAGES`."""
    town.told.append(f"git outage: {kind} x {times}")
    town.outages.add(kind, times)


def condemn(town: Town, number: int) -> None:
    """The registry's scan will stop one of the staged versions once it is approved."""
    stages = town.registry.stages()
    if stages:
        item = stages[number % len(stages)]
        town.tell("the scan will block", f"{item.name}@{item.version}")
        town.registry.settings.blocked.add(f"{item.name}@{item.version}")


def stop(town: Town, number: int) -> None:
    """A version is approved, and stopped by the scan."""
    condemn(town, number)
    judge(town, number, "approve")


def lag(town: Town, scan: float, edge: float, document: float) -> None:
    """The registry gets slow, or quick again.

    Not where it tells no status: there a scan that outlasts ``settle`` (a second here) can't be told from a rejection.
    """
    if not town.variant.status or any(
        _hides_status(fault) and fault.hits < (fault.times or 0) for fault in town.struck
    ):
        return
    settings = town.registry.settings
    settings.scan_delay, settings.edge_lag, settings.document_lag = scan, edge, document
    town.tell("lags", f"scan {scan}, edge {edge}, document {document}")


def _hides_status(fault: Fault) -> bool:
    return fault.route == "version.status" and fault.status == 403


def jump(town: Town, hours: float) -> None:
    """The machines' wall clocks jump; the monotonic one doesn't, nor does the registry's."""
    town.tell("clocks jump", f"by {hours} h")
    town.clock.start += timedelta(hours=hours)


def pass_time(town: Town, seconds: float) -> None:
    """Nothing happens for a while."""
    town.tell("time passes", f"{seconds} s")
    town.clock.advance(seconds)


def lose(town: Town, machine: str) -> None:
    """The machine is replaced by a new one with a fresh clone."""
    if machine not in town.busy:
        town.tell("fresh clone", machine)
        shutil.rmtree(town.folder / machine)
        town.asked[machine].clear()
        town.box.clone(machine)


def rival(town: Town, number: int) -> None:
    """While one machine releases, a package that waits for nobody is changed, and released on the other machine."""
    staged = {item.name for item in town.registry.stages()}
    free = [name for name in PACKAGES if name not in staged]
    if free:
        develop(town, [free[number % len(free)]])
        for machine in MACHINES:
            release(town, machine)


def switch(town: Town, on: bool) -> None:
    """A maintainer switches ``state-branch`` on; or, while nobody releases, off, as docs/failure-modes.md says."""
    view = town.box.view
    if on == town.variant.state_branch or (town.busy and not on):
        return
    town.tell(f"state branch switched {'on' if on else 'off'}")
    town.variant = replace(town.variant, state_branch=on)
    refs = view.refs()
    if not on and refs.state:
        log, waves = (
            (view.file(commit, path) or b"").decode()
            for commit, path in ((refs.main, "CHANGELOG.md"), (refs.state, "main/CHANGELOG.md"))
        )
        missing = [line for line in waves.splitlines() if line.startswith("- ") and line not in log.splitlines()]
        files = {".vis/release/staged.json": (view.file(refs.state, "main/staged.json") or b"").decode()}
        if missing:
            files["CHANGELOG.md"] = "\n".join([log or "# Changelog\n", "## 2026-11-22", "", *missing, ""])
        view.merge(
            "main",
            "ci: keep the state where the packages are",
            {path: text for path, text in files.items() if text},
        )
        town.box.git(town.box.remote, "update-ref", "-d", f"refs/heads/{STATE_BRANCH}")
    view.switched = on
