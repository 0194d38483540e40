"""A program whose lines are shown while it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING

from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["stream"]


def stream(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_out: Callable[[str], None],
    on_error: Callable[[str], None],
) -> int:
    """Run a program and hand each line on as it comes; returns the exit code. Empty standard input.

    Args:
        argv: program and arguments.
        cwd: working folder.
        env: the whole environment.
        on_out: called with each line of its standard output, from another thread.
        on_error: likewise for standard error.

    Raises:
        vis_tasks.errors.Failed: code ``NOT_FOUND``; it can't be started.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise Failed(f"{argv[0]} can't be started: {error.strerror or error}", code="NOT_FOUND") from error
    readers = [
        threading.Thread(target=_pump, args=(pipe, to), daemon=True)
        for pipe, to in ((process.stdout, on_out), (process.stderr, on_error))
    ]
    for reader in readers:
        reader.start()
    try:
        code = process.wait()
    except BaseException:
        _end(process)
        raise
    for reader in readers:
        reader.join()
    return code


def _pump(pipe: IO[str] | None, to: Callable[[str], None]) -> None:
    if pipe is None:
        return
    with pipe:
        for line in pipe:
            to(line.rstrip("\r\n"))


def _end(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        process.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    process.kill()
