"""Work in the order of what needs what."""

from __future__ import annotations

import threading

import pytest

from vis_tasks.services.in_order import in_order


def all_of(_name: str) -> bool:
    return True


def test_each_has_its_turn_once_what_it_needs_is_done():
    ended: list[str] = []
    needs = {"app": {"lib", "free"}, "lib": {"base"}, "base": set(), "free": set()}

    def work(name: str) -> str:
        ended.append(name)
        return name.upper()

    results = in_order(needs, all_of, work, 4)
    assert results == {"app": "APP", "lib": "LIB", "base": "BASE", "free": "FREE"}
    assert ended.index("base") < ended.index("lib") < ended.index("app")
    assert ended.index("free") < ended.index("app")


def test_nobody_waits_for_what_it_does_not_need():
    went = threading.Event()
    needs = {"slow": set(), "base": set(), "app": {"base"}}

    def work(name: str) -> bool:
        if name == "app":
            went.set()
        return name != "slow" or went.wait(20)

    assert in_order(needs, all_of, work, 2) == {"slow": True, "base": True, "app": True}


def test_never_more_at_once_than_asked_for():
    now, most, lock, together = 0, 0, threading.Lock(), threading.Barrier(3)

    def work(_name: str) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait(20)
        with lock:
            now -= 1

    in_order({f"p{number}": set() for number in range(9)}, all_of, work, 3)
    assert most == 3


def test_one_that_is_passed_over_has_no_turn_and_lets_others_have_theirs():
    asked: list[str] = []

    def admit(name: str) -> bool:
        asked.append(name)
        return name != "lib"

    assert in_order({"app": {"lib"}, "lib": {"base"}, "base": set()}, admit, len, 1) == {"base": 4, "app": 3}
    assert asked == ["base", "lib", "app"]


def test_an_error_ends_it_and_nothing_new_begins():
    begun: list[str] = []

    def work(name: str) -> None:
        begun.append(name)
        if name == "p1":
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        in_order({f"p{number}": set() for number in range(20)} | {"last": {"p0"}}, all_of, work, 1)
    assert begun == ["p0", "p1"]


def test_what_is_under_way_ends_when_something_else_fails():
    failed, ended = threading.Event(), []

    def work(name: str) -> None:
        if name == "bad":
            failed.set()
            raise OSError
        failed.wait(20)
        ended.append(name)

    with pytest.raises(OSError):  # noqa: PT011
        in_order({"good": set(), "bad": set()}, all_of, work, 2)
    assert ended == ["good"]


def test_nothing_to_do_is_fine():
    assert in_order({}, all_of, len, 4) == {}
