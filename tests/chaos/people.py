"""Who acts around a release, and by which time: machines, maintainers, nobody at the keyboard, and the clocks."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from vis_tasks.ports import Decided, Deciding
from vis_tasks.registry.run import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.fakes import FakeClock
    from vis_tasks.registry.run import Registry

__all__ = ["Crash", "Eventful", "Machine", "Nobody", "RegistryTime", "ReviewDesk", "fuse"]


class Crash(BaseException):
    """The machine is gone; nothing that would have been done afterwards is."""


def fuse(at: int | None) -> Callable[[str], None]:
    """Raises `Crash` at one boundary, and at every later one: the dead do nothing."""
    count = itertools.count(1)
    dead = False

    def boundary(_label: str) -> None:
        nonlocal dead
        dead = dead or next(count) == at
        if dead:
            raise Crash

    return boundary


class RegistryTime:
    """The registry's clock goes with the town's, but never jumps."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._start = clock.start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._clock.elapsed)

    async def pause(self, seconds: float) -> None:
        """Nobody waits here."""


class Eventful:
    """The town's clock for one release: in each pause, others act first."""

    def __init__(self, clock: FakeClock, meanwhile: list[Callable[[], None]]) -> None:
        self._clock = clock
        self._meanwhile = meanwhile
        self._one = threading.Lock()  # uploads pause in threads of their own, and people come one after the other

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        with self._one:
            if self._meanwhile:
                self._meanwhile.pop(0)()
        self._clock.advance(seconds)


@dataclass
class Machine:
    """A machine whose processes are numbered; all but the last are dead."""

    host: str
    pid: int

    def alive(self, pid: int) -> bool:
        return pid == self.pid


class Nobody:
    """`vis_tasks.ports.Person` of a script."""

    here = False

    def code(self) -> str | None:
        return None

    def agrees(self, question: str, *, default: bool) -> bool:
        return False


class ReviewDesk:
    """`vis_tasks.ports.Desk` without npm: decisions as the registry's page makes them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def approve(self, stage_id: str, otp: str | None = None) -> Decided:
        return self._decide(self._registry.approve, stage_id)

    def reject(self, stage_id: str, otp: str | None = None) -> Decided:
        return self._decide(self._registry.reject, stage_id)

    def in_foreground(self, verb: str, stage_id: str) -> Decided:
        return (self.approve if verb == "approve" else self.reject)(stage_id)

    def _decide(self, how: Callable[[str], object], stage_id: str) -> Decided:
        try:
            how(stage_id)
        except Problem:
            return Decided(Deciding.GONE)
        return Decided(Deciding.DONE)
