"""A command on a real pseudo-terminal, with answers for what it asks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyte

from tests.e2e.world import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.e2e.world import World

__all__ = ["Watched", "on_terminal", "watched"]

_PATIENCE = 90.0
# The terminal becomes the process's own, so that Ctrl-C typed there reaches it as a signal.
_OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Watched:
    """A command on a terminal that somebody looks at.

    Args:
        process: the command.
        lead: the terminal's other side.
        columns: its width.
        lines: its height.
    """

    def __init__(self, process: subprocess.Popen[bytes], lead: int, columns: int, lines: int) -> None:
        self.process = process
        self.screen = pyte.HistoryScreen(columns, lines)
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        self._lead = lead

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def until(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """Look at the screen until it shows something; what it shows then."""
        deadline = time.monotonic() + _PATIENCE
        while not condition(self.lines):
            assert time.monotonic() < deadline, "never shown:\n" + "\n".join(self.lines)
            assert self._look(), "it ended:\n" + "\n".join(self.lines)
        return self.lines

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._lead, keys)

    def end(self) -> int:
        """Look on until the command has ended; its exit code."""
        while self._look():
            pass
        return self.process.wait(timeout=_PATIENCE)

    def _look(self) -> bool:
        if not select.select([self._lead], [], [], 0.1)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._lead, 65536)
        except OSError:  # Linux: EIO once the other side is closed
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)


@contextmanager
def watched(
    world: World, *argv: str, columns: int = 110, lines: int = 40, env: Mapping[str, str] | None = None
) -> Iterator[Watched]:
    """Run vis-tasks on a terminal that can move its cursor.

    Args:
        world: where.
        argv: the command.
        columns: the terminal's width.
        lines: its height.
        env: more of the environment.
    """
    lead, follow = pty.openpty()
    fcntl.ioctl(follow, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _OWN, sys.executable, "-m", "vis_tasks", *argv],
        cwd=world.root,
        env=world.env | {"TERM": "xterm-256color", "NO_COLOR": ""} | dict(env or {}),
        stdin=follow,
        stdout=follow,
        stderr=follow,
        start_new_session=True,
    )
    os.close(follow)
    try:
        yield Watched(process, lead, columns, lines)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        os.close(lead)


def on_terminal(
    world: World, *argv: str, answers: Sequence[tuple[str, str | Callable[[str], str | None]]] = ()
) -> Finished:
    """Run vis-tasks at a terminal.

    Args:
        world: where.
        argv: the command.
        answers: what to type once a text has been shown, in order: text and answer, or a callable that gets all output so far and
            gives the answer (None types nothing).
    """
    lead, follow = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "vis_tasks", *argv],
        cwd=world.root,
        env=world.env | {"TERM": "dumb"},
        stdin=follow,
        stdout=follow,
        stderr=follow,
        start_new_session=True,
    )
    os.close(follow)
    shown, seen = "", 0
    waiting = list(answers)
    deadline = time.monotonic() + _PATIENCE
    try:
        while True:
            assert time.monotonic() < deadline, f"no end:\n{shown}"
            if not select.select([lead], [], [], 0.1)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                data = os.read(lead, 65536)
            except OSError:  # Linux: EIO once the other side is closed
                break
            if not data:
                break
            shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
            while waiting and (place := shown.find(waiting[0][0], seen)) >= 0:
                seen = place + len(waiting[0][0])
                answer = waiting.pop(0)[1]
                typed = answer(shown) if callable(answer) else answer
                if typed is not None:
                    os.write(lead, f"{typed}\n".encode())
        code = process.wait(timeout=_PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        os.close(lead)
    assert not waiting, f"never asked for {waiting[0][0]!r}:\n{shown}"
    return Finished(code, shown, "")
