"""Consoles: plain lines, coloured lines on a terminal, annotations on GitHub Actions, folded sections on GitLab CI."""

from __future__ import annotations

import re
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, cast

from vis_tasks.adapters.redact import redact as mask
from vis_tasks.adapters.terminal import (
    Lasting,
    encodable,
    harmless,
    harmless_on_actions,
    has_rich,
    is_watched,
    wants_colour,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from vis_tasks.adapters.board import Terminal
    from vis_tasks.ports import Board, Clock, Console

__all__ = ["ActionsConsole", "GitLabConsole", "PlainConsole", "RichConsole", "aligned", "make_console"]


def make_console(
    *,
    json_mode: bool,
    env: Mapping[str, str],
    stdout: TextIO | None,
    stderr: TextIO | None,
    redact: Callable[[str], str] = mask,
    words: Callable[[str], str] = str,
) -> Console:
    """The console that fits where people read; plain lines where Rich isn't installed.

    Args:
        json_mode: the command prints JSON on ``stdout``, so people are served on ``stderr``.
        env: ``GITHUB_ACTIONS``, ``GITLAB_CI``, ``CI``, ``NO_COLOR``, ``FORCE_COLOR``, ``TERM``.
        stdout: a text stream; None, as under ``pythonw``, swallows everything.
        stderr: likewise.
        redact: takes secrets out of a text.
        words: puts a text into the reader's words.
    """
    stream = stderr if json_mode else stdout
    if stream is not None and stream.isatty():
        stream = cast("TextIO", Lasting(stream))
    colour = wants_colour(stream, env)
    kind: type[PlainConsole] = RichConsole if colour and has_rich() else PlainConsole
    if env.get("GITHUB_ACTIONS") == "true":
        kind = ActionsConsole
    elif env.get("GITLAB_CI") == "true":
        kind = GitLabConsole
    return kind(stream, redact=lambda text: words(redact(text)), watched=is_watched(stream, env) and has_rich())


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, the columns (but for the last) padded to one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)), row[-1]]).rstrip()
        for row in rows
    ]


# Levels stand out, by the usual colours of a warning light.
_CELLS = {"major": "bold red", "minor": "yellow", "patch": "green"}


