"""Chore commits: their words, their replay on a branch that moves, and that nothing is lost when they can't be pushed."""

from __future__ import annotations

import json

import pytest

from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending, render
from vis_tasks.errors import Failed, Refused
from vis_tasks.services.guard import guard
from vis_tasks.services.record import Chore, push_chores, record, staged_chore

STAGED = ".vis/release/staged.json"
MAIN = "HEAD:refs/heads/main"


@pytest.fixture
def world(tmp_path):
    return build_world(tmp_path, package("a"), package("b"), package("c"))


def save(world, state):
    world.run().state.save(state)


def subject(world, ref="origin/main"):
    world.repo.sh("fetch", "--quiet", "origin")
    return world.repo.sh("log", "-1", "--format=%s", ref)


def on_remote(world):
    world.repo.sh("fetch", "--quiet", "origin")
    return json.loads(world.repo.sh("show", f"origin/main:{STAGED}"))


def names(state):
    return [each.name for each in state.pending]


def somebody_pushes(world, state=None, name="theirs"):
    """Another clone pushes first: a file, or its own staged.json."""
    other = world.repo.clone(f"other-{name}")
    if state is None:
        other.committed(name)
    else:
        other.committed(STAGED, render(state))
    other.sh("push", "--quiet", "origin", "main")
    return other.git.head()


def close_remote(world, code=1):
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho 'protected branch' >&2\nexit {code}\n")
    hook.chmod(0o755)
    return hook


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (Pending().put(entry("a")), "chore(release): record 1 pending stage [skip ci]"),
        (Pending().put(entry("a")).put(entry("b")), "chore(release): record 2 pending stages [skip ci]"),
    ],
)
def test_the_words_count_what_is_pending(world, state, message):
    save(world, state)
    assert record(world.run())
    assert subject(world) == message
    assert world.repo.files_of("HEAD") == {STAGED}


def test_the_last_entry_gone_clears_the_registry(world):
    save(world, Pending().put(entry("a")))
    record(world.run())
    save(world, Pending())
    assert record(world.run())
    assert subject(world) == "chore(release): clear pending stage registry [skip ci]"
    assert not (world.repo.root / STAGED).exists()
    assert STAGED not in world.repo.sh("ls-tree", "-r", "--name-only", "origin/main")


def test_nothing_new_makes_no_commit(world):
    save(world, Pending().put(entry("a")))
    record(world.run())
    head = world.repo.git.head()
    world.clock.advance(3600)
    assert not record(world.run())
    assert world.repo.git.head() == head


def test_a_file_that_differs_by_its_time_alone_is_put_back(world):
    save(world, Pending().put(entry("a")))
    record(world.run())
    text = (world.repo.root / STAGED).read_text()
    (world.repo.root / STAGED).write_text(text.replace("12:00", "13:00", 1))
    assert not record(world.run())
    assert world.repo.git.dirty() == ()


def test_only_staged_json_is_committed_though_other_files_are_staged(world):
    world.repo.put("mine")
    world.repo.sh("add", "mine")
    save(world, Pending().put(entry("a")))
    record(world.run())
    assert world.repo.files_of("HEAD") == {STAGED}


def test_without_a_push_the_commit_stays_here(world):
    save(world, Pending().put(entry("a")))
    assert record(world.run(), push=False)
    assert subject(world, "HEAD") == "chore(release): record 1 pending stage [skip ci]"
    assert subject(world) == "work"


def test_a_stale_push_is_replayed_on_the_new_tip(world):
    theirs = somebody_pushes(world)
    save(world, Pending().put(entry("a")))
    record(world.run())
    assert world.repo.sh("rev-parse", "HEAD~1") == theirs
    assert on_remote(world)["pending"][0]["name"] == "a"
    assert (world.repo.root / "theirs").exists()
    assert world.clock.sleeps == [1.0]


def test_staged_json_is_merged_by_entry_and_never_by_text(world):
    save(world, Pending().put(entry("a")).put(entry("b")))
    record(world.run())
    theirs = Pending().put(entry("a", reason="timeout")).put(entry("b")).put(entry("c"))
    somebody_pushes(world, theirs)
    save(world, Pending().put(entry("a")).approve(entry("b")))
    record(world.run())
    merged = on_remote(world)
    assert [(each["name"], each["reason"]) for each in merged["pending"]] == [("a", "timeout"), ("c", "waiting")]
    assert [each["name"] for each in merged["approved"]] == ["b"]
    assert world.state == world.run().state.parse((world.repo.root / STAGED).read_bytes())


def test_a_merge_that_adds_nothing_to_theirs_makes_no_commit(world):
    save(world, Pending().put(entry("a")))
    record(world.run())
    tip = somebody_pushes(world, Pending().put(entry("a", reason="timeout")))
    save(world, Pending().put(entry("a", reason="timeout")))
    record(world.run())
    assert world.repo.git.head() == tip


def test_two_chores_are_replayed_together(world):
    somebody_pushes(world)
    save(world, Pending().put(entry("a")))
    run = world.run()

    def changelog():
        run.tools.files.write("CHANGELOG.md", b"wave\n")
        return ["CHANGELOG.md"]

    staged = staged_chore(run)
    assert staged
    push_chores(run, [Chore("chore(release): record wave [skip ci]", changelog), staged])
    assert world.repo.sh("log", "-3", "--format=%s", "origin/main").splitlines() == [
        "chore(release): record 1 pending stage [skip ci]",
        "chore(release): record wave [skip ci]",
        "work",
    ]


