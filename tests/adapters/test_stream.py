"""A program whose lines are shown while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from vis_tasks.adapters.stream import stream
from vis_tasks.errors import Failed


def run(code, tmp_path, *, on_out=None, on_error=None, **env):
    return stream(
        [sys.executable, "-u", "-c", code],
        cwd=tmp_path,
        env=dict(os.environ) | env,
        on_out=on_out or (lambda _line: None),
        on_error=on_error or (lambda _line: None),
    )


def test_lines_go_where_they_belong_and_the_exit_code_comes_back(tmp_path):
    out: list[str] = []
    error: list[str] = []
    code = "import sys; print('one'); print('two\\r'); print('bad', file=sys.stderr); sys.exit(3)"
    assert run(code, tmp_path, on_out=out.append, on_error=error.append) == 3
    assert (out, error) == (["one", "two"], ["bad"])


def test_a_line_is_shown_before_the_program_ends(tmp_path):
    # The program, which has no clock of ours, ends only when it finds the file that the first line's reader makes.
    code = (
        "import pathlib, time\nprint('first')\nwhile not pathlib.Path('seen').exists(): time.sleep(0.01)\nprint('last')"
    )
    lines = []

    def seen(line):
        lines.append(line)
        (tmp_path / "seen").touch()

    assert run(code, tmp_path, on_out=seen) == 0
    assert lines == ["first", "last"]


def test_the_environment_is_the_one_given_and_input_is_empty(tmp_path):
    lines: list[str] = []
    run("import os, sys; print(os.environ['X'], repr(sys.stdin.read()))", tmp_path, on_out=lines.append, X="y")
    assert lines == ["y ''"]


def test_undecodable_bytes_and_a_last_line_without_an_end_are_shown(tmp_path):
    lines: list[str] = []
    run("import sys; sys.stdout.buffer.write(b'a\\xffb')", tmp_path, on_out=lines.append)
    assert lines == ["a\N{REPLACEMENT CHARACTER}b"]


def test_a_program_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(Failed) as caught:
        stream(["no-such-program-here"], cwd=tmp_path, env={}, on_out=print, on_error=print)
    assert caught.value.code == "NOT_FOUND"


def test_an_interrupt_ends_the_program_and_what_it_started(tmp_path):
    # Both sleep longer than the test may last: they have to be ended.
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid)\ntime.sleep(60)"
    )
    pids = []

    def interrupt(line):
        pids.append(int(line))
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(code, tmp_path, on_out=interrupt)
    deadline = threading.Event()
    for _ in range(250):
        if not _runs(pids[0]):
            return
        deadline.wait(0.02)
    pytest.fail("the grandchild still runs")


def _runs(pid):
    """Whether it runs; one that ended and waits to be reaped doesn't."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in {"", "Z"}
