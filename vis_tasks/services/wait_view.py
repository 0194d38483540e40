"""What people see and are told while a wave waits: the announcement, a board on a terminal, else a line now and then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from vis_tasks.config.durations import format_duration
from vis_tasks.ports import WaitingRow
from vis_tasks.services.notify import tell_waiting
from vis_tasks.services.pages import page_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.ports import Board, StageRecord
    from vis_tasks.services.run import Run

__all__ = ["WaitView"]


class WaitView:
    """One wait, shown. No request and no process but what a review page's address costs (npm's configuration, read before).

    Args:
        run: the run.
        waiting: the wave, as the wait begins.
        start: when it begins, in seconds of the monotonic clock.
    """

    def __init__(self, run: Run, waiting: Sequence[Entry], start: float) -> None:
        config = run.release.publish.stage
        self._run = run
        self._all = len(waiting)
        self._deadline = start + config.timeout.total_seconds()
        self._beat = config.heartbeat.total_seconds()
        self._next_beat = start + self._beat
        self._remind_at = start + config.timeout.total_seconds() / 2
        self._pages = {entry.key: page_of(run, entry) for entry in waiting}
        self._board: Board | None = None

    def announce(self, waiting: Sequence[Entry]) -> None:
        """Say what waits, how to approve it and where to look at it; tell the channels what was staged in this run."""
        console = self._run.tools.console
        timeout = format_duration(self._run.release.publish.stage.timeout)
        published = [entry.spec for entry in waiting if entry.published]
        if published:
            console.line(f"{len(published)} published version(s) can't be installed yet: {', '.join(published)}")
        staged = [entry for entry in waiting if not entry.published]
        if staged or not published:
            console.line(f"{len(staged)} version(s) wait for approval with 2FA, for {timeout} at most:")
        for entry in staged:
            console.line(f"  {entry.spec} → {entry.tag}  `invoke stage.approve {entry.id or entry.spec}`")
            if page := self._pages[entry.key]:
                console.detail(f"  {page}")
        tell_waiting(self._run, [entry for entry in waiting if entry.spec in self._run.report.staged])

    def on(self, board: Board | None) -> None:
        """Show it on this board; without one, by lines."""
        self._board = board

    def show(self, waiting: Sequence[Entry], records: Mapping[tuple[str, str], StageRecord]) -> None:
        """Show how things stand.

        Args:
            waiting: what is undecided.
            records: the registry's own items of it.
        """
        if self._board is not None:
            rows = [self._row(entry, records.get(entry.key)) for entry in waiting]
            self._board.show(rows, decided=self._all - len(waiting), deadline=self._deadline)

    def _row(self, entry: Entry, record: StageRecord | None) -> WaitingRow:
        scanned = record is not None and record.status == "validating"
        state = "published" if entry.published else "gone" if entry.gone_at else "scanned" if scanned else "waiting"
        return WaitingRow(
            name=entry.name,
            version=entry.version,
            tag=entry.tag,
            state=state,
            staged_at=entry.staged_at or (record.created_at if record else ""),
            actor=(record.actor or record.actor_type) if record else None,
            page=self._pages.get(entry.key),
        )

    def passed(self, now: float, waiting: Sequence[Entry]) -> None:
        """Time has passed: remind at half of the timeout, and say a line every ``heartbeat`` where there is no board."""
        if now >= self._remind_at:
            self._remind_at = self._deadline + 1.0
            tell_waiting(self._run, waiting, reminder=True)
        if now < self._next_beat:
            return
        self._next_beat += self._beat
        if self._board is None:
            left = format_duration(timedelta(seconds=round(max(0.0, self._deadline - now))))
            names = ", ".join(entry.spec for entry in waiting[:5])
            self._run.tools.console.line(f"still waiting for {len(waiting)} version(s), {left} left: {names}")
