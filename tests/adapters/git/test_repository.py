"""What git says of a repository: its branch, what is dirty, who commits, where its remote is."""

from __future__ import annotations

import pytest

from tests.adapters.repositories import Repository
from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.process import SubprocessRunner


def test_a_folder_outside_any_repository_is_none(tmp_path):
    env = Repository(tmp_path / "elsewhere").env
    assert not GitCli(SubprocessRunner(base_env=env), tmp_path, {}).is_repository()


def test_a_work_tree_is_a_repository_and_a_bare_one_is_not(repo, remote):
    assert repo.git.is_repository()
    assert not GitCli(SubprocessRunner(base_env=repo.env), remote, {}).is_repository()


def test_head_is_none_before_the_first_commit_and_its_id_after(repo):
    assert repo.git.head() is None
    commit = repo.committed()
    assert repo.git.head() == commit


def test_the_branch_checked_out(repo):
    assert repo.git.branch() == "main"
    repo.committed()
    repo.sh("switch", "--quiet", "--create", "feature/x")
    assert repo.git.branch() == "feature/x"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, None),
        ({"CI_COMMIT_BRANCH": "main"}, "main"),
        ({"GITHUB_REF_NAME": "next", "GITHUB_REF_TYPE": "branch"}, "next"),
        ({"GITHUB_REF_NAME": "v1.0.0", "GITHUB_REF_TYPE": "tag"}, None),
    ],
)
def test_on_a_detached_head_the_branch_is_the_one_ci_names(repo, env, expected):
    repo.sh("checkout", "--quiet", "--detach", repo.committed())
    assert GitCli(SubprocessRunner(base_env=repo.env), repo.root, env).branch() == expected


def test_a_branch_checked_out_wins_over_what_ci_names(repo):
    repo.committed()
    assert GitCli(SubprocessRunner(base_env=repo.env), repo.root, {"CI_COMMIT_BRANCH": "x"}).branch() == "main"


def test_dirty_names_changed_staged_deleted_and_untracked_files_from_the_top(nested):
    nested.put("changed"), nested.put("deleted"), nested.put("kept")
    nested.sh("add", "--all"), nested.sh("commit", "--quiet", "--message", "files")
    nested.put("changed", "other\n"), nested.put("new folder/Ünïcode")
    (nested.root / "deleted").unlink()
    nested.put("staged")
    nested.sh("add", "libs")
    assert nested.git.dirty() == tuple(
        sorted(f"libs/[js]/{name}" for name in ("changed", "deleted", "new folder/Ünïcode", "staged"))
    )


def test_a_renamed_file_is_dirty_under_both_names(repo):
    repo.committed("old", "a long enough text\n")
    repo.sh("mv", "old", "new")
    assert repo.git.dirty() == ("new", "old")


def test_what_is_ignored_is_not_dirty(repo):
    repo.committed(".gitignore", "dist/\n")
    repo.put("dist/x")
    assert repo.git.dirty() == ()


def test_the_prefix_is_where_the_workspace_stands(repo, nested, tmp_path):
    assert nested.git.prefix() == "libs/[js]/"
    assert Repository(tmp_path / "other").git.prefix() == ""


def test_the_identity_is_the_configured_one(repo):
    assert repo.git.identity() == "Ada <ada@example.test>"


def test_without_a_name_there_is_no_identity(tmp_path):
    repo = Repository(tmp_path / "work", identity=False)
    repo.sh("config", "user.useConfigOnly", "true")
    assert repo.git.identity() is None


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("GITHUB_ACTIONS", "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"),
        ("GITLAB_CI", "gitlab-ci <gitlab-ci@users.noreply.localhost>"),
    ],
)
def test_on_ci_without_a_name_commits_and_tags_carry_the_ci_bot(tmp_path, flag, expected):
    repo = Repository(tmp_path / "work", identity=False, env={flag: "true"})
    repo.sh("config", "user.useConfigOnly", "true")
    assert repo.git.identity() == expected
    repo.put("a")
    commit = repo.git.commit(["a"], "by the bot")
    assert commit
    repo.git.tag("v1", commit, "by the bot")
    assert repo.sh("log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{expected}|{expected}"
    assert expected in repo.sh("cat-file", "tag", "v1")


def test_a_configured_name_wins_over_the_ci_bot(tmp_path):
    repo = Repository(tmp_path / "work", env={"GITHUB_ACTIONS": "true"})
    assert repo.git.identity() == "Ada <ada@example.test>"


def test_a_remote_has_an_address_or_is_none(repo, remote):
    assert repo.git.remote_url("origin") == str(remote)
    assert repo.git.remote_url("upstream") is None
