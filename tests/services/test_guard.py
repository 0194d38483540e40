"""guard: what is refused, with which words, before anything is touched; and what is quietly put right."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from tests.services.builders import build_world, change, entry, package
from tests.services.guarding import ALL, refusal
from vis_tasks.core.pending import Pending
from vis_tasks.errors import Failed, Refused
from vis_tasks.services.guard import guard
from vis_tasks.services.record import record


@pytest.fixture
def world(tmp_path):
    return build_world(tmp_path, package("a"), package("b"))


def test_all_is_well(world):
    run = world.run(reach=ALL)
    guard(run)
    assert run.guarded
    assert world.repo.git.dirty() == ()


class TestRepository:
    def test_a_folder_that_is_no_repository(self, tmp_path):
        world = build_world(tmp_path, package("a"), git=False)
        world.tools.__dict__["git"] = _git_of(tmp_path, world)
        assert refusal(world).code == "NO_REPOSITORY"

    def test_a_repository_without_a_commit(self, world):
        world.repo.sh("update-ref", "-d", "HEAD")
        assert refusal(world).code == "NO_COMMIT"

    def test_nobody_to_commit_as(self, world):
        world.repo.sh("config", "user.useConfigOnly", "true")
        world.repo.sh("config", "--unset", "user.name")
        world.repo.sh("config", "--unset", "user.email")
        assert refusal(world).code == "NO_IDENTITY"

    def test_a_shallow_clone(self, world):
        world.repo.sh("rev-parse", "HEAD")
        (world.repo.top / ".git/shallow").write_text(world.repo.git.head() + "\n")
        error = refusal(world)
        assert error.code == "SHALLOW"
        assert "fetch-depth: 0" in error.hint


class TestUnderWay:
    @pytest.mark.parametrize(
        ("what", "begin"),
        [
            ("merge", ("merge", "--quiet", "--no-commit", "--no-ff", "--strategy=ours", "side")),
            ("cherry-pick", ("cherry-pick", "side")),
            ("revert", ("revert", "--no-edit", "HEAD~")),
            ("rebase", ("rebase", "--quiet", "side")),
        ],
    )
    def test_what_git_is_in_the_middle_of_is_to_be_ended_first(self, world, what, begin):
        world.repo.committed("file", "one\n"), world.repo.sh("branch", "side")
        world.repo.committed("file", "two\n"), world.repo.committed("file", "three\n")
        world.repo.sh("switch", "--quiet", "side"), world.repo.committed("file", "other\n")
        world.repo.sh("switch", "--quiet", "main")
        world.repo.sh(*begin, check=False)  # most of them meet a conflict
        error = refusal(world)
        assert error.code == "GIT_UNDER_WAY"
        assert error.message == f"`git {what}` is under way in this checkout"
        assert f"`git {what} --abort`" in error.hint
        with pytest.raises(Refused, match="is under way"):
            guard(world.run(reach=("guard", "version"), plan_only=True))
        world.repo.sh(what, "--abort")
        guard(world.run(reach=("guard", "version")))


class TestBranch:
    def test_a_branch_that_does_not_release(self, world):
        world.repo.sh("switch", "--quiet", "--create", "feature")
        error = refusal(world)
        assert error.code == "WRONG_BRANCH"
        assert "main" in error.hint

    def test_versioning_alone_may_be_done_on_any_branch(self, world):
        world.repo.sh("switch", "--quiet", "--create", "version-pr")
        guard(world.run(reach=["guard", "version"]))

    def test_a_detached_head_nobody_names(self, world):
        world.repo.sh("checkout", "--quiet", "--detach")
        assert refusal(world).code == "NO_BRANCH"


class TestTree:
    def test_uncommitted_changes_are_named(self, world):
        world.repo.put("packages/a/index.js")
        error = refusal(world)
        assert error.code == "DIRTY_TREE"
        assert error.details["paths"] == ["packages/a/index.js"]

    def test_more_than_ten_are_counted(self, world):
        for number in range(13):
            world.repo.put(f"file-{number:02}")
        message = refusal(world).message
        assert "file-09" in message
        assert "file-10" not in message
        assert "and 3 more" in message

    def test_our_own_state_files_and_halves_of_writes_are_no_dirt(self, world):
        world.repo.put(".gitignore", "")
        world.repo.sh("commit", "--quiet", "--all", "--message", "nothing is ignored")
        world.repo.sh("push", "--quiet", "origin", "main")
        world.hold(Pending().put(entry("a")))
        for path in (".state.json", ".lock", "dist/a.tgz", ".staged.json.x1.tmp"):
            if path != ".state.json":
                world.repo.put(f".vis/release/{path}", "{}")
        world.run().state.note(lambda journal: journal.add("tagged", "x"))
        guard(world.run(reach=ALL))

    def test_a_temporary_file_of_the_users_own_is_dirt(self, world):
        world.repo.put("notes.tmp")
        assert refusal(world).code == "DIRTY_TREE"

    def test_a_damaged_staged_json_stops_everything(self, world):
        world.repo.committed(".vis/release/staged.json", "{")
        world.repo.sh("push", "--quiet", "origin", "main")
        with pytest.raises(Failed, match=r"staged\.json"):
            guard(world.run(reach=ALL))


class TestRemote:
    def test_no_remote(self, world):
        world.repo.sh("remote", "remove", "origin")
        error = refusal(world)
        assert error.code == "NO_REMOTE"
        assert "git remote add origin" in error.hint

    def test_a_remote_that_does_not_answer(self, world):
        world.repo.sh("remote", "set-url", "origin", "/nowhere/at/all.git")
        with pytest.raises(Failed):
            guard(world.run(reach=ALL))

    def behind(self, world):
        other = world.repo.clone("other")
        other.committed("theirs")
        other.sh("push", "--quiet", "origin", "main")
        return other.git.head()

    def assert_both_are_kept(self, world):
        """Another clone has pushed a staged.json of its own; ours isn't committed. Guard takes theirs and keeps ours."""
        other = world.repo.clone("other")
        other.committed(".vis/release/staged.json", _text(Pending().put(entry("b"))))
        other.sh("push", "--quiet", "origin", "main")
        world.hold(Pending().put(entry("a")))
        guard(world.run(reach=ALL))
        assert {each.name for each in world.state.pending} == {"a", "b"}
        assert world.repo.git.head() == other.git.head()

    def test_a_checkout_that_is_behind_is_refused_with_the_pull_that_works(self, world):
        self.behind(world)
        error = refusal(world)
        assert error.code == "BEHIND"
        assert "git pull --ff-only origin main" in error.hint

    def test_a_checkout_that_has_diverged_is_not_told_to_pull_fast_forward(self, world):
        self.behind(world)
        world.repo.committed("ours")
        error = refusal(world)
        assert error.code == "BEHIND"
        assert "git pull --rebase origin main" in error.hint

    def test_at_a_desk_it_is_brought_up_to_date_where_a_pull_would_trip_over_staged_json(self, world):
        self.assert_both_are_kept(world)

    def test_nor_over_one_that_a_kill_left_in_the_index(self, world):
        world.hold(Pending().put(entry("a", "1.0.1")))
        world.repo.sh("add", ".vis/release/staged.json")
        self.assert_both_are_kept(world)

    def test_on_ci_it_is_brought_up_to_date(self, tmp_path):
        world = build_world(tmp_path, package("a"), env={"CI": "true"})
        theirs = self.behind(world)
        guard(world.run(reach=ALL))
        assert world.repo.git.head() == theirs

    def test_on_ci_an_uncommitted_staged_json_is_merged_on_the_way(self, tmp_path):
        world = build_world(tmp_path, package("a"), package("b"), env={"CI": "true"})
        self.assert_both_are_kept(world)

    def test_a_plan_moves_nothing(self, tmp_path):
        world = build_world(tmp_path, package("a"), env={"CI": "true"})
        head = world.repo.git.head()
        self.behind(world)
        assert refusal(world, plan_only=True).code == "BEHIND"
        assert world.repo.git.head() == head

    def test_chores_that_never_arrived_are_made_again_on_the_new_tip(self, world):
        world.hold(Pending().put(entry("a")))
        record(world.run(), push=False)
        theirs = self.behind(world)
        guard(world.run(reach=ALL))
        assert world.repo.git.head() == theirs
        assert [each.name for each in world.state.pending] == ["a"]

    def test_a_version_commit_that_never_arrived_is_taken_back(self, tmp_path):

        from vis_tasks.services.version import version

        world = build_world(tmp_path, package("a"), changes={"one": change("a")})
        run = world.run(reach=ALL)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(world.repo.git, "push", _raise(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                version(run)
        theirs = self.behind(world)
        guard(world.run(reach=ALL))
        assert world.repo.git.head() == theirs
        assert (world.repo.root / ".vis/release/one.md").exists()
        assert world.repo.git.dirty() == ()
        journal = world.run().state.journal()
        assert replace(journal, started_at="", extra={}).versioning is None
        assert journal.applied == ()

    def test_commits_of_people_among_ours_are_left_alone(self, world):
        world.hold(Pending().put(entry("a")))
        record(world.run(), push=False)
        world.repo.committed("by hand")
        self.behind(world)
        head = world.repo.git.head()
        assert refusal(world).code == "BEHIND"
        assert world.repo.git.head() == head


def _raise(kind):
    def raises(*_args, **_more):
        raise kind

    return raises


def _text(state):
    from vis_tasks.core.pending import render

    return render(state)


def _git_of(tmp_path, world):
    from tests.adapters.repositories import isolated_env
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.process import SubprocessRunner

    return GitCli(SubprocessRunner(base_env=isolated_env(tmp_path)), world.tools.root, {})


class TestLocksOfGit:
    def test_one_in_the_way_is_refused_with_its_path_and_the_way_out_before_anything_is_done(self, world):
        world.repo.put(".git/index.lock", "")
        error = refusal(world)
        assert error.code == "GIT_LOCKED"
        assert error.message == "git is locked in this checkout by .git/index.lock; perhaps a killed git left it"
        assert "if a lock is still there then, delete it and run again" in error.hint
        assert error.details == {"paths": [".git/index.lock"], "processes": []}
        assert world.registry.requests == []

    def test_one_that_goes_in_a_moment_is_waited_for(self, world):
        lock = world.repo.put(".git/index.lock", "")
        world.clock.at(0.7, lock.unlink)
        guard(world.run(reach=ALL))

    def test_a_git_that_is_at_work_is_named(self, world):
        world.repo.put(".git/index.lock", "")
        argv = ["git", "cat-file", "--batch"]
        with subprocess.Popen(argv, cwd=world.repo.top, env=world.repo.env, stdin=subprocess.PIPE) as process:
            error = refusal(world)
        assert f"git is at work here (process {process.pid})" in error.message

    def test_nothing_is_waited_for_or_refused_where_nothing_is_to_be_done(self, world):
        world.repo.put(".git/index.lock", "")
        guard(world.run(reach=ALL, plan_only=True))
