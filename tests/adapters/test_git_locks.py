"""Locks that a killed git leaves, made by killing a real git while it holds them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.adapters.repositories import Repository, bare
from vis_tasks.adapters.git_locks import at_work, find_locks, sweep_locks
from vis_tasks.errors import Failed
from vis_tasks.ports import PushRefused, PushStale

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="only there can one see who is at work")
BEGAN = datetime.now(UTC) - timedelta(seconds=1)


@pytest.fixture
def repo(tmp_path):
    made = Repository(tmp_path / "work")
    made.committed()
    return made


def deadly(repo):
    """From now on git is killed while it reads a file called ``*.deadly``: it holds the index then (gitattributes(5), filter)."""
    repo.put(".git/info/attributes", "*.deadly filter=deadly\n")
    repo.sh("config", "filter.deadly.clean", "kill -9 $PPID; cat")


def killed_git(repo):
    """What a killed git leaves."""
    deadly(repo)
    repo.put("a.deadly")
    repo.sh("add", "a.deadly", check=False)
    (repo.root / "a.deadly").unlink()
    lock = repo.top / ".git/index.lock"
    assert lock.is_file()
    return lock


class Pauses:
    """Waits for nothing, and does something meanwhile."""

    def __init__(self, *happening):
        self.happening = list(happening)

    def __call__(self, seconds):
        if self.happening:
            self.happening.pop(0)()


@pytest.fixture
def sleeper():
    """Starts git processes that go on until the test ends."""
    running = []

    def start(folder, repo):
        process = subprocess.Popen(["git", "cat-file", "--batch"], cwd=folder, env=repo.env, stdin=subprocess.PIPE)
        running.append(process)
        return process

    yield start
    for process in running:
        process.communicate()


@needs_proc
def test_what_a_killed_git_of_a_dead_run_left_is_taken_away(repo):
    lock = killed_git(repo)
    assert repo.git.locks() == (".git/index.lock",)
    assert repo.git.sweep(BEGAN, Pauses()) == (".git/index.lock",)
    assert not lock.exists()
    assert repo.git.commit(["file2"], "nothing there") is None
    repo.put("file2")
    assert repo.git.commit(["file2"], "goes on") == repo.git.head()


@needs_proc
def test_a_git_of_ours_that_is_killed_is_told_and_tidied_up_after_at_once(repo):
    deadly(repo)
    repo.put("a.deadly")
    with pytest.raises(Failed) as caught:
        repo.git.commit(["a.deadly"], "never made")
    assert caught.value.code == "GIT_KILLED"
    assert caught.value.message == "git update-index was killed by signal 9; removed the lock it left: .git/index.lock"
    assert "run again" in caught.value.hint
    assert repo.git.locks() == ()


def test_a_killed_git_has_answered_nothing(repo):
    repo.sh("config", "core.fsmonitor", "")
    repo.sh("config", "alias.cat-file", "")
    program = repo.top.parent / "bin"
    program.mkdir()
    (program / "git").write_text("#!/bin/sh\nkill -9 $$\n")
    (program / "git").chmod(0o755)
    repo.env["PATH"] = f"{program}{os.pathsep}{repo.env['PATH']}"
    for question in (repo.git.is_repository, repo.git.head, lambda: repo.git.has_commit("HEAD")):
        with pytest.raises(Failed) as caught:
            question()
        assert caught.value.code == "GIT_KILLED"


def test_a_lock_in_the_way_is_told_with_its_path_and_the_way_out(repo):
    killed_git(repo)
    repo.put("b")
    with pytest.raises(Failed) as caught:
        repo.git.commit(["b"], "stopped")
    assert caught.value.code == "GIT_LOCKED"
    assert caught.value.message == (
        "git update-index found .git/index.lock in its way: another git is at work in this checkout, or one was killed"
    )
    assert "delete it and run again" in caught.value.hint
    (repo.top / ".git/index.lock").unlink()
    assert repo.git.commit(["b"], "goes on")


@pytest.mark.parametrize(
    ("ref", "change"),
    [
        ("refs/tags/v1", lambda git: git.tag("v1", git.head(), "one")),
        ("refs/heads/main", lambda git: git.commit(["file2"], "stopped")),
    ],
)
def test_so_is_a_lock_of_a_ref(repo, ref, change):
    repo.put("file2")
    repo.put(f".git/{ref}.lock", "")
    assert repo.git.locks() == (f".git/{ref}.lock",)
    with pytest.raises(Failed) as caught:
        change(repo.git)
    assert caught.value.code == "GIT_LOCKED"
    assert f".git/{ref}.lock" in caught.value.message


def test_a_lock_on_the_remote_is_the_remotes_affair(repo, tmp_path):
    remote = bare(tmp_path, repo)
    (remote / "refs/heads/main.lock").write_text("")
    answer = repo.git.push("origin", ["HEAD:refs/heads/main"])
    assert isinstance(answer, PushRefused | PushStale)


@needs_proc
@pytest.mark.parametrize(
    "name",
    [
        "HEAD",
        "packed-refs",
        "config",
        "shallow",
        "ORIG_HEAD",
        "next-index-77",
        "refs/heads/main",
        "refs/tags/@a/b@1.0.0",
    ],
)
def test_every_kind_of_lock_is_found_and_swept(repo, name):
    lock = repo.put(f".git/{name}.lock", "")
    assert repo.git.sweep(BEGAN, Pauses()) == (f".git/{name}.lock",)
    assert not lock.exists()


def test_a_lock_on_what_a_release_never_changes_is_in_nobodys_way(repo):
    for name in ("config", "shallow", "ORIG_HEAD", "next-index-77"):
        repo.put(f".git/{name}.lock", "")
    assert repo.git.locks() == ()


def test_what_only_looks_like_a_lock_stays(repo):
    package = repo.put("package.lock")
    other = repo.put(".git/lfs/lock.lock")
    assert repo.git.sweep(BEGAN, Pauses()) == ()
    assert package.exists()
    assert other.exists()


def test_one_from_before_the_dead_run_stays(repo):
    lock = killed_git(repo)
    assert repo.git.sweep(datetime.now(UTC) + timedelta(seconds=5), Pauses()) == ()
    assert lock.exists()


@needs_proc
def test_while_a_git_is_at_work_here_everything_stays(repo, sleeper):
    lock = killed_git(repo)
    repo.put("sub/file")
    process = sleeper(repo.root / "sub", repo)
    assert repo.git.users() == (process.pid,)
    assert repo.git.sweep(BEGAN, Pauses()) == ()
    assert lock.exists()


@needs_proc
def test_one_that_outlived_its_run_is_waited_for(repo, sleeper):
    killed_git(repo)
    process = sleeper(repo.root, repo)

    def ends():
        process.communicate()

    assert repo.git.sweep(BEGAN, Pauses(lambda: None, ends)) == (".git/index.lock",)


@needs_proc
def test_a_git_elsewhere_is_nobody_here(repo, sleeper, tmp_path):
    killed_git(repo)
    other = Repository(tmp_path / "other")
    sleeper(other.root, other)
    assert repo.git.users() == ()
    assert repo.git.sweep(BEGAN, Pauses()) == (".git/index.lock",)


@needs_proc
def test_one_that_names_this_repository_from_elsewhere_is_at_work_here(repo, tmp_path):
    argv = ["git", f"--git-dir={repo.top / '.git'}", "cat-file", "--batch"]
    with subprocess.Popen(argv, cwd=tmp_path, env=repo.env, stdin=subprocess.PIPE) as process:
        assert repo.git.users() == (process.pid,)


@needs_proc
def test_a_lock_that_another_program_has_open_stays(repo):
    lock = killed_git(repo)
    code = f"f = open({str(lock)!r}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert repo.git.sweep(BEGAN, Pauses()) == ()
    assert lock.exists()
    assert repo.git.sweep(BEGAN, Pauses()) == (".git/index.lock",)


@needs_proc
@pytest.mark.parametrize("how", ["written to", "replaced"])
def test_a_lock_that_changes_meanwhile_is_somebodys(repo, how):
    lock = killed_git(repo)

    def changes():
        if how == "replaced":
            lock.unlink()
        lock.write_bytes(b"more")

    assert repo.git.sweep(BEGAN, Pauses(changes)) == ()
    assert lock.read_bytes() == b"more"


def test_where_processes_can_not_be_seen_everything_stays(repo, tmp_path, monkeypatch):
    monkeypatch.setattr("vis_tasks.adapters.git_locks._PROC", tmp_path / "none")
    lock = killed_git(repo)
    assert at_work([repo.top]) is None
    assert repo.git.sweep(BEGAN, Pauses()) == ()
    assert lock.exists()


@needs_proc
def test_in_a_linked_work_tree_its_own_index_counts_and_not_its_neighbours(repo, tmp_path):
    repo.sh("worktree", "add", "--quiet", "../linked", "-b", "next")
    linked = Repository.__new__(Repository)
    linked.__dict__.update(repo.__dict__, top=tmp_path / "linked", root=tmp_path / "linked")
    linked.git = type(repo.git)(repo.git._runner, tmp_path / "linked", {})
    neighbours = killed_git(repo)
    own = repo.put(".git/worktrees/linked/index.lock", "")
    shared = repo.put(".git/packed-refs.lock", "")
    assert len(linked.git.locks()) == 2
    assert len(linked.git.sweep(BEGAN, Pauses())) == 2
    assert neighbours.exists()
    assert not own.exists()
    assert not shared.exists()


def test_outside_a_repository_there_is_nothing_to_find(tmp_path):
    assert find_locks(()) == ()
    assert sweep_locks((), (), time.time(), Pauses()) == ()
