"""Consoles."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading

import pytest

from vis_tasks.adapters.console import make_console


class Stream(io.TextIOWrapper):
    """A text stream over bytes, as sys.stdout is."""

    def __init__(self, encoding="utf-8", *, tty=False):
        self.raw_bytes = io.BytesIO()
        super().__init__(self.raw_bytes, encoding=encoding, newline="\n", write_through=True)
        self.tty = tty

    def isatty(self):
        return self.tty

    @property
    def text(self):
        self.flush()
        return self.raw_bytes.getvalue().decode(self.encoding)


def say_all(console):
    console.line("plain")
    console.line()
    console.step("stage")
    console.detail("16 files")
    console.success("staged a@1.0.0")
    console.warning("one thing\nand its second line")
    console.error("refused\nNext steps: this")


PLAIN = """\
plain

▸ stage
  16 files
✓ staged a@1.0.0
warning: one thing
  and its second line
error: refused
  Next steps: this
"""


def test_plain_lines_where_nobody_looks_with_colour():
    out, err = Stream(), Stream()
    say_all(make_console(json_mode=False, env={}, stdout=out, stderr=err))
    assert out.text == PLAIN
    assert err.text == ""


def test_beside_json_people_read_stderr():
    out, err = Stream(), Stream()
    say_all(make_console(json_mode=True, env={}, stdout=out, stderr=err))
    assert out.text == ""
    assert err.text == PLAIN


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colour_gets_plain_lines(env):
    out = Stream(tty=True)
    say_all(make_console(json_mode=False, env=env, stdout=out, stderr=None))
    assert out.text == PLAIN


@pytest.mark.parametrize(("tty", "env"), [(True, {}), (False, {"FORCE_COLOR": "1"})])
def test_a_terminal_gets_the_same_words_in_colour(tty, env):
    out = Stream(tty=tty)
    say_all(make_console(json_mode=False, env=env, stdout=out, stderr=None))
    assert "\x1b[1;31merror:" in out.text
    assert "\x1b[33mwarning:" in out.text
    assert re.sub(r"\x1b\[[0-9;]*m", "", out.text) == PLAIN


def test_markup_and_emoji_codes_are_text():
    out = Stream(tty=True)
    make_console(json_mode=False, env={}, stdout=out, stderr=None).line("[bold]x[/bold] :smile: [/]")
    assert out.text == "[bold]x[/bold] :smile: [/]\n"


def test_a_long_line_is_not_broken():
    out = Stream(tty=True)
    make_console(json_mode=False, env={"COLUMNS": "20"}, stdout=out, stderr=None).line("word " * 100 + "x" * 300)
    assert out.text.count("\n") == 1


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "1"}])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_a_small_encoding_gets_ascii_marks_and_escapes(encoding, env):
    out = Stream(encoding)
    console = make_console(json_mode=False, env=env, stdout=out, stderr=None)
    console.success("日本 ✓")
    console.step("stage")
    assert re.sub(r"\x1b\[[0-9;]*m", "", out.text) == "+ \\u65e5\\u672c \\u2713\n> stage\n"


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "1"}, {"GITHUB_ACTIONS": "true"}])
def test_escapes_in_what_is_said_are_shown(env):
    out = Stream()
    console = make_console(json_mode=False, env=env, stdout=out, stderr=None)
    console.line("\x1b[2J\x1b]8;;http://evil.example\x07click")
    console.warning("name\u202e")
    assert "\\x1b[2J\\x1b]8;;http://evil.example\\x07click" in out.text
    assert "name\\u202e" in out.text


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "1"}, {"GITHUB_ACTIONS": "true"}])
def test_secrets_are_taken_out_of_everything(env):
    out = Stream()
    console = make_console(
        json_mode=False, env=env, stdout=out, stderr=None, redact=lambda text: text.replace("hunter22", "***")
    )
    for say in (console.line, console.step, console.detail, console.success, console.warning, console.error):
        say("with hunter22 inside")
    assert "hunter22" not in out.text
    assert out.text.count("***") == 6


def test_without_a_redactor_of_its_own_tokens_are_known():
    out = Stream()
    token = "npm_" + "a" * 36
    make_console(json_mode=False, env={}, stdout=out, stderr=None).line(f"//host/:_authToken={token}")
    assert token not in out.text


def test_warnings_and_errors_are_annotations_on_actions():
    out = Stream()
    say_all(make_console(json_mode=False, env={"GITHUB_ACTIONS": "true"}, stdout=out, stderr=None))
    assert out.text.endswith("::warning::one thing%0Aand its second line\n::error::refused%0ANext steps: this\n")
    assert "✓ staged" in out.text


def test_annotations_are_escaped_as_the_toolkit_does():
    out = Stream()
    make_console(json_mode=False, env={"GITHUB_ACTIONS": "true"}, stdout=out, stderr=None).warning(
        "100% of a:b, %0A\r\nnext"
    )
    assert out.text == "::warning::100%25 of a:b, %250A%0Anext\n"


def test_what_is_said_commands_no_runner():
    out = Stream()
    console = make_console(json_mode=False, env={"GITHUB_ACTIONS": "true"}, stdout=out, stderr=None)
    console.line("::stop-commands::x\n  ::add-mask::y\n##[error]z")
    console.success("fine\n::set-env name=PATH::evil")
    console.warning("one\n::error::two")
    commands = [line for line in out.text.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert commands == ["::warning::one%0A::error::two"]


def test_without_a_stream_nothing_is_said_and_nothing_breaks():
    say_all(make_console(json_mode=False, env={"FORCE_COLOR": "1"}, stdout=None, stderr=None))


@pytest.mark.parametrize("env", [{}, {"FORCE_COLOR": "1"}])
def test_lines_of_several_threads_stay_whole(env):
    out = Stream()
    console = make_console(json_mode=False, env=env, stdout=out, stderr=None)

    def talk():
        for _ in range(50):
            console.line("x" * 50)

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert out.text == ("x" * 50 + "\n") * 200


def test_plain_lines_import_no_rich():
    code = """
