"""Work on packages at the same time, each as soon as what it needs is done."""

from __future__ import annotations

from collections import deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from concurrent.futures import Future

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
    results: dict[str, T] = {}
    errors: list[BaseException] = []
    running: dict[Future[T | None], str] = {}

    def begin(name: str) -> T | None:
        if errors:
            return None
        try:
            return work(name)
        except BaseException as error:
            errors.append(error)  # at once: this thread would take the next one before the other hears of it
            raise

    ready = deque(order.get_ready())
    with ThreadPoolExecutor(concurrency) as pool:
        try:
            while ready or running:
                # As many again stand by, so that no thread waits for this one to wake up.
                while ready and len(running) < 2 * concurrency:
                    name = ready.popleft()
                    if admit(name):
                        running[pool.submit(begin, name)] = name
                    else:
                        order.done(name)
                        ready.extend(order.get_ready())
                ended = wait(running, return_when=FIRST_COMPLETED).done if running else set()
                if errors:
                    raise errors[0]
                for future in ended:
                    name = running.pop(future)
                    results[name] = cast("T", future.result())
                    order.done(name)
                ready.extend(order.get_ready())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results
