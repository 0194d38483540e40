"""unlock: a lock that was left behind goes, and what git left with it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest
from invoke.config import Config
from invoke.context import Context

from tests.adapters.repositories import Repository
from tests.planning.builders import package, write_workspace
from vis_tasks.tasks.house import unlock

LOCK = ".vis/release/.lock"
GITS = ".git/refs/tags/a@1.1.0.lock"


@pytest.fixture
def repo(tmp_path):
    made = Repository(tmp_path / "work")
    write_workspace(made.root, package("a"))
    made.committed("vis.toml", "")
    return made


def held(repo, *, host=None):
    """The lock of a process that has ended, and a lock of the git it was killed with."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    since = "2026-01-01T00:00:00.000Z"
    repo.put(LOCK, json.dumps({"pid": dead.pid, "host": host or socket.gethostname(), "since": since, "command": "x"}))
    repo.put(GITS, "")


def run(repo):
    unlock(Context(Config(overrides={"vis_tasks": {"root": str(repo.root)}})))


def test_without_a_lock_it_says_so(repo, capsys):
    run(repo)
    assert "there is no lock" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="only there can one see who is at work")
def test_the_lock_of_a_run_that_died_here_goes_with_what_its_git_left(repo, capsys):
    held(repo)
    run(repo)
    assert "removed the lock of process" in capsys.readouterr().out
    assert not (repo.root / LOCK).exists()
    assert not (repo.root / GITS).exists()


def test_of_a_run_elsewhere_nothing_is_known_and_locks_of_git_stay(repo, capsys):
    held(repo, host="elsewhere")
    run(repo)
    assert not (repo.root / LOCK).exists()
    assert (repo.root / GITS).exists()
