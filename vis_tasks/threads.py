"""A few threads for what waits on others.

As `concurrent.futures`, which loads `logging`, `traceback` and `queue`: 9 ms of every `stage`, for nothing a release uses.
"""

from __future__ import annotations

from threading import Condition, Lock, Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Crew", "all_of"]

T = TypeVar("T")
R = TypeVar("R")


class Crew(Generic[R]):
    """Work on many things in a few threads, in their order. The threads never keep the program from ending.

    Args:
        work: done for each thing.
        things: what it is done for.
        at_once: how many threads there are at the most.
    """

    def __init__(self, work: Callable[[T], R], things: Iterable[T], at_once: int) -> None:
        self._work: Callable[[Any], R] = work
        self._things: Sequence[Any] = tuple(things)
        self._at_once = at_once
        self._turns = iter(range(len(self._things)))
        self._results: dict[int, R] = {}
        self._errors: dict[int, BaseException] = {}
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._threads: list[Thread] = []
        self._stopped = False

    def begin(self) -> None:
        """Begin, if nothing has."""
        if not self._threads:
            count = min(self._at_once, len(self._things))
            self._threads = [Thread(target=self._run, daemon=True) for _ in range(count)]
            for thread in self._threads:
                thread.start()

    def of(self, number: int) -> R:
        """The result for one of the things, by its place; waits for it.

        Raises:
            BaseException: what the work on it raised.
            RuntimeError: it was stopped before that was begun.
        """
        self.begin()
        with self._changed:
            while number not in self._results and number not in self._errors:
                if self._stopped:
                    raise RuntimeError("stopped before it was begun")
                self._changed.wait()
        if number in self._errors:
            raise self._errors[number]
        return self._results[number]

    def stop(self, *, wait: bool = False) -> None:
        """Nothing new is begun; what is under way ends by itself, with ``wait`` before this returns."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads if wait else ():
            thread.join()

    def _run(self) -> None:
        while True:
            with self._lock:
                number = None if self._stopped else next(self._turns, None)
            if number is None:
                return
            try:
                result = self._work(self._things[number])
            except BaseException as error:  # noqa: BLE001  (raised again where the result is asked for)
                with self._changed:
                    self._errors[number] = error
                    self._changed.notify_all()
            else:
                with self._changed:
                    self._results[number] = result
                    self._changed.notify_all()


def all_of(work: Callable[[T], R], things: Sequence[T], at_once: int, *, wait: bool = False) -> list[R]:
    """The results for all things, in their order; one thing alone takes no thread.

    Args:
        work: done for each thing.
        things: what it is done for.
        at_once: how many threads there are at the most.
        wait: also for what is under way when one fails.

    Raises:
        BaseException: what the work on the first one that failed raised; nothing new is begun then.
    """
    if len(things) < 2:
        return [work(each) for each in things]
    crew = Crew(work, things, at_once)
    try:
        return [crew.of(number) for number in range(len(things))]
    finally:
        crew.stop(wait=wait)
