"""A program whose lines are shown while it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING

from vis_tasks.adapters.strays import descendants
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Streamed", "stream"]

_GRACE = 5.0


class Streamed:
    """A program under way, in a session of its own; its lines are handed on as they come. Empty standard input.

    Args:
        argv: program and arguments.
        cwd: working folder.
        env: the whole environment.
        on_out: called with each line of its standard output, from another thread.
        on_error: likewise for standard error.

    Raises:
        vis_tasks.errors.Failed: code ``NOT_FOUND``; it can't be started.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        on_out: Callable[[str], None],
        on_error: Callable[[str], None],
    ) -> None:
        try:
            self._process = subprocess.Popen(
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
        self._readers = [
            threading.Thread(target=_pump, args=(pipe, to), daemon=True)
            for pipe, to in ((self._process.stdout, on_out), (self._process.stderr, on_error))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def running(self) -> bool:
        """Whether it hasn't ended."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Its exit code, once all its lines are handed on; whatever interrupts the wait ends the program and all it started."""
        try:
            code = self._process.wait()
        except BaseException:
            self.end()
            raise
        for reader in self._readers:
            reader.join()
        return code

    def interrupt(self) -> None:
        """SIGTERM to the program, as a cancelled CI job gets it."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to the program and everything it started, as when the machine is lost: nothing can be written down."""
        below = descendants(self._process.pid)  # looked up first: afterwards nobody knows whose they were
        for pid in (self._process.pid, *below):
            _signal(pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def end(self) -> None:
        """Ask it to stop, then make it."""
        if sys.platform == "win32":
            self._process.terminate()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_GRACE)
        if self.running:
            self.kill()
            self._process.wait()


def stream(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_out: Callable[[str], None],
    on_error: Callable[[str], None],
) -> int:
    """Run a program and hand each line on as it comes; returns the exit code. See `Streamed`."""
    return Streamed(argv, cwd=cwd, env=env, on_out=on_out, on_error=on_error).wait()


def _pump(pipe: IO[str] | None, to: Callable[[str], None]) -> None:
    if pipe is None:
        return
    with pipe:
        for line in pipe:
            to(line.rstrip("\r\n"))


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):  # Windows has no error of its own for a process that is gone
        os.kill(pid, number)
