"""What uploads write down is on disk when they go on, in as few writes as they can share."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import pytest

from vis_tasks.adapters.clock import SystemClock
from vis_tasks.adapters.files import RootFiles
from vis_tasks.core.pending import Entry, Pending
from vis_tasks.errors import Failed
from vis_tasks.services.ledger import Ledger
from vis_tasks.services.state import StateFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = 12


class CountingFiles(RootFiles):
    """Real files; the first write of staged.json takes until it is told to end."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.writes: list[str] = []
        self.go_on = Event()
        self.begun = Event()
        self.broken = False

    def write(self, path: str, content: bytes, *, durable: bool = True) -> None:
        self.writes.append(path)
        if self.broken:
            raise Failed("no space left on device", code="WRITE")
        if path.endswith("staged.json"):
            self.begun.set()
            self.go_on.wait(30)
        super().write(path, content)


@pytest.fixture
def files(tmp_path: Path) -> CountingFiles:
    return CountingFiles(tmp_path)


@pytest.fixture
def state(files: CountingFiles) -> StateFiles:
    return StateFiles(files, SystemClock(), ".vis/release")


def entry(number: int) -> Entry:
    return Entry(f"p{number}", "1.0.0", id=f"id-{number}")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)  # threads give no sign when they wait


def put(ledger: Ledger, state: StateFiles, number: int) -> bool:
    """Whether it stood on disk when `put` returned."""
    ledger.put(lambda pending: pending.put(entry(number)))
    return state.pending().find(f"p{number}", "1.0.0") is not None


def test_everything_put_at_once_is_on_disk_after_two_writes(files, state):
    ledger = Ledger(state)
    with ThreadPoolExecutor(COUNT) as pool:
        first = pool.submit(partial(put, ledger, state, 0))
        files.begun.wait(30)
        others = [pool.submit(partial(put, ledger, state, number)) for number in range(1, COUNT)]
        until(lambda: len(ledger._waiting) == COUNT)
        files.go_on.set()
        assert first.result()
        assert all(each.result() for each in others)
    assert len(files.writes) == 2
    assert {each.name for each in state.pending().pending} == {f"p{number}" for number in range(COUNT)}


def test_what_could_not_be_written_is_written_by_the_next(files, state):
    files.go_on.set()
    ledger = Ledger(state)
    files.broken = True
    with pytest.raises(Failed, match="no space"):
        put(ledger, state, 1)
    assert state.pending() == Pending()
    files.broken = False
    assert put(ledger, state, 2)
    assert {each.name for each in state.pending().pending} == {"p1", "p2"}


def test_a_wave_is_announced_and_settled_by_one_write_each(files, state):
    ledger = Ledger(state)
    ledger.begin({"a@1.0.0": "1" * 40, "b@1.0.0": "2" * 40, "c@1.0.0": "3" * 40})
    assert dict(state.journal().intents) == {"a@1.0.0": "1" * 40, "b@1.0.0": "2" * 40, "c@1.0.0": "3" * 40}
    ledger.settle(["a@1.0.0", "c@1.0.0"])
    assert dict(state.journal().intents) == {"b@1.0.0": "2" * 40}
    assert len(files.writes) == 2
