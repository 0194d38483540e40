"""Repositories with and without a remote."""

from __future__ import annotations

import pytest

from tests.adapters.repositories import MAIN, Repository, bare
from vis_tasks.ports import Pushed


@pytest.fixture
def repo(tmp_path):
    return Repository(tmp_path / "work")


@pytest.fixture
def remote(repo, tmp_path):
    return bare(tmp_path, repo)


@pytest.fixture
def pushed(repo, remote):
    """A repository whose first commit is on the remote."""
    repo.committed()
    assert repo.git.push("origin", [MAIN]) == Pushed()
    return repo


@pytest.fixture
def nested(tmp_path):
    """A workspace in a subfolder of its repository, with a name that is also a glob."""
    found = Repository(tmp_path / "work", root="libs/[js]")
    found.sh("commit", "--quiet", "--allow-empty", "--message", "first")
    return found
