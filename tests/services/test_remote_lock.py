"""The lock on the remote: two machines, one release; real git on both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeMachine
from tests.services.builders import build_world, package
from vis_tasks.adapters.git_refs import GitRefCell
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.errors import Failed, Interrupted, Locked
from vis_tasks.ports import PushStale
from vis_tasks.services.remote_lock import break_remote_lock, lock_ref, remote_lock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@pytest.fixture
def world(tmp_path):
    world = build_world(tmp_path, package("a"), remote_lock=True)
    world.tools = replace(
        world.tools, ref_cell=lambda remote, ref: GitRefCell(SubprocessRunner(), world.repo.top, remote, ref)
    )
    return world


def on(world, host, pid=7, alive=frozenset({7})):
    """A run on another machine."""
    return replace_tools(world.run(), machine=FakeMachine(pid=pid, host=host, running=set(alive)))


def replace_tools(run, **more):
    run.tools = replace(run.tools, **more)
    return run


KEPT: list[AbstractContextManager[None]] = []


@pytest.fixture(autouse=True)
def forget_the_dead():
    yield
    KEPT.clear()


def left_behind(run):
    """The lock as a killed process leaves it: taken, and never given back."""
    KEPT.append(remote_lock(run, "invoke release"))
    KEPT[-1].__enter__()


def on_remote(world):
    return world.repo.sh("ls-remote", "origin", "refs/vis/*")


def test_the_second_machine_is_refused_and_told_who_holds_it(world):
    with remote_lock(on(world, "one"), "invoke release"), pytest.raises(Locked) as caught:
        left_behind(on(world, "two"))
    assert "process 7 on one" in caught.value.message
    assert "invoke unlock" in caught.value.hint
    assert caught.value.exit_code == 4


def test_it_is_given_back_however_the_release_ends(world):
    def fail():
        with remote_lock(on(world, "one"), "invoke release"):
            assert lock_ref("main") in on_remote(world)
            raise Failed("something")

    with pytest.raises(Failed, match="something"):
        fail()
    assert on_remote(world) == ""
    with remote_lock(on(world, "two"), "invoke release"):
        pass


def test_a_dead_process_of_this_machine_holds_nothing(world):
    left_behind(on(world, "one", pid=7))
    with remote_lock(on(world, "one", pid=8, alive={8}), "invoke release"):
        pass
    assert on_remote(world) == ""


def test_a_holder_whose_time_is_over_holds_nothing(world):
    left_behind(on(world, "one"))
    run = on(world, "two")
    run.tools.clock.advance(run.release.publish.stage.timeout.total_seconds() + 3590)
    with pytest.raises(Locked):
        left_behind(run)
    run.tools.clock.advance(20)
    with remote_lock(run, "invoke release"):
        pass


def test_of_two_that_take_it_at_once_one_wins(world):
    first, second = (GitRefCell(SubprocessRunner(), world.repo.top, "origin", "refs/vis/lock/x") for _ in range(2))
    assert first.read() is None
    assert second.read() is None
    mine = first.swap(None, "first")
    assert isinstance(mine, str)
    assert isinstance(second.swap(None, "second"), PushStale)
    assert second.read() == (mine, "first")
    assert isinstance(second.swap("0" * 39 + "1", None), PushStale), "nor can it be taken away from what it isn't"
    assert first.swap(mine, None) is None
    assert second.read() is None


def test_unlock_takes_it_away(world):
    assert break_remote_lock(on(world, "two")) is None
    left_behind(on(world, "one"))
    holder = break_remote_lock(on(world, "two"))
    assert holder is not None
    assert holder.host == "one"
    assert on_remote(world) == ""


def test_a_lock_that_was_broken_is_not_taken_from_its_new_holder(world):
    with remote_lock(on(world, "one"), "invoke release"):
        break_remote_lock(on(world, "two"))
        left_behind(on(world, "two"))
    assert lock_ref("main") in on_remote(world)


def test_without_the_setting_nothing_is_asked(tmp_path):
    world = build_world(tmp_path, package("a"))
    with remote_lock(world.run(), "invoke release"):
        assert on_remote(world) == ""


def test_a_remote_that_takes_no_such_ref_says_so(world):
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'only branches' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Failed) as caught:
        left_behind(on(world, "one"))
    assert "only branches" in caught.value.message
    assert "remote-lock = false" in caught.value.hint


class InterruptedOnce(GitRefCell):
    """A cell whose first removal is cut off by a signal."""

    cut_off = False

    def swap(self, expected, content):
        if content is None and not self.cut_off:
            self.cut_off = True
            raise Interrupted("interrupted by SIGTERM", signal_number=15)
        return super().swap(expected, content)


def test_an_interrupt_while_it_is_given_back_ends_the_run_and_leaves_no_lock(world):
    run = replace_tools(
        world.run(), ref_cell=lambda remote, ref: InterruptedOnce(SubprocessRunner(), world.repo.top, remote, ref)
    )
    with pytest.raises(Interrupted), remote_lock(run, "invoke release"):
        assert on_remote(world)
    assert not on_remote(world)