def beaten_every_time(world, monkeypatch):
    """Somebody pushes before each of our pushes."""
    real, count = world.repo.git.push, []

    def push(remote, refspecs, **how):
        count.append(1)
        somebody_pushes(world, name=f"theirs-{len(count)}")
        return real(remote, refspecs, **how)

    monkeypatch.setattr(world.repo.git, "push", push)
    return count


def test_after_five_tries_it_gives_up_and_nothing_is_lost(world, monkeypatch):
    save(world, Pending().put(entry("a")))
    with monkeypatch.context() as patched:
        count = beaten_every_time(world, patched)
        with pytest.raises(Failed) as caught:
            record(world.run())
    assert caught.value.code == "PUSH_FAILED"
    assert len(count) == 5
    assert world.clock.sleeps == [1, 2, 4, 8]
    assert names(world.state) == ["a"]
    assert subject(world, "HEAD") == "chore(release): record 1 pending stage [skip ci]"


def test_the_run_after_that_brings_it_home(world, monkeypatch):
    save(world, Pending().put(entry("a")))
    with monkeypatch.context() as patched:
        beaten_every_time(world, patched)
        with pytest.raises(Failed):
            record(world.run())
    run = world.run(reach=["guard", "version"])
    guard(run)
    assert names(world.state) == ["a"]
    assert record(run)
    assert on_remote(world)["pending"][0]["name"] == "a"


@pytest.mark.parametrize("moment", ["move_to", "commit"])
def test_killed_in_the_middle_of_a_replay_the_next_run_still_knows(world, monkeypatch, moment):
    class Killed(BaseException):
        pass

    somebody_pushes(world)
    save(world, Pending().put(entry("a")).bury("b", "1.0.0", "t"))
    calls = []
    real = getattr(world.repo.git, moment)

    def die(*args):
        calls.append(args)
        if moment == "commit" and len(calls) == 1:
            return real(*args)
        if moment == "move_to":
            real(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(world.repo.git, moment, die)
        with pytest.raises(Killed):
            record(world.run())
    run = world.run(reach=["guard", "version"])
    guard(run)
    record(run)
    assert names(world.state) == ["a"]
    assert world.state.is_rejected("b", "1.0.0")
    assert on_remote(world)["pending"][0]["name"] == "a"


class TestAGitThatIsKilledWhileItMovesTheTree:
    """A real one: it dies in a filter, between two files of theirs (gitattributes(5), smudge)."""

    @pytest.fixture
    def cut_off(self, world):
        other = world.repo.clone("other")
        for name in ("a-theirs", "b-theirs", "z-theirs"):
            other.put(name, "theirs\n")
        other.sh("add", "--all")
        other.sh("commit", "--quiet", "--message", "theirs")
        other.sh("push", "--quiet", "origin", "main")
        attributes = world.repo.put(".git/info/attributes", "z-theirs filter=deadly\n")
        world.repo.sh("config", "filter.deadly.smudge", "kill -9 $PPID")
        save(world, Pending().put(entry("a")))
        with pytest.raises(Failed) as caught:
            record(world.run())
        assert caught.value.code == "GIT_KILLED"
        attributes.unlink()
        assert "a-theirs" in world.repo.git.dirty(), "git had begun to write"
        return world

    def test_the_next_run_takes_the_half_back_and_moves_it_whole(self, cut_off):
        run = cut_off.run(reach=["guard", "version"])
        guard(run)
        assert record(run)
        assert [each["name"] for each in on_remote(cut_off)["pending"]] == ["a"]
        assert cut_off.repo.git.dirty() == ()
        assert (cut_off.repo.root / "z-theirs").read_text() == "theirs\n"

    def test_what_was_edited_since_is_kept_and_refused(self, cut_off):
        cut_off.repo.put("a-theirs", "mine\n")
        with pytest.raises(Refused) as caught:
            guard(cut_off.run(reach=["guard", "version"]))
        assert caught.value.details["paths"] == ["a-theirs"]
        assert (cut_off.repo.root / "a-theirs").read_text() == "mine\n"


def test_a_protected_branch_is_a_clear_error_that_keeps_the_commit(world):
    close_remote(world)
    save(world, Pending().put(entry("a")))
    with pytest.raises(Failed) as caught:
        record(world.run())
    assert caught.value.code == "PUSH_REFUSED"
    assert "protected branch" in caught.value.message
    assert "branch protection" in caught.value.hint
    assert names(world.state) == ["a"]
    assert world.clock.sleeps == []


def test_a_branch_that_was_rewritten_is_told_and_left_alone(world):
    other = world.repo.clone("other")
    other.sh("commit", "--quiet", "--amend", "--message", "rewritten")
    other.sh("push", "--quiet", "--force", "origin", "main")
    save(world, Pending().put(entry("a")))
    with pytest.raises(Failed) as caught:
        record(world.run())
    assert caught.value.code == "DIVERGED"
    assert names(world.state) == ["a"]
