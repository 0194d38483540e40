"""The process that releases and gets struck, seen from the test: `tests.crash.driver` is its inside."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


__all__ = ["FROZEN", "Driver"]

FROZEN = 0
_FOLDER = Path(__file__).resolve().parents[2]


class Driver:
    """The process that releases and gets killed.

    Attributes:
        user: as whom it releases; 0 for whoever runs the tests.
    """

    user = 0

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.driver"], cwd=_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(
        self,
        root: Path,
        env: Mapping[str, str],
        decide: Callable[[], None],
        *,
        at: int | None = None,
        number: int = signal.SIGKILL,
        host: str = "",
        later: float = 0.0,
    ) -> int:
        """Release until the end, or until the point where a signal comes; returns the exit code, ``-9`` for a kill.

        Args:
            root: the checkout.
            env: the environment.
            decide: the humans, who have their turn whenever the release sleeps.
            at: the boundary of the signal, counted from 1.
            number: the signal; `FROZEN` for none: the folder of the state takes no more writes instead.
            host: another machine's name; this machine by default.
            later: seconds by which its clock is ahead.
        """
        log, trace = root.parent / "log.txt", root.parent / "trace.txt"
        trace.unlink(missing_ok=True)
        order = {
            "root": str(root),
            "env": dict(env),
            "log": str(log),
            "trace": str(trace),
            "at": at,
            "signal": number,
            "goals": ["release"],
            "host": host,
            "later": later,
            "user": self.user,
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(order).encode() + b"\n")
        stdin.flush()
        for line in stdout:
            if line.startswith(b"E "):
                return int(line[2:])
            decide()
            stdin.write(b"ok\n")
            stdin.flush()
        raise AssertionError("the driver is gone")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
