"""Work on packages at the same time, each as soon as what it needs is done."""

from __future__ import annotations

from collections import deque
from graphlib import TopologicalSorter
from threading import Condition, Lock, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["in_order"]

T = TypeVar("T")


def in_order(
    needs: Mapping[str, Collection[str]], admit: Callable[[str], bool], work: Callable[[str], T], concurrency: int
) -> dict[str, T]:
    """Work for every name in a thread, once that of all it needs has ended, well or not.

    Args:
        needs: by name what goes before it; no circles, and nothing that isn't a name here.
        admit: asked when it is a name's turn, in the calling thread; False passes it over, and whoever needs it has a turn next.
        work: what is done, in one of the threads.
        concurrency: how many at once, at least one.

    Returns:
        The results of all that were admitted.

    Raises:
        graphlib.CycleError: there is a circle.
        BaseException: whatever ``work`` or ``admit`` raises first; what is under way ends, nothing new begins.
    """
    order = TopologicalSorter(needs)
    order.prepare()
    ready = deque(order.get_ready())
    running = 0
    with _Workers(work, min(concurrency, len(needs))) as workers:
        while ready or running:
            # As many again stand by, so that no thread waits for this one to wake up.
            while ready and running < 2 * concurrency:
                name = ready.popleft()
                if admit(name):
                    workers.add(name)
                    running += 1
                else:
                    order.done(name)
                    ready.extend(order.get_ready())
            ended = workers.ended() if running else ()
            running -= len(ended)
            order.done(*ended)
            ready.extend(order.get_ready())
    return workers.results


class _Workers(Generic[T]):
    """Threads that take names as they are added; at the end of the block what is under way has ended."""

    def __init__(self, work: Callable[[str], T], count: int) -> None:
        self.results: dict[str, T] = {}
        self._work = work
        self._added: deque[str] = deque()
        self._ended: list[str] = []
        self._error: BaseException | None = None
        self._closed = False
        lock = Lock()
        self._news_for_workers, self._news = Condition(lock), Condition(lock)
        self._threads = [Thread(target=self._run) for _ in range(count)]

    def __enter__(self) -> _Workers[T]:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._news_for_workers:
            self._closed = True
            self._news_for_workers.notify_all()
        for thread in self._threads:
            thread.join()

    def add(self, name: str) -> None:
        with self._news_for_workers:
            self._added.append(name)
            self._news_for_workers.notify()

    def ended(self) -> tuple[str, ...]:
        """Waits for at least one end; raises what a thread raised."""
        with self._news:
            while not self._ended and self._error is None:
                self._news.wait()
            if self._error is not None:
                raise self._error
            names, self._ended = tuple(self._ended), []
        return names

    def _run(self) -> None:
        while (name := self._next()) is not None:
            try:
                self.results[name] = self._work(name)
            except BaseException as error:  # noqa: BLE001  (raised again in the calling thread)
                with self._news:
                    self._error = (
                        self._error or error
                    )  # at once: another thread would take the next one before that hears of it
                    self._news.notify()
                return
            with self._news:
                self._ended.append(name)
                self._news.notify()

    def _next(self) -> str | None:
        with self._news_for_workers:
            while not self._added and not self._closed and self._error is None:
                self._news_for_workers.wait()
            return None if self._closed or self._error is not None else self._added.popleft()
