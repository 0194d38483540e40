"""The system's clock, and the fake that stands in for it elsewhere."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from vis_tasks.adapters.clock import SystemClock
from vis_tasks.errors import Interrupted

if TYPE_CHECKING:
    from vis_tasks.ports import Clock


@pytest.fixture
def clock() -> Clock:
    return SystemClock()


def test_now_knows_its_zone(clock):
    assert clock.now().tzinfo is UTC


def test_sleep_waits_as_long_as_asked(clock):
    before = clock.monotonic()
    clock.sleep(0.02)
    assert clock.monotonic() - before >= 0.02


def test_sleeping_a_negative_time_is_no_error(clock):
    clock.sleep(-1)


def test_a_signal_whose_handler_raises_ends_a_sleep(clock):
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        clock.sleep(30)
    timer.join()
    assert time.monotonic() - before < 10


def test_the_fake_moves_by_sleeping_and_runs_plans_at_their_moment():
    clock = FakeClock()
    seen = []
    clock.at(10, lambda: seen.append(clock.elapsed)).at(5, lambda: seen.append(clock.elapsed))
    clock.sleep(4)
    assert seen == []
    clock.sleep(20)
    assert seen == [5, 10]
    assert clock.elapsed == 24
    assert clock.sleeps == [4, 20]
    assert (clock.now() - clock.start).total_seconds() == 24


def test_a_plan_of_the_fake_that_raises_ends_the_sleep_there():
    clock = FakeClock()

    def ring():
        raise Interrupted("rung", signal_number=15)

    clock.at(7, ring)
    with pytest.raises(Interrupted):
        clock.sleep(100)
    assert clock.elapsed == 7
