"""Something that takes its time, begun before anybody waits for it."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Ahead"]

T = TypeVar("T")


class Ahead(Generic[T]):
    """A function that can be begun in a thread; calling it gives its result, then or at once.

    Args:
        load: what is to be done; at most once, unless nothing was begun.
    """

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._begun: Future[T] | None = None

    def begin(self) -> None:
        """Begin, if nothing has. The thread never keeps the program from ending."""
        if self._begun is None:
            self._begun = Future()
            Thread(target=self._fill, args=(self._begun,), daemon=True).start()

    def __call__(self) -> T:
        """The result; what went wrong is raised here, in the thread that asks."""
        return self._load() if self._begun is None else self._begun.result()

    def _fill(self, future: Future[T]) -> None:
        try:
            future.set_result(self._load())
        except BaseException as error:  # noqa: BLE001  (raised again where the result is asked for)
            future.set_exception(error)
