"""Commits made, taken back, and moved between, beside whatever else lies in the tree."""

from __future__ import annotations

import pytest

from tests.adapters.repositories import MAIN
from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.errors import Failed


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

    def test_a_commit_of_ours_begins_no_housekeeping(self, repo, tmp_path):
        trace = tmp_path / "trace"
        repo.sh("config", "maintenance.auto", "true")  # the tests' own configuration switches it off
        repo.put("a")
        runner = SubprocessRunner(base_env=repo.env | {"GIT_TRACE": str(trace)})
        assert GitCli(runner, repo.root, {}).commit(["a"], "quick") is not None
        assert "commit" in trace.read_text()
        assert "maintenance run" not in trace.read_text()

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

    @pytest.mark.parametrize("staged", [(), ("theirs",)])
    def test_a_merge_that_somebody_began_is_not_ended_by_us(self, repo, staged):
        repo.committed("mine")
        repo.sh("branch", "side")
        before = repo.committed("other")
        repo.sh("switch", "--quiet", "side"), repo.committed("more"), repo.sh("switch", "--quiet", "-")
        repo.sh("merge", "--quiet", "--no-commit", "--no-ff", "--strategy=ours", "side")
        for name in staged:
            repo.put(name), repo.sh("add", name)
        repo.put("mine", "changed\n")
        assert repo.git.under_way() == "merge"
        with pytest.raises(Failed, match="partial commit during a merge"):
            repo.git.commit(["mine"], "not the merge")
        assert repo.git.head() == before
        assert repo.git.under_way() == "merge"

    def test_thousands_of_paths_are_one_commit_and_a_handful_of_processes(self, repo):
        started: list[str] = []
        git = GitCli(SubprocessRunner(base_env=repo.env, trace=started.append), repo.root, {})
        paths = [f"packages/a-rather-long-name-{number:04}/package.json" for number in range(2500)]
        for path in paths:
            repo.put(path)
        commit = git.commit(paths, "many")
        assert len(repo.files_of(commit)) == 2500
        assert len(started) <= 6


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
