"""What a wait may cost: requests, writes, processor time and memory, for a wave of five hundred and for a whole day."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections import Counter, deque

import pytest

from tests.fakes import MemoryFiles
from tests.services.builders import World, build_world, entry, package
from vis_tasks.core.pending import Pending
from vis_tasks.services import wait as service

POLL = 60.0
STAGED, JOURNAL = ".vis/release/staged.json", ".vis/release/.state.json"


@pytest.fixture(autouse=True)
def _without_jitter(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.0)


def writes(world: World) -> Counter[str]:
    """How often each file was written."""
    files = world.tools.files
    assert isinstance(files, MemoryFiles)
    return files.writes


def waiting(count: int, **stage):
    """So many versions, staged and known."""
    names = [f"p{number:03}" for number in range(count)]
    world = build_world(None, *(package(name, "1.1.0") for name in names), stage=stage)
    state = Pending()
    for name in names:
        found = entry(name)
        state = state.put(
            entry(name, id=world.registry.put_stage(name, "1.1.0", integrity=found.integrity, shasum=found.shasum))
        )
    world.hold(state)
    writes(world).clear()
    return world, names


def test_500_approvals_at_random_moments_are_each_noticed_within_one_tick():
    world, names = waiting(500, poll_interval=POLL)
    chance = random.Random(2026)  # noqa: S311  (approvals at random, guards nothing)
    moments: dict[str, float] = {}
    noticed: dict[str, float] = {}
    for name in names:
        moments[name] = chance.uniform(0, 1700)
        world.clock.at(moments[name], lambda name=name: world.registry.approve(name, "1.1.0"))
    said = world.console.success

    def success(text):
        noticed.setdefault(text.partition("@")[0], world.clock.elapsed)
        said(text)

    world.console.success = success
    service.wait(world.run())
    assert noticed.keys() == set(names)
    assert max(noticed[name] - moments[name] for name in names) <= POLL
    ticks = len(world.clock.sleeps) + 1
    assert world.registry.asked("stages") == ticks
    assert world.registry.asked("live") == 500
    assert Counter(request[1] for request in world.registry.requests if request[0] == "live").most_common(1)[0][1] == 1


def test_however_many_are_decided_in_a_tick_each_file_is_written_once():
    world, names = waiting(500)

    def approve_all():
        for name in names:
            world.registry.approve(name, "1.1.0")

    world.clock.at(POLL - 1, approve_all)
    service.wait(world.run())
    assert len(world.state.approved) == 500
    assert writes(world) == {STAGED: 1, JOURNAL: 1}


def test_a_timeout_of_all_is_one_write():
    world, _ = waiting(100, timeout=60)
    service.wait(world.run())
    assert {each.reason for each in world.state.pending} == {"timeout"}
    assert writes(world)[STAGED] == 1


def test_a_tick_in_which_nothing_happens_writes_nothing():
    world, _ = waiting(10, timeout=3600)
    run = world.run()
    service.tick(run, service.Watch(), run.state.pending().pending)
    assert writes(world) == {}


def test_an_interrupt_amid_the_decisions_keeps_those_that_were_made(monkeypatch):
    world, names = waiting(3)
    for name in names:
        world.registry.approve(name, "1.1.0")
    told, real = [], world.console.success

    def interrupted(text):
        told.append(text)
        if len(told) == 2:
            raise KeyboardInterrupt
        real(text)

    monkeypatch.setattr(world.console, "success", interrupted)
    with pytest.raises(KeyboardInterrupt):
        service.wait(world.run())
    assert [each.name for each in world.state.approved] == names[:2]


def test_waiting_for_500_takes_less_than_a_hundredth_of_a_processor():
    world, _ = waiting(500, timeout=900)
    run = world.run()
    begun = time.process_time()
    service.wait(run)
    assert (time.process_time() - begun) / 900 < 0.01


def test_memory_stays_flat_over_a_whole_day():
    world, _ = waiting(5, timeout=24 * 3600, poll_interval=60)
    for recorder, name in (
        (world.registry, "requests"),
        (world.clock, "sleeps"),
        (world.console, "said"),
        (world.console, "shown"),
    ):
        setattr(recorder, name, deque(maxlen=10))
    seen: list[int] = []
    for hour in (2, 23):
        world.clock.at(hour * 3600, lambda: seen.append(gc.collect() * 0 + sys.getallocatedblocks()))
    service.wait(world.run())
    assert world.clock.elapsed == 24 * 3600
    assert seen[1] - seen[0] < 100, "blocks of memory; a tick that kept one would have kept 1260"
