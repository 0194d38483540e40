"""The table of a wave that waits, kept up to date at the foot of a terminal by Rich. Imports rich: import this lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.style import Style
from rich.table import Table
from rich.text import Text

from vis_tasks.adapters.redact import redact
from vis_tasks.adapters.terminal import encodable, harmless
from vis_tasks.core.ages import age_since, countdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Any

    from rich.console import RenderableType

    from vis_tasks.ports import Clock, WaitingRow

__all__ = ["LiveBoard", "Terminal"]

_REFRESHES = 1  # a second: the time left counts seconds
_GAP = 2
_STATES = {
    "waiting": "waits",
    "published": "published, being scanned",
    "scanned": "approved, being scanned",
    "gone": "decided, being confirmed",
}
_NEVER_DROPPED = 2
_STAY = "Ctrl-C ends the wait and loses nothing"


class Terminal(Console):
    """Rich's console with the cursor left alone: whatever kills the process, the terminal stays as it was."""

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002  (as Rich has it)
        """Do nothing."""
        return True


class _Column(NamedTuple):
    """One column: its title, its text by row, and how soon it gives way where room is short (0 never, then highest first)."""

    title: str
    text: Callable[[WaitingRow], str]
    gives_way: int


class LiveBoard:
    """`vis_tasks.ports.Board` for the length of a ``with`` block; what was shown is gone after it.

    It is drawn by a thread of its own, once a second. Whatever else is written while it is there has to go through the same
    `Terminal`, which puts it above.

    Args:
        terminal: where to draw.
        clock: for ages and the time left.
        redraw: False leaves out the thread: it is drawn when something is shown.
    """

    def __init__(self, terminal: Terminal, clock: Clock, *, redraw: bool = True) -> None:
        self._terminal = terminal
        self._clock = clock
        self._state: tuple[tuple[WaitingRow, ...], int, float] = ((), 0, 0.0)
        self._live = Live(
            console=terminal,
            get_renderable=self._draw,
            auto_refresh=redraw,
            refresh_per_second=_REFRESHES,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the table away, also after an interrupt."""
        if error is not None:
            # Cut off after writing and before Rich forgot what it wrote, it would be written once more.
            self._terminal.begin_capture()
            self._terminal.end_capture()
        self._live.stop()

    def show(self, rows: Sequence[WaitingRow], *, decided: int, deadline: float) -> None:
        """Show this from now on."""
        self._state = (tuple(rows), decided, deadline)
        self._live.refresh()

    def _draw(self) -> RenderableType:
        rows, decided, deadline = self._state
        if not rows:
            return Text("")
        width = self._terminal.width
        shown = rows[: max(1, self._terminal.height - 5)]
        columns = self._columns(shown, width)
        # Rich breaks what doesn't fit; a table that grows while it is redrawn would leave lines behind.
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
        for column in columns:
            table.add_column(self._clean(column.title), no_wrap=True, overflow="ellipsis")
        for row in shown:
            cells = [Text(self._clean(column.text(row)), no_wrap=True, overflow="ellipsis") for column in columns]
            cells[0].stylize(Style(link=row.page))
            table.add_row(*cells)
        more = [Text(f"… and {len(rows) - len(shown)} more")] if len(shown) < len(rows) else []
        return Group(Text(""), table, *more, self._foot(len(rows), decided, deadline, width))

    def _columns(self, rows: Sequence[WaitingRow], width: int) -> list[_Column]:
        columns = [
            _Column("package", lambda row: row.name, 0),
            _Column("version", lambda row: row.version, 0),
            _Column("tag", lambda row: row.tag, 3),
            _Column("age", lambda row: age_since(row.staged_at, self._clock.now()) or "?", 1),
            _Column("staged by", lambda row: row.actor or "?", 4),
        ]
        if any(row.state != "waiting" for row in rows):
            columns.append(_Column("state", lambda row: _STATES.get(row.state, row.state), 2))
        if any(row.page for row in rows):
            columns.append(_Column("review", lambda row: row.page or "", 5))
        while self._width(columns, rows) > width and len(columns) > _NEVER_DROPPED:
            columns.remove(max(columns, key=lambda column: column.gives_way))
        return columns

    def _width(self, columns: Sequence[_Column], rows: Sequence[WaitingRow]) -> int:
        texts: Iterator[Any] = ((column.title, *map(column.text, rows)) for column in columns)
        return sum(max(cell_len(self._clean(text)) for text in column) + _GAP for column in texts) - _GAP

    def _foot(self, waiting: int, decided: int, deadline: float, width: int) -> Text:
        left = countdown(deadline - self._clock.monotonic())
        parts = [f"{left} left", f"{decided} of {waiting + decided} decided", "invoke stage.approve --all", _STAY]
        while len(parts) > 1 and cell_len(self._clean(" · ".join(parts))) > width:
            parts.pop()
        return Text(self._clean(" · ".join(parts)), style="bold", no_wrap=True, overflow="ellipsis")

    def _clean(self, text: str) -> str:
        return encodable(harmless(redact(" ".join(text.split()))), self._terminal.encoding)
