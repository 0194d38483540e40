"""Fakes of our ports that every area's tests may use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FakeClock", "RecordingConsole"]


@dataclass
class FakeClock:
    """A clock that only moves when somebody sleeps or a test says so.

    `at` plants a callback at a moment; it runs when the clock passes that moment, with the clock standing exactly there. A
    callback that raises ends the sleep there, which is what a signal does.
    """

    start: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    elapsed: float = 0.0
    sleeps: list[float] = field(default_factory=list)
    _planned: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _count: int = 0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(seconds)

    def at(self, seconds: float, callback: Callable[[], object]) -> FakeClock:
        """Run ``callback`` when ``seconds`` have passed since the start; planned in the past it runs at the next move."""
        self._planned.append((seconds, self._count, callback))
        self._count += 1
        self._planned.sort(key=lambda plan: plan[:2])
        return self

    def advance(self, seconds: float) -> None:
        """Let time pass without a sleep."""
        end = self.elapsed + max(0.0, seconds)
        while self._planned and self._planned[0][0] <= end:
            moment, _, callback = self._planned.pop(0)
            self.elapsed = max(self.elapsed, moment)
            callback()
        self.elapsed = max(self.elapsed, end)


@dataclass
class RecordingConsole:
    """Keeps what was said, as ``(kind, text)`` with the kinds named like the port's methods."""

    said: list[tuple[str, str]] = field(default_factory=list)

    def line(self, text: str = "") -> None:
        self.said.append(("line", text))

    def step(self, text: str) -> None:
        self.said.append(("step", text))

    def detail(self, text: str) -> None:
        self.said.append(("detail", text))

    def success(self, text: str) -> None:
        self.said.append(("success", text))

    def warning(self, text: str) -> None:
        self.said.append(("warning", text))

    def error(self, text: str) -> None:
        self.said.append(("error", text))

    def of(self, kind: str) -> list[str]:
        """The texts of one kind, in order."""
        return [text for each, text in self.said if each == kind]

    @property
    def text(self) -> str:
        """Everything said, a line each."""
        return "\n".join(text for _, text in self.said)
