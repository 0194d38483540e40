"""The binary: what it says to a command line that can't be read, and to a reader who goes away."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def vis(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vis_tasks", *argv], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("argv", "said", "way"),
    [
        (["relese"], "there is no command 'relese' (did you mean release?)", "vis-tasks --list"),
        (["doctor", "stage.aprove"], "there is no command 'stage.aprove' (did you mean stage.approve?)", "--list"),
        (["status", "--wyh"], "status has no option --wyh (did you mean --why?)", "vis-tasks --help status"),
        (["status", "--zzz=1"], "status has no option --zzz", "vis-tasks --help status"),
        (["--lsit"], "vis-tasks has no option --lsit (did you mean --list?)", "vis-tasks --list"),
        (["rehearse", "--scenario"], "--scenario needs a value", "vis-tasks --help rehearse"),
    ],
)
def test_a_wrong_command_line_is_exit_2_with_the_nearest_name(
    tmp_path: Path, argv: list[str], said: str, way: str
) -> None:
    done = vis(tmp_path, *argv)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {said}" in done.stderr
    assert way in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_reader_who_goes_away_sees_no_traceback(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    argv = [sys.executable, "-m", "vis_tasks", "--list"]
    done = subprocess.run(argv, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)

    assert done.returncode == 1
    assert done.stderr == ""
