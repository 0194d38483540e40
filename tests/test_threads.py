"""A few threads: results in their order, errors where they are asked for, nothing begun after the end."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from vis_tasks.threads import Crew, all_of


def test_results_come_in_the_order_of_the_things():
    barrier = threading.Barrier(3, timeout=30)

    def work(number: int) -> int:
        barrier.wait()  # all three are at work at once
        return number * 2

    assert all_of(work, [3, 1, 2], 3) == [6, 2, 4]


def test_one_thing_takes_no_thread():
    assert all_of(lambda _: threading.current_thread(), ["one"], 8) == [threading.current_thread()]


def test_no_more_than_so_many_are_at_work_at_once():
    seen: set[threading.Thread] = set()
    both = threading.Barrier(2, timeout=30)

    def work(_: int) -> None:
        both.wait()
        seen.add(threading.current_thread())

    all_of(work, range(20), 2)
    assert len(seen) == 2


def test_the_first_error_in_their_order_is_raised_and_nothing_new_begins():
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise KeyError(number)
        release.wait(30)

    release = threading.Event()
    with pytest.raises(KeyError):
        all_of(work, range(1000), 2)
    release.set()
    assert len(begun) < 1000


def test_with_wait_what_is_under_way_has_ended():
    go_on, begun = threading.Event(), threading.Event()
    ended: list[str] = []

    def work(what: str) -> None:
        if what == "fails":
            begun.wait(30)
            threading.Timer(0.01, go_on.set).start()
            raise KeyError(what)
        begun.set()
        go_on.wait(30)
        ended.append(what)

    with pytest.raises(KeyError):
        all_of(work, ["fails", "takes long"], 2, wait=True)
    assert ended == ["takes long"]


def test_what_was_not_begun_when_it_stopped_has_no_result():
    crew = Crew(str, [1, 2], 1)
    crew.stop()
    with pytest.raises(RuntimeError, match="stopped"):
        crew.of(1)


def test_what_nobody_waits_for_does_not_keep_the_program_from_ending():
    code = (
        "import threading; from vis_tasks.threads import Crew; Crew(lambda _: threading.Event().wait(), [1], 1).begin()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_a_release_loads_no_logging_for_its_threads():
    code = "import sys; import vis_tasks.services.release; sys.exit(bool({'logging', 'traceback', 'queue'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
