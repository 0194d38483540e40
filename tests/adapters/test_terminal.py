"""Text that can't command a terminal or a CI runner."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vis_tasks.adapters.terminal import encodable, harmless, harmless_on_actions, wants_colour


class Stream(io.StringIO):
    def __init__(self, tty):
        super().__init__()
        self.tty = tty

    def isatty(self):
        return self.tty


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jcleared", "\\x1b[2Jcleared"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb", "a\nb"),
        ("a\tb\n", "a\tb\n"),
        ("\x9b31m", "\\x9b31m"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("\x08\x08\x7f", "\\x08\\x08\\x7f"),
        ("über 語 👩‍💻", "über 語 👩‍💻"),
    ],
)
def test_control_characters_are_shown_not_obeyed(text, shown):
    assert harmless(text) == shown


@given(st.text())
def test_no_text_keeps_a_control_character(text):
    assert not any((ord(char) < 32 and char not in "\t\n") or 0x7F <= ord(char) <= 0x9F for char in harmless(text))
    assert harmless(harmless(text)) == harmless(text)


@given(st.lists(st.sampled_from(["::", ":", "#", "##[", "[", " ", "\t", "\n", "add-mask", "group]", "x"])).map("".join))
def test_no_line_is_a_command_to_the_runner(text):
    lines = harmless_on_actions(text).split("\n")
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines)


def test_a_harmless_text_stays_as_it_is_on_actions():
    assert harmless_on_actions("a::b\n#1 [x]: std::vector") == "a::b\n#1 [x]: std::vector"


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("✓ über", "utf-8", "✓ über"),
        ("✓ über", "cp1252", "\\u2713 über"),
        ("✓ über", "ascii", "\\u2713 \\xfcber"),
        ("bad \udcff name", "utf-8", "bad \\udcff name"),
        ("✓", "no-such-encoding", "\\u2713"),
        ("✓", None, "✓"),
    ],
)
def test_what_an_encoding_has_not_is_escaped(text, encoding, shown):
    assert encodable(text, encoding) == shown


@pytest.mark.parametrize(
    ("tty", "env", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "0"}, False),
        (True, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_and_those_who_ask(tty, env, expected):
    assert wants_colour(Stream(tty), env) is expected


def test_no_stream_no_colour():
    assert wants_colour(None, {"FORCE_COLOR": "1"}) is False
