"""A whole release over fakes: the books are closed however it ends, and killed at any boundary it ends well all the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.services.builders import build_world, change, package
from vis_tasks.errors import Failed, Locked
from vis_tasks.services.lock import Lock
from vis_tasks.services.release import graph_for, make_release

CHANGES = {"one": change("a", "major")}


class Killed(BaseException):
    """kill -9, as far as Python can play it."""


def world_of(tmp_path, **more):
    return build_world(
        tmp_path, package("a"), package("b", deps={"a": "^1.0.0"}), changes=CHANGES, env={"CI": "true"}, **more
    )


def live_before(world):
    """Both packages are out at 1.0.0."""
    from vis_tasks.ports import Live

    for name in ("a", "b"):
        world.registry.live_versions[name, "1.0.0"] = Live("sha512-x", "0" * 40)
    return world


def release(world, goal="release"):
    run = world.run()
    make_release(run, graph_for(world.config), (goal,), command=f"invoke {goal}")
    return run


def approve_all(world):
    for record in list(world.registry.records.values()):
        world.registry.approve(record.name, record.version)


def approving(world):
    """A maintainer who looks in every minute, whatever is staged by then."""
    for minute in range(1, 400):
        world.clock.at(60.0 * minute, lambda: approve_all(world))
    return world


def tags(world):
    return dict(world.repo.git.remote_refs("origin", "main").tags)


def assert_released_once(world):
    found = tags(world)
    assert set(found) == {"a@2.0.0", "b@1.0.1"}
    for commit in found.values():
        assert '"version": "2.0.0"' in world.repo.sh("show", f"{commit}:packages/a/package.json")
    assert sorted(upload[:2] for upload in world.registry.uploads) == [("a", "2.0.0"), ("b", "1.0.1")]
    assert world.state.empty
    assert world.repo.git.dirty() == ()
    assert world.repo.git.remote_refs("origin", "main").branch == world.repo.git.head()
    subjects = world.repo.sh("log", "--format=%s").splitlines()
    assert subjects.count("chore(release): version 2 packages") == 1
    changelog = (world.repo.root / "CHANGELOG.md").read_text()
    assert changelog.count("a@2.0.0") == changelog.count("b@1.0.1") == 1
    assert not world.run().state.has_journal()
    assert not (world.repo.root / ".vis/release/.lock").exists()


def test_change_file_to_tag_in_one_go(tmp_path):
    world = approving(live_before(world_of(tmp_path)))
    run = release(world)
    assert_released_once(world)
    assert [each.name for each in run.report.of("published")] == ["a", "b"]


def test_running_it_again_changes_nothing(tmp_path):
    world = approving(live_before(world_of(tmp_path)))
    release(world)
    head = world.repo.git.head()
    release(world)
    assert world.repo.git.head() == head
    assert_released_once(world)


def test_the_deadline_counts_from_the_end_of_the_last_upload(tmp_path):
    world = live_before(world_of(tmp_path, stage={"timeout": 600}))
    ends = []

    def slow(_tarball):
        world.clock.advance(3000)
        ends.append(world.clock.elapsed)

    world.registry.on_upload = slow
    release(world)
    assert world.clock.elapsed == pytest.approx(max(ends) + 600, abs=1)
    assert {each.reason for each in world.state.pending} == {"timeout"}


def test_timed_out_then_approved_behind_our_back_the_next_run_tags_the_original_commit(tmp_path):
    world = live_before(world_of(tmp_path))
    release(world)
    world.repo.sh("fetch", "--quiet", "origin")
    subject = world.repo.sh("log", "-1", "--format=%s", "origin/main")
    assert subject == "chore(release): record 2 pending stages [skip ci]"
    built = world.state.pending[0].commit
    approve_all(world)
    world.repo.committed("later")
    world.repo.sh("push", "--quiet", "origin", "main")
    release(world)
    assert tags(world) == {"a@2.0.0": built, "b@1.0.1": built}
    assert_released_once(world)


def test_a_failed_package_ends_with_its_name_after_the_books_are_closed(tmp_path):
    from vis_tasks.ports import Staged, StageOutcome

    world = live_before(world_of(tmp_path))
    world.registry.answer("stage", Staged(StageOutcome.REFUSED, why="no", code="E403"))
    with pytest.raises(Failed, match=r"a@2\.0\.0") as caught:
        release(world)
    assert caught.value.code == "INCOMPLETE"
    assert not (world.repo.root / ".vis/release/.lock").exists()


@pytest.mark.parametrize(
    "trouble", [Failed("boom"), ZeroDivisionError(), KeyboardInterrupt()], ids=lambda e: type(e).__name__
)
def test_whatever_ends_the_wait_what_is_staged_is_on_the_remote_and_the_lock_is_given_back(tmp_path, trouble):
    world = live_before(world_of(tmp_path))

    def end():
        raise trouble

    world.clock.at(100, end)
    with pytest.raises(type(trouble)):
        release(world)
    world.repo.sh("fetch", "--quiet", "origin")
    assert '"waiting"' in world.repo.sh("show", "origin/main:.vis/release/staged.json")
    assert not (world.repo.root / ".vis/release/.lock").exists()


def test_a_plan_touches_nothing(tmp_path):
    world = live_before(world_of(tmp_path))
    head = world.repo.git.head()
    run = world.run(plan_only=True)
    make_release(run, graph_for(world.config), ("release",), command="invoke release --plan-only")
    assert world.repo.git.head() == head
    assert world.repo.sh("status", "--porcelain", "--ignored") == ""
    assert world.registry.uploads == []
    assert "  would stage a@2.0.0" in world.console.of("line")


def test_while_somebody_holds_the_lock_nothing_is_looked_at(tmp_path):
    world = live_before(world_of(tmp_path))
    world.machine.running.add(99)
    other = replace(world.machine, pid=99)
    with Lock(world.tools.files, ".vis/release/.lock", other, world.clock).held("invoke release"):
        with pytest.raises(Locked):
            release(world)
        assert world.registry.requests == []


MUTATIONS = {
    "files": ("write", "create", "delete", "delete_tree"),
    "git": ("commit", "push", "tag", "reset", "move_to"),
    "registry": ("stage",),
}


def kill(world, monkeypatch, room, number, *, after):
    """Play a release that dies at its ``number``-th mutation of one kind; False when it ended before it came to that."""
    target = {"files": world.tools.files, "git": world.repo.git, "registry": world.registry}[room]
    count = 0

    def dying(real):
        def call(*args, **more):
            nonlocal count
            count += 1
            if count == number:
                if after:
                    real(*args, **more)
                raise Killed
            if count > number:
                raise Killed  # a dead process does nothing more
            return real(*args, **more)

        return call

    with monkeypatch.context() as patched:
        for name in MUTATIONS[room]:
            patched.setattr(target, name, dying(getattr(target, name)))
        try:
            release(world)
        except Killed:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("room", MUTATIONS)
def test_killed_at_every_boundary_the_next_run_ends_as_if_nothing_had_happened(tmp_path, monkeypatch, room, after):
    number, wrong = 0, []
    while True:
        number += 1
        world = approving(live_before(world_of(tmp_path / str(number))))
        killed = kill(world, monkeypatch, room, number, after=after)
        world.machine.pid += 1
        try:
            release(world)
            assert_released_once(world)
        except Exception as error:  # noqa: BLE001  (all of them are to be seen together)
            wrong.append(f"{room} {number}: {type(error).__name__}: {str(error)[:300]}")
        if not killed:
            break
    assert wrong == []
    assert number > {"files": 15, "git": 5, "registry": 2}[room]


def test_locks_that_the_git_of_a_killed_run_left_are_taken_away_before_anything_else(tmp_path):
    world = approving(live_before(world_of(tmp_path)))
    # Git's files have the real time, the world's clock its own: the dead run began before both.
    since = "2020-01-01T00:00:00.000Z"
    world.tools.files.write(
        ".vis/release/.lock",
        json.dumps({"pid": 99, "host": world.machine.host, "since": since, "command": "invoke release"}).encode(),
    )
    for name in ("index", "HEAD", "refs/heads/main", "refs/tags/a@2.0.0"):
        world.repo.put(f".git/{name}.lock", "")
    release(world)
    assert_released_once(world)
    assert "removed .git/index.lock: a git that was killed with an earlier run had left it" in world.console.of(
        "detail"
    )
