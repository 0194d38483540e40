"""What the uploads of a wave write down while they run: on disk when a call returns, in as few writes as that allows."""

from __future__ import annotations

import threading
from functools import reduce
from typing import TYPE_CHECKING

from vis_tasks.core.wave import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vis_tasks.core.pending import Pending
    from vis_tasks.services.state import StateFiles

__all__ = ["Ledger"]


class Ledger:
    """Writes for several threads. A write costs two waits for the disk, and ``concurrency`` uploads may share one.

    Args:
        state: the state files.
    """

    def __init__(self, state: StateFiles) -> None:
        self._state = state
        self._waiting: list[Callable[[Pending], Pending]] = []
        self._queue = threading.Lock()
        self._writing = threading.Lock()

    def begin(self, shasums: Mapping[str, str]) -> None:
        """Announce uploads in the journal, before the first of them begins: one write.

        Args:
            shasums: ``name@version`` → sha1 of the bytes, as hex.
        """
        self._state.note(lambda journal: reduce(lambda done, item: done.intend(*item), shasums.items(), journal))

    def known(self) -> Pending:
        """staged.json as it is now, between two writes."""
        with self._writing:
            return self._state.pending()

    def put(self, change: Callable[[Pending], Pending]) -> None:
        """Change staged.json. What other threads put meanwhile goes along; it is on disk for all of them when this returns.

        Raises:
            vis_tasks.errors.Failed: it can't be written; the change stays in line, for the next one that calls.
        """
        with self._queue:
            self._waiting.append(change)
        with self._writing:
            with self._queue:
                batch = tuple(self._waiting)
            if change not in batch:
                return  # somebody took it along
            self._state.change(lambda state: reduce(lambda done, each: each(done), batch, state))
            with self._queue:
                self._waiting = self._waiting[len(batch) :]

    def settle(self, specs: Iterable[str]) -> None:
        """The answers to these uploads stand in staged.json, or they were never begun: one write."""
        gone = tuple(specs)
        self._state.note(lambda journal: reduce(Journal.settled, gone, journal))
