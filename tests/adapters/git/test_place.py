"""Where HEAD is, read from git's files: always what git itself would say, however the ref is kept."""

from __future__ import annotations

import pytest

from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.git_place import PLACE_WORDS, parse_place
from vis_tasks.adapters.process import SubprocessRunner


class Started(SubprocessRunner):
    """Keeps which git commands were started."""

    def __init__(self, env):
        super().__init__(base_env=env, trace=lambda line: self.lines.append(line.removeprefix("git ")))
        self.lines = []


@pytest.fixture
def started(repo):
    return Started(repo.env)


@pytest.fixture
def git(repo, started):
    return GitCli(started, repo.root, {})


def both(git, repo):
    """HEAD and branch as we say, and as git says."""
    ours = (git.head() or "", git.branch() or "")
    theirs = (
        repo.sh("rev-parse", "--verify", "--quiet", "HEAD", check=False),
        repo.sh("symbolic-ref", "--quiet", "--short", "HEAD", check=False),
    )
    return ours, theirs


def test_where_everything_is_takes_one_process_however_often_it_is_asked(git, repo, started):
    commit = repo.committed()
    for _ in range(3):
        assert git.is_repository()
        assert not git.is_shallow()
        assert git.prefix() == ""
        assert (git.head(), git.branch()) == (commit, "main")
        assert git.locks() == ()
    assert started.lines == [" ".join(PLACE_WORDS)]


def test_head_is_read_anew_when_somebody_else_moves_it(git, repo):
    first = repo.committed()
    assert git.head() == first
    second = repo.committed(text="more\n")
    assert git.head() == second
    repo.sh("switch", "--quiet", "--create", "other", first)
    assert (git.head(), git.branch()) == (first, "other")


def before_the_first_commit(repo):
    pass


def packed(repo):
    repo.committed()
    repo.sh("pack-refs", "--all")


def detached(repo):
    repo.sh("checkout", "--quiet", "--detach", repo.committed())


def on_a_branch_that_is_another_name(repo):
    repo.committed()
    repo.sh("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    repo.sh("symbolic-ref", "HEAD", "refs/heads/alias")


def below_folders(repo):
    repo.committed()
    repo.sh("switch", "--quiet", "--create", "releases/ünï/1.x")


def head_is_no_branch(repo):
    repo.sh("update-ref", "refs/other/x", repo.committed())
    repo.sh("symbolic-ref", "HEAD", "refs/other/x")


WAYS = [
    before_the_first_commit, packed, detached, on_a_branch_that_is_another_name, below_folders, head_is_no_branch
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda each: each.__name__)
def test_it_is_what_git_says(git, repo, way):
    way(repo)
    ours, theirs = both(git, repo)
    assert ours == theirs


def test_in_a_work_tree_of_its_own(repo, tmp_path):
    repo.committed()
    repo.sh("worktree", "add", "--quiet", "-b", "beside", str(tmp_path / "beside"))
    beside = GitCli(SubprocessRunner(base_env=repo.env), tmp_path / "beside", {})
    (tmp_path / "beside" / "file").write_text("changed\n")
    commit = beside.commit(["file"], "beside")
    assert (beside.head(), beside.branch()) == (commit, "beside")
    assert commit != repo.git.head()


def test_with_a_reftable_its_files_say_nothing(repo):
    repo.committed()
    (repo.top / ".git/HEAD").write_text("ref: refs/heads/.invalid\n")  # what stands there (git-init(1), --ref-format)
    place = parse_place(repo.sh(*PLACE_WORDS) + "\n", repo.root)
    assert place is not None
    assert place.head() is None


def test_a_tag_of_the_branchs_name_changes_nothing(git, repo):
    commit = repo.committed()
    repo.sh("tag", "main")
    assert (git.head(), git.branch()) == (commit, "main")


def test_an_answer_of_another_shape_is_none(tmp_path):
    assert parse_place("", tmp_path) is None
    assert parse_place("false\n\n/a\n/a\n/b\n", tmp_path) is None
