"""reconcile: bring the registry, staged.json and the tags into agreement, for this wave and all earlier ones.

Alone it is the scheduled job of the detached mode: one look at the registry, decisions written down, nothing waited for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vis_tasks.core.decision import Memory, Verdict, decide
from vis_tasks.core.pending import Entry
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.services.decided import write_down
from vis_tasks.services.notify import remind_daily
from vis_tasks.services.readings import read_all
from vis_tasks.services.state import seconds_since, timestamp
from vis_tasks.services.wave import find_wave, forget_wave

if TYPE_CHECKING:
    from vis_tasks.core.pending import Tombstone
    from vis_tasks.core.targets import State
    from vis_tasks.services.readings import Reading
    from vis_tasks.services.run import Run

__all__ = ["look", "reconcile"]


def look(run: Run) -> State:
    """Due when staged.json holds anything, or a version of ours is live without its tag."""
    state = run.state.pending()
    if not state.empty:
        parts = [f"{len(state.pending)} pending"] if state.pending else []
        parts += [f"{len(state.approved)} without a tag"] if state.approved else []
        parts += [f"{len(state.rejected)} rejected"] if state.rejected else []
        return Due(f"staged.json holds {', '.join(parts)}")
    wave = find_wave(run)
    if wave.owed or wave.strange:
        return Due(f"{len(wave.owed) + len(wave.strange)} live version(s) of ours have no tag")
    return UpToDate("registry, staged.json and tags agree")


def reconcile(run: Run) -> None:
    """Look once at everything undecided, adopt what is owed a tag, drop tombstones whose package has moved on.

    A record seen gone for the first time is noted with its time; a later run may then find it rejected (see the decision table).
    """
    wave = find_wave(run)
    for package, live, begun in wave.strange:
        write_down(run, Entry(package.name, package.version, shasum=begun), "mismatch", live=live)
    for entry in wave.owed:
        if run.state.pending().find_approved(*entry.key) is None:
            run.state.change(lambda state, entry=entry: state.approve(entry))  # type: ignore[misc]
            run.tools.console.detail(f"{entry.spec} is live and was brought by a release, but has no tag yet")
    done = {(outcome.name, outcome.version) for outcome in run.report.outcomes.values()}
    open_entries = [entry for entry in run.state.pending().pending if entry.key not in done]
    readings = read_all(run, open_entries) if open_entries else {}
    for entry in open_entries:
        _judge(run, entry, readings[entry.key])
    asked = {entry.key for entry in open_entries}
    still_open = {"waiting", "timeout"}
    remind_daily(run, [each for each in run.state.pending().pending if each.key in asked and each.reason in still_open])
    on_disk = {(package.name, package.version) for package in run.workspace.packages}

    def still(stone: Tombstone) -> bool:
        return stone.key in on_disk

    run.state.change(lambda state: state.prune(still))
    forget_wave(run)


def _judge(run: Run, entry: Entry, reading: Reading) -> None:
    settle = run.release.publish.stage.settle.total_seconds()
    now = run.tools.clock.now()
    gone_for = seconds_since(entry.gone_at, now)
    memory = Memory(gone_readings=1 if entry.gone_at else 0)
    decision = decide(reading.evidence, memory, gone_for=gone_for, settle=settle)
    if decision.verdict is Verdict.PENDING:
        gone_at = (entry.gone_at or timestamp(now)) if decision.memory.gone_readings else None
        if gone_at != entry.gone_at and not reading.errors:
            run.state.change(lambda state: state.put(replace(entry, gone_at=gone_at)))
        return
    if decision.verdict.value == entry.reason:
        return  # told before
    write_down(run, entry, decision.verdict.value, why=decision.why, live=reading.live)
