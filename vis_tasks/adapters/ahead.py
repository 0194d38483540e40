"""Something that takes its time, begun before anybody waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from vis_tasks.threads import Crew

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
        self._begun: Crew[T] | None = None

    def begin(self) -> None:
        """Begin, if nothing has. The thread never keeps the program from ending."""
        if self._begun is None:
            self._begun = Crew(lambda load: load(), (self._load,), 1)
            self._begun.begin()

    def __call__(self) -> T:
        """The result; what went wrong is raised here, in the thread that asks."""
        return self._load() if self._begun is None else self._begun.of(0)
