"""The lock: one release per machine and checkout."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.fakes import FakeClock, FakeMachine, MemoryFiles
from vis_tasks.errors import Failed, Locked
from vis_tasks.services.lock import STALE_AFTER, Lock

PATH = ".vis/release/.lock"


class Scene:
    def __init__(self):
        self.files, self.clock = MemoryFiles(), FakeClock()
        self.machine = FakeMachine(pid=1, host="here", running={7})

    def lock(self, pid=1, host="here"):
        self.machine.running.add(pid)
        return Lock(self.files, PATH, FakeMachine(pid, host, self.machine.running), self.clock)

    def left_behind(self, pid, host="here", *, age=timedelta(0), command="invoke release"):
        since = (self.clock.now() - age).isoformat()
        self.files.content[PATH] = json.dumps({"pid": pid, "host": host, "since": since, "command": command}).encode()

    def refusal(self):
        with pytest.raises(Locked) as caught, self.lock().held("invoke tag"):
            pass
        return caught.value


@pytest.fixture
def scene():
    return Scene()


def test_it_is_held_for_the_length_of_the_block(scene):
    with scene.lock().held("invoke release"):
        holder = scene.lock().holder()
        assert (holder.pid, holder.host, holder.command) == (1, "here", "invoke release")
    assert scene.lock().holder() is None


def test_it_is_given_back_after_an_error(scene):
    with pytest.raises(ZeroDivisionError), scene.lock().held("x"):
        raise ZeroDivisionError
    assert scene.lock().holder() is None


def test_where_it_can_not_be_removed_the_first_error_is_told(scene, monkeypatch):
    def refuse(path):
        raise Failed(f"{path} can't be removed")

    monkeypatch.setattr(scene.files, "delete", refuse)
    with pytest.raises(ZeroDivisionError), scene.lock().held("x"):
        raise ZeroDivisionError
    scene.files.content.clear()
    with pytest.raises(Failed, match=r"\.lock can't be removed"), scene.lock().held("x"):
        pass


def test_a_live_holder_is_named_with_age_command_and_the_way_out(scene):
    scene.left_behind(7, age=timedelta(minutes=12))
    error = scene.refusal()
    assert error.message == "another release is running here: process 7 on here, for 12 min (invoke release)"
    assert "invoke unlock" in error.hint
    assert PATH in error.hint
    assert error.exit_code == 4
    assert error.details == {"pid": 7, "host": "here"}


@pytest.mark.parametrize(
    ("age", "said"), [(5, "for 5 s"), (119, "for 119 s"), (120, "for 2 min"), (7199, "for 119 min"), (7200, "for 2 h")]
)
def test_ages_are_said_as_people_say_them(scene, age, said):
    scene.left_behind(7, age=timedelta(seconds=age))
    assert said in scene.refusal().message


def test_a_live_holder_on_this_host_never_goes_stale(scene):
    scene.left_behind(7, age=timedelta(days=3))
    scene.refusal()
    assert b'"pid": 7' in scene.files.content[PATH]


def test_a_holder_that_is_dead_on_this_host_is_swept_aside_at_once(scene):
    scene.left_behind(99)
    with scene.lock().held("x"):
        assert scene.lock().holder().pid == 1
    assert scene.lock().holder() is None


def test_a_lock_with_our_own_number_was_left_by_an_earlier_boot(scene):
    scene.left_behind(1, age=timedelta(seconds=3))
    with scene.lock(pid=1).held("x"):
        pass
    assert scene.lock().holder() is None


def test_a_holder_elsewhere_is_believed_for_an_hour(scene):
    scene.left_behind(99, "elsewhere", age=STALE_AFTER)
    assert "process 99 on elsewhere" in scene.refusal().message


def test_a_holder_elsewhere_is_swept_aside_after_an_hour(scene):
    scene.left_behind(99, "elsewhere", age=STALE_AFTER + timedelta(seconds=1))
    with scene.lock().held("x"):
        assert scene.lock().holder().host == "here"


def test_the_same_number_on_another_host_is_another_process(scene):
    scene.left_behind(1, "elsewhere")
    scene.refusal()


def test_a_damaged_lock_holds_nobody_up(scene):
    scene.files.content[PATH] = b"{"
    with scene.lock().held("x"):
        pass


def test_a_lock_that_somebody_else_took_meanwhile_is_not_given_back(scene):
    with scene.lock().held("x"):
        scene.left_behind(7)
    assert scene.lock().holder().pid == 7


def test_of_two_who_find_a_stale_lock_one_gets_it(scene):
    # The other one takes the stale lock over between our look and our sweep.
    scene.left_behind(99)
    lock = scene.lock()
    real = lock.stale

    def raced(holder):
        stale = real(holder)
        scene.left_behind(7)
        return stale

    lock.stale = raced
    with pytest.raises(Locked), lock.held("x"):
        pass
    assert scene.lock().holder().pid == 7


def test_breaking_it_tells_who_held_it(scene):
    scene.left_behind(7)
    assert scene.lock().break_().pid == 7
    assert scene.lock().break_() is None
    with scene.lock().held("x"):
        pass


def test_who_died_here_is_told_to_whoever_takes_over(scene):
    scene.left_behind(99, age=timedelta(minutes=5))
    with scene.lock().held("x") as died:
        assert died == scene.clock.now() - timedelta(minutes=5)


def test_it_is_not_forgotten_when_the_one_that_took_over_dies_too(scene):
    scene.left_behind(99, age=timedelta(minutes=5))
    first = scene.clock.now() - timedelta(minutes=5)
    scene.machine.running.add(8)
    taken = scene.lock(pid=8).held("x")
    taken.__enter__()
    scene.clock.advance(60)
    scene.machine.running.remove(8)
    with scene.lock().held("x") as died:
        assert died == first


def test_nobody_is_known_to_have_died_where_the_holder_was_elsewhere_or_there_was_none(scene):
    scene.left_behind(99, "elsewhere", age=STALE_AFTER * 2)
    with scene.lock().held("x") as died:
        assert died is None
    with scene.lock().held("x") as died:
        assert died is None
