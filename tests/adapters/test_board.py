"""The board of a wave that waits, seen on a terminal."""

from __future__ import annotations

import io
import re

import pyte
import pytest

from tests.adapters.test_console import Stream
from tests.fakes import FakeClock
from vis_tasks.adapters.board import LiveBoard, Terminal
from vis_tasks.adapters.console import make_console
from vis_tasks.errors import Interrupted
from vis_tasks.ports import WaitingRow

PAGE = "https://review.example.org/{}"
ROWS = (
    WaitingRow(
        "@acme/core", "1.3.0", "latest", staged_at="2026-11-21T11:57:00.000Z", actor="ci", page=PAGE.format("core")
    ),
    WaitingRow("@acme/react", "2.0.1", "next", staged_at="2026-11-21T11:00:00.000Z", page=PAGE.format("react")),
)


class Glass:
    """What a person sees: bytes for a terminal, drawn by a terminal."""

    def __init__(self, columns: int = 120, lines: int = 24, encoding: str = "utf-8") -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.stream = Stream(encoding, tty=True)
        self._read = 0

    @property
    def lines(self) -> list[str]:
        data = self.stream.raw_bytes.getvalue()
        # A terminal driver makes CR LF of LF.
        self._stream.feed(data[self._read :].replace(b"\n", b"\r\n"))
        self._read = len(data)
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def terminal(self, **how) -> Terminal:
        width, height = self.screen.columns, self.screen.lines
        return Terminal(
            file=self.stream, force_terminal=True, width=width, height=height, color_system="standard", **how
        )


def seen(rows=ROWS, *, columns=120, lines=24, decided=3, left=245.0, clock=None) -> list[str]:
    glass, clock = Glass(columns, lines), clock or FakeClock()
    with LiveBoard(glass.terminal(), clock, redraw=False) as board:
        board.show(rows, decided=decided, deadline=clock.monotonic() + left)
        return glass.lines


def test_everything_a_maintainer_asks_for_stands_there():
    head, core, react, foot = seen()
    assert head.split() == ["package", "version", "tag", "age", "staged", "by", "review"]
    assert core.split() == ["@acme/core", "1.3.0", "latest", "3", "min", "ci", PAGE.format("core")]
    assert react.split() == ["@acme/react", "2.0.1", "next", "60", "min", "?", PAGE.format("react")]
    assert foot == "4:05 left · 3 of 5 decided · invoke stage.approve --all · Ctrl-C ends the wait and loses nothing"


def test_what_was_decided_and_is_not_confirmed_says_so():
    rows = (
        ROWS[0],
        WaitingRow("b", "1.0.0", "latest", state="scanned"),
        WaitingRow("c", "1.0.0", "latest", state="gone"),
    )
    text = "\n".join(seen(rows))
    assert "approved, being scanned" in text
    assert "decided, being confirmed" in text


