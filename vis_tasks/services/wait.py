"""wait: hold the run until every staged version is decided, or the deadline passes. One look at the registry a tick."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vis_tasks.core.decision import Memory, Verdict, decide
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.records import dataclass, field, replace
from vis_tasks.services.decided import write_down
from vis_tasks.services.readings import Asked, read_all
from vis_tasks.services.stage import look as look_stage
from vis_tasks.services.state import seconds_since, timestamp
from vis_tasks.services.wait_view import WaitView
from vis_tasks.services.wave import forget_wave

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.core.targets import State
    from vis_tasks.ports import StageRecord
    from vis_tasks.services.readings import Reading
    from vis_tasks.services.run import Run

__all__ = ["Watch", "look", "tick", "wait"]

_JITTER = 0.1
_MAX_BACKOFF = 120.0


def look(run: Run) -> State:
    """Due while a staged version of this wave is undecided."""
    if run.release.publish.stage.mode == "detached":
        return UpToDate('mode = "detached": a scheduled `invoke reconcile tag` takes over')
    ahead = look_stage(run)
    if isinstance(ahead, Due):
        return Due("versions will be waiting once staged")
    waiting = _undecided(run)
    if not waiting:
        return UpToDate("nothing is waiting for a decision")
    return Due(f"{len(waiting)} version(s) wait for a decision", tuple(f"wait for {entry.spec}" for entry in waiting))


def _undecided(run: Run) -> tuple[Entry, ...]:
    """Every pending entry that isn't decided, of this wave and of earlier ones."""
    return tuple(entry for entry in run.state.pending().pending if entry.reason in {"waiting", "timeout"})


@dataclass
class Watch:
    """What the wait remembers of each version from tick to tick.

    Attributes:
        memory: the decision's own memory.
        gone_since: seconds of the monotonic clock at which the record was first seen gone.
        errors: how often each kind of useless answer came, over the whole wait.
        asked: what the version status endpoint need not be asked again.
        records: the registry's own items, of versions that were in its list at the last look.
    """

    memory: dict[tuple[str, str], Memory] = field(default_factory=dict)
    gone_since: dict[tuple[str, str], float] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    asked: Asked = field(default_factory=Asked)
    records: dict[tuple[str, str], StageRecord] = field(default_factory=dict)


def wait(run: Run) -> None:
    """Poll until all is decided or the deadline has passed; the decisions of a look are written to staged.json at once.

    A rejection or a timeout is a warning, never a failure. A version that went live with other bytes is a failure, told at the
    end, after the others had their time.
    """
    clock = run.tools.clock
    config = run.release.publish.stage
    start = clock.monotonic()
    deadline = start + config.timeout.total_seconds()
    waiting = _undecided(run)
    watch, view = Watch(), WaitView(run, waiting, start)
    view.announce(waiting)
    failures = 0
    with run.tools.console.board(clock) as board:
        view.on(board)
        view.show(waiting, watch.records)
        while waiting:
            waiting, pause = tick(run, watch, waiting)
            view.show(waiting, watch.records)
            now = clock.monotonic()
            if not waiting or now >= deadline:
                break
            failures = failures + 1 if pause is not None else 0
            interval = _interval(config.poll_interval.total_seconds(), failures, pause)
            clock.sleep(min(interval, max(0.0, deadline - now)))
            view.passed(clock.monotonic(), waiting)
    with run.state.together():
        for entry in waiting:
            write_down(run, entry, "timeout")
    forget_wave(run)


def _interval(base: float, failures: int, pause: float | None) -> float:
    """The next pause in seconds: the poll interval with a little jitter; doubled up to two minutes while answers fail."""
    grown = base if failures == 0 else min(max(_MAX_BACKOFF, base), base * 2 ** min(failures, 6))
    import random  # it loads more than waiting takes

    jittered = grown * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311  (spreads polls, guards nothing)
    return max(jittered, pause or 0.0)


def tick(run: Run, watch: Watch, waiting: Sequence[Entry]) -> tuple[tuple[Entry, ...], float | None]:
    """One look at the registry for all waiting versions.

    Returns:
        What is still waiting, and None when the registry answered, or else the seconds it asked us to stay away (0 when it didn't
        say).
    """
    readings = read_all(run, waiting, watch.asked)
    with run.state.together():
        return _judge_all(run, watch, waiting, readings)


def _judge_all(
    run: Run, watch: Watch, waiting: Sequence[Entry], readings: Mapping[tuple[str, str], Reading]
) -> tuple[tuple[Entry, ...], float | None]:
    watch.records = {key: reading.record for key, reading in readings.items() if reading.record is not None}
    still: list[Entry] = []
    pause: float | None = None
    for entry in waiting:
        reading = readings[entry.key]
        for error in reading.errors:
            pause = max(pause or 0.0, error.retry_after or 0.0)
            watch.errors[error.kind] += 1
            if watch.errors[error.kind] == 1:
                run.tools.console.detail(f"the registry gave no usable answer ({error.why}); still waiting")
        undecided = _decide(run, watch, entry, reading)
        if undecided is not None:
            still.append(_with_id(run, undecided, reading))
    return tuple(still), pause


def _decide(run: Run, watch: Watch, entry: Entry, reading: Reading) -> Entry | None:
    """Judge one reading; None when that ended the wait for this version.

    The moment its record was first seen gone is written down too: a later run goes on from there instead of settling anew.
    """
    clock = run.tools.clock
    now = clock.monotonic()
    if entry.gone_at and entry.key not in watch.memory:
        watch.memory[entry.key] = Memory(gone_readings=1)
        watch.gone_since[entry.key] = now - seconds_since(entry.gone_at, clock.now())
    gone_for = now - watch.gone_since.get(entry.key, now)
    settle = run.release.publish.stage.settle.total_seconds()
    memory = watch.memory.get(entry.key, Memory())
    decision = decide(reading.evidence, memory, gone_for=gone_for, settle=settle, published=entry.published)
    watch.memory[entry.key] = decision.memory
    if decision.verdict is not Verdict.PENDING:
        write_down(run, entry, decision.verdict.value, why=decision.why, live=reading.live)
        return None
    gone_at = None
    if decision.memory.gone_readings:
        watch.gone_since.setdefault(entry.key, now)
        gone_at = entry.gone_at or timestamp(clock.now())
    else:
        watch.gone_since.pop(entry.key, None)
    if gone_at != entry.gone_at:
        entry = replace(entry, gone_at=gone_at)
        run.state.change(lambda state: state.put(entry))
    return entry


def _with_id(run: Run, entry: Entry, reading: Reading) -> Entry:
    """An entry adopted without its id, with a wrong one, or without hashes learns them from the list."""
    record = reading.record
    if record is None:
        return entry
    known = entry.integrity or entry.shasum
    learned = replace(
        entry,
        id=record.id,
        shasum=entry.shasum if known else record.shasum,
        published=entry.published and entry.id == record.id,
    )
    if learned != entry:
        entry = learned
        run.state.change(lambda state: state.put(entry))
    return entry
