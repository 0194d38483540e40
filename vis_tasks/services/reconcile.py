"""reconcile: bring the registry, staged.json and the tags into agreement, for this wave and all earlier ones.

Alone it is the scheduled job of the detached mode: one look at the registry, decisions written down, nothing waited for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vis_tasks.core.decision import Liveness, Memory, Verdict, decide
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.records import replace
from vis_tasks.services.decided import write_down
from vis_tasks.services.notify import remind_daily
from vis_tasks.services.origin import commit_that_brought
from vis_tasks.services.readings import read_all
from vis_tasks.services.run import Outcome
from vis_tasks.services.stage_guard import compare
from vis_tasks.services.state import seconds_since, timestamp
from vis_tasks.services.wave import find_wave, forget_wave

if TYPE_CHECKING:
    from vis_tasks.core.model import Package
    from vis_tasks.core.pending import Entry, Tombstone
    from vis_tasks.core.targets import State
    from vis_tasks.ports import Live
    from vis_tasks.services.readings import Reading
    from vis_tasks.services.run import Run
    from vis_tasks.services.wave import Wave

__all__ = ["look", "reconcile"]

_KEPT = timedelta(days=1)


def look(run: Run) -> State:
    """Due when staged.json holds anything, or a version of ours is live without its tag."""
    state = run.state.pending()
    if not state.empty:
        parts = [f"{len(state.pending)} pending"] if state.pending else []
        parts += [f"{len(state.approved)} without a tag"] if state.approved else []
        parts += [f"{len(state.rejected)} rejected"] if state.rejected else []
        return Due(f"staged.json holds {', '.join(parts)}")
    wave = find_wave(run)
    count = len(wave.owed) + len(wave.strange) + len(wave.unproven)
    if count:
        return Due(f"{count} live version(s) of ours have no tag")
    return UpToDate("registry, staged.json and tags agree")


def reconcile(run: Run) -> None:
    """Look once at everything undecided, adopt what is owed a tag, drop tombstones whose package has moved on.

    A record seen gone for the first time is noted with its time; a later run may then find it rejected (see the decision table).
    """
    wave = find_wave(run)
    with run.state.together():
        _take_in(run, wave)
    done = {(outcome.name, outcome.version) for outcome in run.report.outcomes.values()}
    open_entries = [entry for entry in run.state.pending().pending if entry.key not in done]
    readings = read_all(run, open_entries) if open_entries else {}
    with run.state.together():
        for entry in open_entries:
            _judge(run, entry, readings[entry.key])
    asked = {entry.key for entry in open_entries}
    still_open = {"waiting", "timeout"}
    remind_daily(run, [each for each in run.state.pending().pending if each.key in asked and each.reason in still_open])
    _prune(run)
    forget_wave(run)


def _take_in(run: Run, wave: Wave) -> None:
    for ours, found in wave.strange:
        write_down(run, ours, "mismatch", live=found)
    for package, found in wave.unproven:
        _refuse(run, package, found)
    for entry in wave.owed:
        if run.state.pending().find_approved(*entry.key) is None:
            run.state.change(lambda state, entry=entry: state.approve(entry))  # type: ignore[misc]
            run.tools.console.detail(f"{entry.spec} is live and was brought by a release, but has no tag yet")


def _prune(run: Run) -> None:
    """Drop tombstones whose package has moved on, a day old at least, after a last look: the version may be live after all.

    One request for each of them.
    """
    on_disk = {(package.name, package.version) for package in run.workspace.packages}
    moved_on = [stone for stone in run.state.pending().rejected if stone.key not in on_disk]
    gone = set()
    for stone in moved_on:
        live, found = compare(run, stone.entry)
        if live is Liveness.SAME:
            write_down(run, stone.entry, "approved")
        elif live is Liveness.DIFFERENT:
            write_down(run, stone.entry, "mismatch", live=found)
        if live is Liveness.DIFFERENT or (live is not Liveness.UNKNOWN and not _young(run, stone)):
            gone.add(stone.key)
    run.state.change(lambda state: state.prune(lambda stone: stone.key not in gone))


def _young(run: Run, stone: Tombstone) -> bool:
    try:
        return run.tools.clock.now() - datetime.fromisoformat(stone.at) < _KEPT
    except (ValueError, TypeError):
        return False


def _refuse(run: Run, package: Package, live: Live) -> None:
    """Nothing here knows which bytes were staged: a tag would vouch for what nobody has compared."""
    spec, tag, remote = (
        f"{package.name}@{package.version}",
        run.tag_name(package.name, package.version),
        run.release.remote,
    )
    commit = commit_that_brought(run, package) or "<commit>"
    run.report.put(
        Outcome(package.name, package.version, "failed", "live, and nothing says with which bytes it was staged")
    )
    run.tools.console.error(
        f"{spec} is live and a release of this repository brought it, but nothing here knows the bytes it was staged with, and "
        f"packing it here gives no proof; it gets no tag.\nlive: {live.integrity or live.shasum}\n"
        f"Look at it (`npm pack {spec}`). If it is yours: `git tag -a {tag} {commit} -m {tag}`, then `git push {remote} {tag}`"
    )


def _judge(run: Run, entry: Entry, reading: Reading) -> None:
    settle = run.release.publish.stage.settle.total_seconds()
    now = run.tools.clock.now()
    gone_for = seconds_since(entry.gone_at, now)
    memory = Memory(gone_readings=1 if entry.gone_at else 0)
    decision = decide(reading.evidence, memory, gone_for=gone_for, settle=settle, published=entry.published)
    if decision.verdict is Verdict.PENDING:
        gone_at = (entry.gone_at or timestamp(now)) if decision.memory.gone_readings else None
        if gone_at != entry.gone_at and not reading.errors:
            run.state.change(lambda state: state.put(replace(entry, gone_at=gone_at)))
        return
    if decision.verdict.value == entry.reason:
        return  # told before
    write_down(run, entry, decision.verdict.value, why=decision.why, live=reading.live)