class PlainConsole:
    """One line, or several, for each thing said. Safe to use from several threads; nothing is imported.

    Every text is redacted, its control characters are made visible, and what the stream's encoding hasn't is escaped.

    Args:
        stream: where to write.
        redact: takes secrets out of a text.
        watched: somebody looks at a terminal, and Rich is there to draw a board on it.
    """

    def __init__(self, stream: TextIO | None, *, redact: Callable[[str], str] = mask, watched: bool = False) -> None:
        self._stream = stream
        self._redact = redact
        self._watched = watched
        self._lock = threading.Lock()
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._above: Terminal | None = None

    def line(self, text: str = "") -> None:
        """A plain line."""
        self._say("", text)

    def step(self, text: str) -> None:
        """The start of a target or a phase."""
        self._say(self._mark("▸", ">"), text, style="bold")

    def detail(self, text: str) -> None:
        """Something a reader may skip."""
        self._say(" ", text, style="dim")

    def success(self, text: str) -> None:
        """Something went well."""
        self._say(self._mark("✓", "+"), text, style="green")

    def warning(self, text: str) -> None:
        """Something needs a human's eye."""
        self._say("warning:", text, style="yellow")

    def error(self, text: str) -> None:
        """Something failed."""
        self._say("error:", text, style="bold red")

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Rows with aligned columns, a line each however long: what reads them may be a program."""
        for text in aligned([head, *rows]):
            self.line(text)

    def section(self, name: str, text: str, *, folded: bool = True) -> None:  # noqa: ARG002  (for those that fold)
        """The start of a target."""
        self.step(text)

    def end_section(self) -> None:
        """Nothing folds here."""

    @contextmanager
    def board(self, clock: Clock) -> Iterator[Board | None]:
        """A board at the foot of the terminal; lines said meanwhile stand above it."""
        if not self._watched:
            yield None
            return
        from vis_tasks.adapters.board import LiveBoard

        self._above = self._board_terminal()
        try:
            with LiveBoard(self._above, clock) as board:
                yield board
        finally:
            self._above = None

    def _board_terminal(self) -> Terminal:
        from vis_tasks.adapters.board import Terminal

        # Without colour it is still a terminal: only the cursor moves.
        return Terminal(file=self._stream, force_terminal=True, color_system=None, no_color=True)

    def _mark(self, sign: str, plain: str) -> str:
        return sign if encodable(sign, self._encoding) == sign else plain

    def _say(self, mark: str, text: str, *, style: str = "") -> None:
        clean = self._clean(text)
        # Further lines of one message stand below its first, as far in as a mark of one letter.
        body = clean.replace("\n", "\n  ") if mark else clean
        self._write(mark, body, style)

    def _clean(self, text: str) -> str:
        return encodable(harmless(self._redact(text)), self._encoding)

    def _write(self, mark: str, body: str, style: str) -> None:  # noqa: ARG002  (for those that colour)
        self._put(f"{mark} {body}".rstrip() if mark else body)

    def _put(self, text: str) -> None:
        if self._stream is None:
            return
        if self._above is not None:
            self._above.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)
            return
        with self._lock:
            self._stream.write(text + "\n")
            self._stream.flush()


class RichConsole(PlainConsole):
    """The same lines with colour, by Rich, which also knows the consoles of Windows."""

    def __init__(self, stream: TextIO | None, *, redact: Callable[[str], str] = mask, watched: bool = False) -> None:
        super().__init__(stream, redact=redact, watched=watched)
        from vis_tasks.adapters.board import Terminal

        # Only the sixteen colours are used; on Windows Rich has to find out which kind of console it is.
        system: Literal["auto", "standard"] = "auto" if sys.platform == "win32" else "standard"
        self._terminal = Terminal(file=stream, force_terminal=True, color_system=system, no_color=False)

    def _board_terminal(self) -> Terminal:
        return self._terminal

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table of Rich's without lines; only the last column wraps, below itself."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for place, name in enumerate(head, start=1):
            table.add_column(Text(self._clean(name)), no_wrap=place < len(head), overflow="fold")
        for row in rows:
            table.add_row(*(Text(self._clean(cell), style=_CELLS.get(cell, "")) for cell in row))
        self._terminal.print(table)

    def _write(self, mark: str, body: str, style: str) -> None:
        from rich.text import Text

        # Only the mark of a success, warning or error is coloured: long texts in colour are hard to read.
        parts = [(f"{mark} ", style)] if mark else []
        text = Text.assemble(*parts, (body, style if style in {"bold", "dim"} else ""))
        self._terminal.print(text, soft_wrap=True)  # takes a lock and flushes itself; a Text holds no markup


class ActionsConsole(PlainConsole):
    """Plain lines, and annotations for warnings and errors, on GitHub Actions.

    Texts can't give the runner commands; only annotations do, escaped as in actions/toolkit, ``packages/core/src/command.ts``.
    """

    def warning(self, text: str) -> None:
        """A ``::warning::`` annotation."""
        self._annotate("warning", text)

    def error(self, text: str) -> None:
        """An ``::error::`` annotation."""
        self._annotate("error", text)

    def _annotate(self, level: str, text: str) -> None:
        data = self._clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        self._put(f"::{level}::{data}")

    def _write(self, mark: str, body: str, style: str) -> None:
        super()._write(mark, harmless_on_actions(body), style)


class GitLabConsole(PlainConsole):
    """Plain lines in folding sections, one for each target (GitLab: "Job logs", custom collapsible sections).

    A warning or an error ends the section: nothing that needs an eye is folded away.
    """

    _open = ""

    def section(self, name: str, text: str, *, folded: bool = True) -> None:
        """A section with its heading, shut unless ``folded`` is False."""
        self.end_section()
        # "the section name can only be composed of letters, numbers, and the _, ., or - characters"
        self._open = f"vis_{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}"
        how = "[collapsed=true]" if folded else ""
        heading = self._clean(text).replace("\n", " ")
        self._put(f"\x1b[0Ksection_start:{int(time.time())}:{self._open}{how}\r\x1b[0K{self._mark('▸', '>')} {heading}")

    def end_section(self) -> None:
        """The end of the open section."""
        if self._open:
            self._put(f"\x1b[0Ksection_end:{int(time.time())}:{self._open}\r\x1b[0K")
            self._open = ""

    def warning(self, text: str) -> None:
        """Outside of any section."""
        self.end_section()
        super().warning(text)

    def error(self, text: str) -> None:
        """Outside of any section."""
        self.end_section()
        super().error(text)
