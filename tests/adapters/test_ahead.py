"""What is begun ahead is done once, beside everything else, and its trouble shows where the result is asked for."""

from __future__ import annotations

from threading import Event, get_ident

import pytest

from vis_tasks.adapters.ahead import Ahead


def test_it_is_done_once_and_in_a_thread_of_its_own():
    seen: list[int] = []

    def work() -> str:
        seen.append(get_ident())
        return "done"

    ahead = Ahead(work)
    ahead.begin()
    ahead.begin()
    assert [ahead(), ahead()] == ["done", "done"]
    assert len(seen) == 1
    assert seen[0] != get_ident()


def test_beginning_does_not_wait():
    go = Event()
    ahead = Ahead(lambda: go.wait(10))
    ahead.begin()
    go.set()
    assert ahead()


def test_what_goes_wrong_is_raised_where_it_is_asked_for():
    def broken() -> None:
        msg = "no npm"
        raise ValueError(msg)

    ahead = Ahead(broken)
    ahead.begin()
    for _ in range(2):
        with pytest.raises(ValueError, match="no npm"):
            ahead()


def test_without_a_beginning_it_is_done_when_it_is_asked_for():
    assert Ahead(get_ident)() == get_ident()
