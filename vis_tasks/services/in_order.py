"""Work on packages at the same time, each as soon as what it needs is done."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
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
        concurrency: how many at once.

    Returns:
        The results of all that were admitted, in the order in which they ended.

    Raises:
        BaseException: whatever ``work`` or ``admit`` raises first; what is under way ends, nothing new begins.
    """
    open_needs = {name: set(found) for name, found in needs.items()}
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, found in open_needs.items():
        for each in found:
            needed_by[each].append(name)
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

    ready = [name for name, found in open_needs.items() if not found]
    with ThreadPoolExecutor(max(1, concurrency)) as pool:
        try:
            while ready or running:
                passed = [name for name in ready if not admit(name)]
                running |= {pool.submit(begin, name): name for name in ready if name not in passed}
                ended = wait(running, return_when=FIRST_COMPLETED).done if running and not passed else set()
                if errors:
                    raise errors[0]
                done = {running.pop(future): cast("T", future.result()) for future in ended}
                results |= done
                ready = []
                for name in (*passed, *done):
                    for other in needed_by[name]:
                        open_needs[other].discard(name)
                        if not open_needs[other]:
                            ready.append(other)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results
