"""Processes that are left are found and ended."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from vis_tasks.adapters.strays import descendants, end_marked, marked
from vis_tasks.adapters.stream import Streamed

# A real program, told to last far longer than the test may: it has to be ended.
SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


@pytest.fixture
def tree(tmp_path):
    """A program that waits for another one, which is up."""
    up: list[str] = []
    program = Streamed(
        [sys.executable, "-c", PARENT],
        cwd=tmp_path,
        env={**os.environ, "STRAY_MARK": str(tmp_path)},
        on_out=up.append,
        on_error=up.append,
    )
    while not up:
        assert program.running
    yield program
    program.kill()
    program.wait()


def test_what_a_program_started_is_found(tree, tmp_path):
    (child,) = descendants(tree._process.pid)

    assert set(marked("STRAY_MARK", str(tmp_path))) == {tree._process.pid, child}


def test_kill_takes_the_children_along(tree, tmp_path):
    tree.kill()

    assert tree.wait() == -9
    assert marked("STRAY_MARK", str(tmp_path)) == ()


def test_an_orphan_is_found_by_its_mark(tmp_path):
    env = {**os.environ, "STRAY_MARK": str(tmp_path)}
    orphan = subprocess.Popen([sys.executable, "-c", SLEEPER], env=env, stdout=subprocess.PIPE, start_new_session=True)
    assert orphan.stdout is not None
    with orphan.stdout:
        orphan.stdout.readline()
        assert end_marked("STRAY_MARK", str(tmp_path / "another")) == ()
        assert end_marked("STRAY_MARK", str(tmp_path)) == (orphan.pid,)
    assert orphan.wait() == -9