@pytest.mark.parametrize("columns", range(15, 130, 7))
def test_on_every_width_each_row_is_one_line_with_the_package_in_front(columns: int):
    lines = seen(columns=columns)
    assert len(lines) == 4
    assert all(len(line) <= columns for line in lines)
    assert lines[1].startswith("@acme/core"[: min(10, columns // 3)])
    assert lines[3].startswith("4:05")


def test_the_least_important_columns_give_way_first():
    titles = {columns: seen(columns=columns)[0].split() for columns in (120, 70, 45, 30)}
    assert "review" in titles[120]
    assert titles[70] == ["package", "version", "tag", "age", "staged", "by"]
    assert titles[45] == ["package", "version", "tag", "age"]
    assert titles[30] == ["package", "version", "age"]


def test_a_hundred_versions_fit_on_a_low_terminal():
    rows = tuple(WaitingRow(f"p{number}", "1.0.0", "latest") for number in range(100))
    lines = seen(rows, lines=12)
    assert len(lines) == 10
    assert lines[-2] == "… and 93 more"


def test_redrawing_leaves_nothing_behind_and_lines_stand_above():
    glass, clock = Glass(), FakeClock()
    terminal = glass.terminal()
    with LiveBoard(terminal, clock, redraw=False) as board:
        board.show(ROWS, decided=0, deadline=clock.monotonic() + 60)
        terminal.print("@acme/react@2.0.1 was approved and is live")
        clock.advance(5)
        board.show(ROWS[:1], decided=1, deadline=clock.monotonic() + 55)
        lines = glass.lines
        assert lines[0] == "@acme/react@2.0.1 was approved and is live"
        assert [line.split()[0] for line in lines[1:]] == ["package", "@acme/core", "0:55"]
    assert glass.lines == ["@acme/react@2.0.1 was approved and is live"]


def test_an_interrupt_in_the_middle_of_drawing_leaves_nothing_behind(monkeypatch):
    glass, clock = Glass(), FakeClock()
    flush = glass.stream.flush

    def interrupted():
        flush()
        monkeypatch.undo()
        raise Interrupted("interrupted by SIGINT", signal_number=2)

    def draw():
        with LiveBoard(glass.terminal(), clock, redraw=False) as board:
            monkeypatch.setattr(glass.stream, "flush", interrupted)
            board.show(ROWS, decided=0, deadline=clock.monotonic() + 60)

    with pytest.raises(Interrupted):
        draw()
    assert glass.lines == []


def test_the_cursor_is_never_hidden_so_nothing_has_to_bring_it_back():
    glass, clock = Glass(), FakeClock()
    with LiveBoard(glass.terminal(), clock, redraw=False) as board:
        board.show(ROWS, decided=0, deadline=clock.monotonic() + 60)
        assert not glass.screen.cursor.hidden
    assert b"\x1b[?25l" not in glass.stream.raw_bytes.getvalue()


def test_names_command_no_terminal_and_secrets_stay_out():
    token = "npm_" + "a" * 36
    rows = (WaitingRow("\x1b[2Jx\nb", "1.0.0", f"[bold]{token}", actor="\u202eeve"),)
    text = "\n".join(seen(rows))
    assert "\\x1b[2Jx b" in text
    assert "[bold]" in text
    assert token not in text
    assert "\\u202eeve" in text


def board_of(env, *, tty=True) -> tuple[bool, Glass]:
    """Whether a console gives a board, and the terminal on which it showed one."""
    glass = Glass()
    stream = glass.stream if tty else Stream()
    console = make_console(json_mode=False, env=env, stdout=stream, stderr=None)
    with console.board(FakeClock()) as board:
        if board is not None:
            board.show(ROWS, decided=0, deadline=2000.0)
            console.success("said meanwhile")
            console.line("[bold]as it is")
    return board is not None, glass


@pytest.mark.parametrize(
    ("env", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, True), ({"TERM": "dumb"}, False), ({"CI": "1"}, False)],
)
def test_a_board_is_for_a_terminal_that_somebody_watches(env, wanted: bool):
    assert board_of(env)[0] is wanted
    assert board_of(env, tty=False)[0] is False


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}])
def test_what_is_said_meanwhile_stays_and_the_table_goes(env):
    assert board_of(env)[1].lines == ["✓ said meanwhile", "[bold]as it is"]


def test_without_colour_only_the_cursor_moves():
    _, glass = board_of({"NO_COLOR": "1"})
    assert re.findall(r"\x1b\[[0-9;]*m|\x1b\]8", glass.stream.text) == [], "no colour, no weight, no link"


def test_without_rich_there_are_lines_instead(monkeypatch):
    monkeypatch.setattr("vis_tasks.adapters.console.has_rich", lambda: False)
    assert board_of({})[0] is False


def test_a_stream_that_is_no_file_has_no_board():
    assert (
        make_console(json_mode=False, env={}, stdout=io.StringIO(), stderr=None).board(FakeClock()).__enter__() is None
    )
