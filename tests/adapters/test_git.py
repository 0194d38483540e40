"""Git, on real repositories with real remotes."""

from __future__ import annotations

import socket

import pytest

from tests.adapters.repositories import Repository, bare
from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed, PushRefused, PushStale, RemoteRefs

MAIN = "HEAD:refs/heads/main"


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


def test_remote_refs_are_the_branch_and_all_tags_with_annotated_ones_peeled(pushed):
    first = pushed.git.head()
    pushed.sh("tag", "light")
    pushed.git.tag("@acme/core@1.0.0", first, "annotated")
    second = pushed.committed("other")
    pushed.git.push("origin", [MAIN, "refs/tags/light", "refs/tags/@acme/core@1.0.0"])
    assert pushed.git.remote_refs("origin", "main") == RemoteRefs(second, {"light": first, "@acme/core@1.0.0": first})


def test_a_branch_of_a_similar_name_is_not_the_branch(pushed):
    pushed.git.push("origin", ["HEAD:refs/heads/x/main"])
    pushed.git.push("origin", ["HEAD:refs/heads/x/refs/heads/y"])
    assert pushed.git.remote_refs("origin", "x").branch is None
    assert pushed.git.remote_refs("origin", "y").branch is None


def test_an_empty_remote_has_no_refs(repo, remote):
    assert repo.git.remote_refs("origin", "main") == RemoteRefs(None, {})


def test_a_remote_that_is_not_there_is_an_error_with_gits_words(repo):
    repo.sh("remote", "add", "origin", "/nowhere/at/all.git")
    with pytest.raises(Failed, match=r"does not appear to be a git repository|does not exist"):
        repo.git.remote_refs("origin", "main")


def test_local_tags_point_at_commits(repo):
    commit = repo.committed()
    repo.git.tag("@acme/core@1.0.0", commit, "annotated")
    repo.sh("tag", "light")
    assert repo.git.local_tags() == {"@acme/core@1.0.0": commit, "light": commit}


def test_a_file_is_read_as_it_stood_in_a_commit(nested):
    nested.put("a.json", "{}\r\n")
    old = nested.git.commit(["a.json"], "one")
    nested.put("a.json", "changed")
    assert nested.git.read(old, "a.json") == b"{}\r\n"
    assert nested.git.read(old, "b.json") is None
    assert nested.git.read("0" * 40, "a.json") is None


def test_a_file_of_any_bytes_is_read_byte_for_byte(repo):
    content = b"caf\xe9\r\n\x00\xff"
    repo.put("file").write_bytes(content)
    repo.sh("add", "--all")
    repo.sh("commit", "--quiet", "--message", "work")
    assert repo.git.read("HEAD", "file") == content


class TestCommitOnto:
    def test_it_changes_nothing_that_is_checked_out(self, repo):
        head = repo.committed("file")
        repo.put("mine")
        repo.sh("add", "mine")
        made = repo.git.commit_onto(None, {"main/staged.json": b"{}\n"}, "first")
        assert repo.git.head() == head
        assert repo.sh("diff", "--cached", "--name-only") == "mine"
        assert repo.sh("ls-tree", "-r", "--name-only", made) == "main/staged.json"
        assert repo.sh("log", "--format=%s", made) == "first"

    def test_it_keeps_what_the_parent_had(self, repo):
        repo.committed("file")
        first = repo.git.commit_onto(None, {"a": b"1", "b": b"caf\xe9"}, "first")
        second = repo.git.commit_onto(first, {"a": b"2"}, "second")
        assert repo.sh("rev-parse", f"{second}^") == first
        assert [repo.git.read(second, name) for name in ("a", "b")] == [b"2", b"caf\xe9"]

    def test_paths_are_relative_to_the_workspace(self, nested):
        made = nested.git.commit_onto(None, {"main/a": b"1"}, "first")
        assert nested.git.read(made, "main/a") == b"1"
        assert nested.sh("ls-tree", "-r", "--name-only", made) == "libs/[js]/main/a"