import sys
from vis_tasks.adapters.console import make_console
make_console(json_mode=False, env={}, stdout=sys.stdout, stderr=sys.stderr).line("x")
sys.exit("rich" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.PIPE, env=dict(os.environ))
    assert done.returncode == 0
    assert done.stdout.splitlines() == [b"x"]


MARK = re.compile(r"\x1b\[0Ksection_(start|end):\d{10}:([\w.-]+)(\[collapsed=true\])?\r\x1b\[0K")


def test_on_gitlab_each_target_is_a_section_shut_unless_it_is_for_people():
    out = Stream()
    console = make_console(json_mode=False, env={"GITLAB_CI": "true"}, stdout=out, stderr=None)
    console.section("pack", "pack: 2 package(s)")
    console.line("[1/2] packed")
    console.section("my target/1", "wait", folded=False)
    console.end_section()
    console.end_section()
    console.line("after")
    marks = [match.groups() for match in MARK.finditer(out.text)]
    assert marks == [
        ("start", "vis_pack", "[collapsed=true]"),
        ("end", "vis_pack", None),
        ("start", "vis_my_target_1", None),
        ("end", "vis_my_target_1", None),
    ]
    assert MARK.sub("", out.text) == "▸ pack: 2 package(s)\n[1/2] packed\n\n▸ wait\n\nafter\n"


def test_on_gitlab_nothing_that_needs_an_eye_is_folded_away():
    out = Stream()
    console = make_console(json_mode=False, env={"GITLAB_CI": "true"}, stdout=out, stderr=None)
    for say in (console.warning, console.error):
        console.section("stage", "stage")
        say("look")
    kinds = [match[1] if match else line for line in out.text.split("\n")[:-1] for match in [MARK.match(line)]]
    assert kinds == ["start", "end", "warning: look", "start", "end", "error: look"]


def test_what_is_said_opens_no_section():
    out = Stream()
    console = make_console(json_mode=False, env={"GITLAB_CI": "true"}, stdout=out, stderr=None)
    console.line("\x1b[0Ksection_end:1:vis_pack\r\x1b[0K")
    console.section("a", "x\r\x1b[0Ksection_start:1:evil\r\x1b[0K")
    assert [match[2] for match in MARK.finditer(out.text)] == ["vis_a"]
    assert "\x1b[0Ksection_start:1:evil" not in out.text


ROWS = [("@acme/core", "minor", "x asks for minor"), ("cli", "patch", "[red]@acme/core[/] becomes 1.1.0")]


def test_a_table_is_aligned_lines_where_programs_may_read_it():
    out = Stream()
    make_console(json_mode=False, env={}, stdout=out, stderr=Stream()).table(("package", "level", "because"), ROWS)
    assert out.text == (
        "package     level  because\n"
        "@acme/core  minor  x asks for minor\n"
        "cli         patch  [red]@acme/core[/] becomes 1.1.0\n"
    )


def test_a_table_on_a_terminal_is_coloured_and_wraps_its_last_column_below_itself(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    out = Stream(tty=True)
    console = make_console(json_mode=False, env={"TERM": "xterm", "COLUMNS": "40"}, stdout=out, stderr=Stream())
    console.table(("package", "level", "because"), ROWS)
    assert "\x1b[33mminor" in out.text
    assert "[red]@acme/core[/]" in out.text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.text).splitlines()
    assert [line.rstrip() for line in plain[-2:]] == [
        "cli         patch  [red]@acme/core[/]",
        "                   becomes 1.1.0",
    ]
