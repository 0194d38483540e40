"""A rehearsal under way, read as it goes and ended from outside."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.world import World

__all__ = ["Rehearsing", "rehearsing"]

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Rehearsing:
    """A rehearsal that goes on, and what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []

    def until(self, words: str) -> str:
        """Read on until a line holds these words."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return line
        msg = f"never said {words!r}:\n{''.join(self.said)}"
        raise AssertionError(msg)

    def told(self, pattern: str) -> str:
        """The first group of a pattern in what was said."""
        found = re.search(pattern, "".join(self.said))
        assert found, "".join(self.said)
        return found.group(1)

    def end(self, number: signal.Signals = signal.SIGINT) -> str:
        """Ctrl-C, or another signal; what was said after it."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        return rest


@contextmanager
def rehearsing(world: World, temporary: Path, *words: str) -> Iterator[Rehearsing]:
    """``vis-tasks rehearse`` in a world; its temporary files are made in ``temporary``."""
    temporary.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "vis_tasks", "rehearse", *words],
        cwd=world.root,
        env=world.env | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # The session that runs these tests may ignore some of them, and what is ignored is inherited.
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in _ENDS],  # noqa: PLW1509  (no thread of ours matters here)
    )
    try:
        yield Rehearsing(process)
    finally:
        process.kill()
        process.wait()