def test_commits_touching_are_newest_first_and_first_parent_only(repo):
    one = repo.committed("a", "1\n")
    repo.committed("b")
    repo.sh("switch", "--quiet", "--create", "side")
    repo.committed("a", "2\n")
    repo.sh("switch", "--quiet", "main")
    repo.committed("c")
    repo.sh("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    merge = repo.git.head()
    assert repo.git.commits_touching("a", limit=10) == (merge, one)
    assert repo.git.commits_touching("a", limit=1) == (merge,)
    assert repo.git.commits_touching("nowhere", limit=10) == ()


def test_the_history_of_many_paths_is_that_of_each(nested):
    for path in ("libs/a b/package.json", "libs/ä/package.json", "other/package.json"):
        nested.committed(path, "1\n")
    nested.committed("libs/ä/package.json", "2\n")
    nested.sh("switch", "--quiet", "--create", "side")
    nested.committed("other/package.json", "2\n")
    nested.sh("switch", "--quiet", "-")
    nested.sh("merge", "--quiet", "--no-ff", "--message", "merge", "side")
    paths = ["libs/a b/package.json", "libs/ä/package.json", "other/package.json", "nowhere"]
    found = nested.git.history_of(paths, limit=10)
    assert found == {path: nested.git.commits_touching(path, limit=10) for path in paths}
    assert [len(found[path]) for path in paths] == [1, 2, 2, 0]


def test_many_files_are_read_as_each_would_be(nested):
    first = nested.committed("a b", "1\n")
    made = nested.git.commit_onto(first, {"latin": b"caf\xe9", "empty": b"", "no newline": b"x\ny"}, "more")
    places = [
        (made, "latin"),
        (first, "latin"),
        (made, "empty"),
        (made, "no newline"),
        (first, "a b"),
        (made, "nowhere"),
    ]
    assert list(nested.git.read_many(places)) == [nested.git.read(*place) for place in places]


def test_removed_files_are_named_relative_to_the_workspace(nested):
    nested.put(".vis/release/one.md"), nested.put(".vis/release/two.md"), nested.put("other.md")
    nested.git.commit([".vis/release/one.md", ".vis/release/two.md", "other.md"], "add")
    for path in (".vis/release/one.md", "other.md"):
        (nested.root / path).unlink()
    commit = nested.git.commit([".vis/release/one.md", "other.md"], "remove")
    assert nested.git.removed_in(commit, ".vis/release") == (".vis/release/one.md",)


def test_a_merge_removes_what_its_first_parent_still_had(repo):
    repo.committed("changes/one.md")
    repo.sh("switch", "--quiet", "--create", "version-pr")
    (repo.root / "changes/one.md").unlink()
    repo.committed("package.json")
    repo.sh("switch", "--quiet", "main")
    repo.committed("else")
    repo.sh("merge", "--quiet", "--no-ff", "--message", "merge", "version-pr")
    assert repo.git.removed_in(repo.git.head(), "changes") == ("changes/one.md",)


def test_subjects_are_newest_first(repo):
    first = repo.committed("a", message="first")
    second = repo.committed("b", message="second: with\ttab")
    third = repo.committed("c", message="third")
    assert repo.git.subjects(first, "HEAD") == ((third, "third"), (second, "second: with\ttab"))
    assert [commit for commit, _ in repo.git.subjects(None, "HEAD")] == [third, second, first]


def test_ancestry(repo):
    first, second = repo.committed("a"), repo.committed("b")
    assert repo.git.contains(first, second)
    assert repo.git.contains(first, first)
    assert not repo.git.contains(second, first)
    assert not repo.git.contains("0" * 40, first)


def test_a_commit_is_here_or_not(repo):
    commit = repo.committed()
    assert repo.git.has_commit(commit)
    assert not repo.git.has_commit("0" * 40)
    assert not repo.git.has_commit(repo.sh("rev-parse", "HEAD^{tree}"))


class TestCommit:
    def test_it_takes_exactly_these_paths_though_others_are_staged(self, repo):
        repo.committed("mine"), repo.committed("theirs"), repo.committed("unstaged")
        for name in ("mine", "theirs", "unstaged"):
            repo.put(name, "changed\n")
        repo.sh("add", "theirs")
        commit = repo.git.commit(["mine"], "only mine")
        assert repo.files_of(commit) == {"mine"}
        assert repo.sh("diff", "--cached", "--name-only") == "theirs"
        assert repo.sh("diff", "--name-only") == "unstaged"

    def test_it_adds_changes_and_deletes_in_one(self, repo):
        repo.committed("changed"), repo.committed("deleted")
        repo.put("changed", "x"), repo.put("new/file"), (repo.root / "deleted").unlink()
        commit = repo.git.commit(["changed", "new/file", "deleted", "never/was"], "all kinds")
        assert repo.files_of(commit) == {"changed", "new/file", "deleted"}
        assert repo.git.dirty() == ()

    def test_nothing_changed_makes_no_commit(self, repo):
        before = repo.committed("a")
        repo.put("a")
        assert repo.git.commit(["a", "never/was"], "empty") is None
        assert repo.git.commit([], "empty") is None
        assert repo.git.head() == before

    def test_a_deletion_that_a_killed_commit_had_staged_already_is_committed(self, repo):
        repo.committed("staged.json")
        repo.sh("rm", "--quiet", "staged.json")
        commit = repo.git.commit(["staged.json"], "clear")
        assert commit is not None
        assert repo.files_of(commit) == {"staged.json"}

    def test_paths_are_paths_and_never_patterns(self, nested):
        nested.put("a/x")
        nested.git.commit(["a/x"], "a path that the pattern would match")
        nested.put("[a]/x"), nested.put("a/x", "changed"), nested.put("*")
        commit = nested.git.commit(["[a]/x", "*"], "literal")
        assert nested.files_of(commit) == {"libs/[js]/[a]/x", "libs/[js]/*"}

    def test_what_is_ignored_is_committed_when_named(self, repo):
        repo.committed(".gitignore", ".vis/\n")
        repo.put(".vis/release/staged.json")
        assert repo.files_of(repo.git.commit([".vis/release/staged.json"], "forced")) == {".vis/release/staged.json"}

    def test_the_message_arrives_as_it_is(self, repo):
        repo.put("a")
        message = "chore(release): record 1 pending stage [skip ci]\n\n# not a comment\n\n--flag 'quote' Ünïcode\n"
        repo.git.commit(["a"], message)
        assert repo.sh("log", "-1", "--format=%B", "--encoding=UTF-8").startswith(
            "chore(release): record 1 pending stage [skip ci]\n\n# not a comment\n\n--flag 'quote' Ünïcode"
        )

    def test_the_repositorys_hooks_are_not_run(self, repo):
        hook = repo.top / ".git/hooks/pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        repo.put("a")
        assert repo.git.commit(["a"], "no hooks") is not None

    def test_thousands_of_paths_are_one_commit_and_a_handful_of_processes(self, repo):
        started: list[str] = []
        git = GitCli(SubprocessRunner(base_env=repo.env, trace=started.append), repo.root, {})
        paths = [f"packages/a-rather-long-name-{number:04}/package.json" for number in range(2500)]
        for path in paths:
            repo.put(path)
        commit = git.commit(paths, "many")
        assert len(repo.files_of(commit)) == 2500
        assert len(started) <= 6


class TestReset:
    def test_it_puts_head_and_exactly_these_paths_back(self, repo):
        repo.committed("changed"), repo.committed("deleted")
        base = repo.committed("other")
        repo.put("changed", "x"), repo.put("new"), (repo.root / "deleted").unlink()
        repo.git.commit(["changed", "new", "deleted"], "to be taken back")
        repo.put("other", "kept\n"), repo.put("untracked")
        repo.git.reset(base, ["changed", "new", "deleted", "never"])
        assert repo.git.head() == base
        assert repo.git.dirty() == ("other", "untracked")
        assert (repo.root / "other").read_text() == "kept\n"

    def test_it_puts_back_what_was_written_but_never_committed(self, nested):
        nested.put("a[1]")
        base = nested.git.commit(["a[1]"], "base")
        nested.put("a[1]", "half done"), nested.put("new[1]")
        nested.sh("add", "--all")
        nested.git.reset(base, ["a[1]", "new[1]"])
        assert (nested.root / "a[1]").read_text() == "text\n"
        assert not (nested.root / "new[1]").exists()
        assert nested.git.dirty() == ()

    def test_without_paths_only_head_moves(self, repo):
        base = repo.committed("a")
        repo.committed("b")
        repo.git.reset(base, [])
        assert repo.git.head() == base
        assert (repo.root / "b").exists()


class TestPush:
    def test_the_remote_takes_it(self, pushed):
        commit = pushed.committed("b")
        assert pushed.git.push("origin", [MAIN]) == Pushed()
        assert pushed.git.remote_refs("origin", "main").branch == commit

    def test_a_remote_that_moved_on_is_stale(self, pushed):
        other = pushed.clone("other")
        theirs = other.committed("theirs")
        other.git.push("origin", [MAIN])
        pushed.committed("ours")
        result = pushed.git.push("origin", [MAIN])
        assert isinstance(result, PushStale)
        assert "refs/heads/main" in result.why
        assert pushed.git.remote_refs("origin", "main").branch == theirs

    def test_a_remote_whose_new_commits_we_have_fetched_is_stale_too(self, pushed):
        other = pushed.clone("other")
        other.committed("theirs")
        other.git.push("origin", [MAIN])
        pushed.git.fetch("origin", "main")
        pushed.committed("ours")
        assert isinstance(pushed.git.push("origin", [MAIN]), PushStale)

    def test_a_hook_that_says_no_is_a_refusal_with_its_words(self, pushed, remote):
        hook = remote / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n")
        hook.chmod(0o755)
        pushed.committed("b")
        result = pushed.git.push("origin", [MAIN])
        assert isinstance(result, PushRefused)
        assert not result.network
        assert "pre-receive hook declined" in result.why
        assert "GH006: Protected branch update failed" in result.why

    def test_a_remote_that_can_not_be_reached_is_network_trouble(self, repo):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        repo.sh("remote", "add", "origin", f"http://127.0.0.1:{port}/x.git")
        repo.committed()
        result = repo.git.push("origin", [MAIN])
        assert isinstance(result, PushRefused)
        assert result.network

    def test_credentials_in_the_address_never_reach_the_words(self, repo):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        repo.sh("remote", "add", "origin", f"http://bot:hunter22@127.0.0.1:{port}/x.git")
        repo.committed()
        assert "hunter22" not in repo.git.push("origin", [MAIN]).why
        with pytest.raises(Failed) as caught:
            repo.git.fetch("origin", "main")
        assert "hunter22" not in caught.value.message
        with pytest.raises(Failed) as caught:
            repo.git.remote_refs("origin", "main")
        assert "hunter22" not in caught.value.message

    def test_tags_go_together_or_not_at_all(self, pushed):
        first = pushed.git.head()
        pushed.sh("push", "--quiet", "origin", f"{first}:refs/tags/b@1.0.0")
        second = pushed.committed("b")
        for name in ("a@1.0.0", "b@1.0.0", "c@1.0.0"):
            pushed.git.tag(name, second, name)
        refspecs = [f"refs/tags/{name}:refs/tags/{name}" for name in ("a@1.0.0", "b@1.0.0", "c@1.0.0")]
        result = pushed.git.push("origin", refspecs, atomic=True)
        assert isinstance(result, PushRefused)
        assert "refs/tags/b@1.0.0" in result.why
        assert "a@1.0.0" not in result.why
        assert dict(pushed.git.remote_refs("origin", "main").tags) == {"b@1.0.0": first}

    def test_without_the_bad_one_they_all_go(self, pushed):
        commit = pushed.git.head()
        for name in ("a@1.0.0", "c@1.0.0"):
            pushed.git.tag(name, commit, name)
        refspecs = [f"refs/tags/{name}:refs/tags/{name}" for name in ("a@1.0.0", "c@1.0.0")]
        assert pushed.git.push("origin", refspecs, atomic=True) == Pushed()
        assert pushed.git.push("origin", refspecs, atomic=True) == Pushed()
        assert dict(pushed.git.remote_refs("origin", "main").tags) == {"a@1.0.0": commit, "c@1.0.0": commit}

    def test_a_pre_push_hook_is_not_run(self, pushed):
        hook = pushed.top / ".git/hooks/pre-push"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        pushed.committed("b")
        assert pushed.git.push("origin", [MAIN]) == Pushed()


class TestFetch:
    def test_it_brings_the_branch_and_names_its_commit(self, pushed):
        other = pushed.clone("other")
        theirs = other.committed("theirs")
        other.git.push("origin", [MAIN])
        assert not pushed.git.has_commit(theirs)
        assert pushed.git.fetch("origin", "main") == theirs
        assert pushed.git.has_commit(theirs)

    def test_a_branch_the_remote_lacks_is_none(self, pushed):
        assert pushed.git.fetch("origin", "nowhere") is None

    def test_a_remote_that_can_not_be_reached_is_an_error(self, repo):
        repo.committed()
        repo.sh("remote", "add", "origin", "/nowhere/at/all.git")
        with pytest.raises(Failed) as caught:
            repo.git.fetch("origin", "main")
        assert caught.value.code == "GIT_FETCH"

    def test_one_commit_is_fetched_into_a_shallow_clone(self, pushed, remote):
        old = pushed.git.head()
        pushed.committed("b")
        pushed.git.push("origin", [MAIN])
        pushed.sh("clone", "--quiet", "--depth=1", f"file://{remote}", str(pushed.top.parent / "shallow"))
        shallow = Repository(pushed.top.parent / "shallow")
        assert shallow.git.is_shallow()
        assert not pushed.git.is_shallow()
        assert not shallow.git.has_commit(old)
        assert shallow.git.fetch_commit("origin", old)
        assert shallow.git.has_commit(old)

    def test_a_commit_the_remote_lacks_is_not_fetched(self, pushed):
        assert not pushed.git.fetch_commit("origin", "0" * 39 + "1")


class TestTag:
    def test_it_is_annotated_with_the_message(self, repo):
        commit = repo.committed()
        repo.git.tag("@acme/core@1.0.0", commit, "@acme/core@1.0.0\n\nStage-Id: x\n# kept\n")
        assert repo.sh("cat-file", "-t", "@acme/core@1.0.0") == "tag"
        assert "Stage-Id: x" in repo.sh("cat-file", "tag", "@acme/core@1.0.0")

    def test_making_it_again_at_the_same_commit_is_fine(self, repo):
        commit = repo.committed()
        repo.git.tag("v1", commit, "once")
        repo.git.tag("v1", commit, "twice")
        assert "once" in repo.sh("cat-file", "tag", "v1")

    def test_it_is_never_moved(self, repo):
        first = repo.committed("a")
        repo.git.tag("v1", first, "first")
        second = repo.committed("b")
        with pytest.raises(Failed) as caught:
            repo.git.tag("v1", second, "second")
        assert caught.value.code == "TAG_EXISTS"
        assert first[:12] in caught.value.message
        assert second[:12] in caught.value.message
        assert repo.git.local_tags() == {"v1": first}

    def test_a_name_git_refuses_is_an_error_with_gits_words(self, repo):
        with pytest.raises(Failed, match="not a valid tag name"):
            repo.git.tag("a..b", repo.committed(), "x")

    def test_it_is_deleted_and_deleting_twice_is_fine(self, repo):
        repo.git.tag("v1", repo.committed(), "x")
        repo.git.delete_tag("v1")
        repo.git.delete_tag("v1")
        assert repo.git.local_tags() == {}


class TestMoving:
    def test_fast_forward_moves_branch_and_tree(self, pushed):
        other = pushed.clone("other")
        theirs = other.committed("theirs")
        other.git.push("origin", [MAIN])
        pushed.git.fast_forward(pushed.git.fetch("origin", "main"))
        assert pushed.git.head() == theirs
        assert (pushed.root / "theirs").exists()

    def test_fast_forward_refuses_what_is_not_ahead(self, repo):
        first = repo.committed("a")
        repo.sh("switch", "--quiet", "--create", "side")
        side = repo.committed("b")
        repo.sh("switch", "--quiet", "main")
        repo.committed("c")
        with pytest.raises(Failed):
            repo.git.fast_forward(side)
        assert repo.git.contains(first, repo.git.head())

    def test_move_to_leaves_our_commit_and_keeps_uncommitted_changes(self, repo):
        base = repo.committed("a")
        repo.put("kept")
        repo.sh("add", "kept"), repo.sh("commit", "--quiet", "--message", "kept")
        theirs = repo.committed("theirs")
        repo.sh("reset", "--quiet", "--hard", base)
        repo.committed("ours")
        repo.put("a", "uncommitted\n")
        repo.git.move_to(theirs)
        assert repo.git.head() == theirs
        assert not (repo.root / "ours").exists()
        assert (repo.root / "a").read_text() == "uncommitted\n"

    def test_move_to_takes_a_file_that_was_written_with_the_same_bytes_for_unchanged(self, repo):
        repo.committed("first", "one")
        repo.committed("first", "two")
        theirs = repo.git.head()
        repo.sh("reset", "--quiet", "--hard", "HEAD^")
        file = repo.root / "first"
        other = file.with_name("other")
        other.write_bytes(file.read_bytes())
        other.replace(file)
        repo.git.move_to(theirs)
        assert file.read_text() == "two"

    def test_move_to_refuses_to_lose_an_uncommitted_change(self, repo):
        base = repo.committed("a")
        theirs = repo.committed("a", "theirs\n")
        repo.sh("reset", "--quiet", "--hard", base)
        repo.put("a", "uncommitted\n")
        with pytest.raises(Failed):
            repo.git.move_to(theirs)
        assert (repo.root / "a").read_text() == "uncommitted\n"
        assert repo.git.head() == base


def test_a_translated_git_is_understood(tmp_path):
    repo = Repository(tmp_path / "work")
    repo.env |= {"LANG": "de_DE.UTF-8", "LANGUAGE": "de"}
    repo.committed()
    bare(tmp_path, repo)
    assert repo.git.fetch("origin", "nowhere") is None
