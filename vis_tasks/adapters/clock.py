"""The machine's own time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["SystemClock"]


class SystemClock:
    """`vis_tasks.ports.Clock` on the machine's clocks.

    `sleep` ends early only when a signal handler raises: since PEP 475 `time.sleep` goes on after a handler that returns.
    """

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds``; nothing at all when they are negative or 0."""
        if seconds > 0:
            time.sleep(seconds)
