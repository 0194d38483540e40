"""Time as the registry sees it, so that tests can move it."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock", "iso"]


def iso(seconds: float) -> str:
    """A moment as npm writes it: ``2026-03-16T09:00:00.000Z``.

    Args:
        seconds: seconds since the epoch.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock(Protocol):
    """The registry's only source of time."""

    def now(self) -> datetime:
        """The wall clock, timezone-aware, UTC."""
        ...

    async def pause(self, seconds: float) -> None:
        """Hold one request back (delay faults, slow bodies) without holding back the others."""
        ...


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """The wall clock, timezone-aware, UTC."""
        return datetime.now(UTC)

    async def pause(self, seconds: float) -> None:
        """Sleep in the event loop."""
        await asyncio.sleep(seconds)


class ManualClock:
    """Time that stands still until `advance` is called, from any thread.

    Args:
        start: where it begins; the real time when omitted.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._moved = threading.Condition()
        self._sleepers: list[tuple[datetime, asyncio.AbstractEventLoop, asyncio.Event]] = []

    def now(self) -> datetime:
        """Where the clock was last moved to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move time forward and wake every pause that is over."""
        with self._moved:
            self._now += timedelta(seconds=seconds)
            due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._now]
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._now]
            for _, loop, event in due:
                loop.call_soon_threadsafe(event.set)

    def wait_for_sleepers(self, count: int, timeout: float = 5.0) -> bool:
        """Wait (really) until so many requests are paused; False when that doesn't happen in ``timeout`` seconds."""
        with self._moved:
            return self._moved.wait_for(lambda: len(self._sleepers) >= count, timeout)

    async def pause(self, seconds: float) -> None:
        """Wait until the clock has been moved that far."""
        if seconds <= 0:
            return
        event = asyncio.Event()
        with self._moved:
            self._sleepers.append((self._now + timedelta(seconds=seconds), asyncio.get_running_loop(), event))
            self._moved.notify_all()
        await event.wait()
