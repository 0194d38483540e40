"""A command on a real pseudo-terminal, with answers for what it asks."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.e2e.world import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.e2e.world import World

__all__ = ["on_terminal"]

_PATIENCE = 90.0


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
