"""The system's clock, signals, and the fake that stands in for it elsewhere."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from vis_tasks.adapters.clock import SystemClock, signals_interrupt
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


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_sleep_with_its_exit_code(clock, number, code):
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))

    def wait():
        with signals_interrupt("run it again"):
            timer.start()
            clock.sleep(30)

    before = time.monotonic()
    with pytest.raises(Interrupted) as caught:
        wait()
    timer.join()
    assert time.monotonic() - before < 10
    assert caught.value.exit_code == code
    assert caught.value.hint == "run it again"


def test_a_second_signal_does_not_cut_the_clean_up_short():
    finished = []

    def work():
        with signals_interrupt():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(5)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                finished.append("state written")

    with pytest.raises(Interrupted):
        work()
    assert finished == ["state written"]


def test_former_handlers_come_back():
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with signals_interrupt():
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_interrupt():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_signals_are_left_alone():
    failures = []

    def work():
        try:
            with signals_interrupt():
                pass
        except ValueError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failures == []


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
