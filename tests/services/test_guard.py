"""guard: what is refused, with which words, before anything is touched; and what is quietly put right."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import FakeNpm, FakeRegistry
from tests.services.builders import build_world, change, entry, package
from vis_tasks.config.model import PackageConfig
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import UpToDate
from vis_tasks.errors import Failed, Refused
from vis_tasks.ports import NO_STAGING, Live, Unknown, Unreadable
from vis_tasks.services import version
from vis_tasks.services.guard import guard
from vis_tasks.services.record import record
from vis_tasks.services.release import graph_for

ALL = ("guard", "version", "pack", "stage", "wait", "reconcile", "tag", "release")


def refusal(world, *, reach=ALL, **how):
    with pytest.raises(Refused) as caught:
        guard(world.run(reach=reach, **how))
    assert caught.value.exit_code == 1
    assert caught.value.hint
    return caught.value


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
        from dataclasses import replace

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


class TestRegistry:
    def test_no_credentials(self, world):
        world.registry.credentials = False
        assert refusal(world).code == "NO_TOKEN"

    def test_credentials_are_not_asked_for_when_nothing_is_uploaded(self, world):
        world.registry.credentials = False
        guard(world.run(reach=["guard", "version"]))
        assert world.registry.requests == []

    def test_oidc_needs_no_credentials(self, tmp_path):
        registry = FakeRegistry()
        registry.credentials = False
        guard(build_world(tmp_path, package("a"), npm=FakeNpm(registry, oidc=True)).run(reach=ALL))

    def test_a_registry_without_staging(self, world):
        world.registry.answer("stages", Unknown(NO_STAGING, "no such address"))
        error = refusal(world)
        assert error.code == "NO_STAGING"
        assert "stage = false" in error.hint

    def test_a_registry_that_is_down(self, world):
        world.registry.answer("stages", Unknown("http 503", "HTTP 503"))
        assert refusal(world).code == "REGISTRY_DOWN"

    def test_credentials_the_registry_refuses(self, world):
        world.registry.answer("stages", Unreadable("HTTP 401")).answer("whoami", Unreadable("HTTP 401"))
        assert refusal(world).code == "BAD_TOKEN"

    @pytest.mark.parametrize("where", ["manifest", "config"])
    def test_restricted_packages_and_oidc_do_not_go_together(self, tmp_path, where):
        registry = FakeRegistry()
        registry.credentials = False
        more: Any = {"publishConfig": {"access": "restricted"}} if where == "manifest" else {}
        packages = {"@s/a": PackageConfig(access="restricted")} if where == "config" else {}
        world = build_world(
            tmp_path, package("@s/a", **more), npm=FakeNpm(registry, oidc=True), packages=packages
        )  # fmt: skip
        error = refusal(world)
        assert error.code == "OIDC_RESTRICTED"
        assert "@s/a" in error.message
        assert registry.uploads == []


class TestPendingStages:
    """The flow chart: only another version of a package in the plan is in the way."""

    def planned(self, tmp_path, *entries, changed="a", **more):
        world = build_world(tmp_path, package("a"), package("b"), changes={"one": change(changed)}, **more)
        state = Pending()
        for each in entries:
            state = state.put(each)
        world.hold(state)
        record(world.run())
        return world

    def test_the_refusal_word_for_word(self, tmp_path):
        world = self.planned(
            tmp_path, entry("a", "1.0.5", id="stage-xyz", reason="timeout", staged_at="2026-05-22T14:00:00.000Z")
        )
        error = refusal(world)
        assert error.code == "STAGE_PENDING"
        assert error.message == (
            "Refusing to version — 1 package(s) have a pending stage from a prior wave:\n"
            "• a@1.0.5 — stage stage-xyz (timeout, recorded 2026-05-22T14:00:00.000Z)"
        )
        assert error.hint == (
            "Resolve via `invoke stage.approve <id>` / `--all` or `invoke stage.reject <id>`, commit the updated "
            "staged.json, then retry."
        )

    @pytest.mark.parametrize("goal", ["version", "stage", "release"])
    def test_whatever_brings_new_versions_is_refused(self, tmp_path, goal):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        with pytest.raises(Refused) as caught:
            guard(world.run(reach=[target.name for target in graph_for(world.config).order(goal)]))
        assert caught.value.code == "STAGE_PENDING"

    @pytest.mark.parametrize("goal", ["wait", "reconcile", "tag"])
    def test_decisions_and_tags_are_still_to_be_had_and_nothing_new_is_versioned(self, tmp_path, goal):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        run = world.run(reach=[target.name for target in graph_for(world.config).order(goal)])
        guard(run)
        assert isinstance(version.look(run), UpToDate)
        assert "Refusing to version" in world.console.of("warning")[0]
        assert (world.repo.root / ".vis/release/one.md").exists()

    def test_it_refuses_before_anything_is_written(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        head = world.repo.git.head()
        refusal(world)
        assert world.repo.git.head() == head
        assert world.repo.git.dirty() == ()

    def test_the_same_version_is_the_wave_being_resumed(self, tmp_path):
        guard(self.planned(tmp_path, entry("a", "1.1.0")).run(reach=ALL))

    def test_a_package_that_is_not_in_the_plan_is_in_nobodys_way(self, tmp_path):
        world = self.planned(tmp_path, entry("b", "1.0.5"))
        guard(world.run(reach=ALL))
        assert world.registry.asked("live") == 0

    def test_without_change_files_nothing_is_in_the_way(self, world):
        world.hold(Pending().put(entry("a", "1.0.5")))
        guard(world.run(reach=ALL))

    def test_one_that_was_approved_behind_our_back_heals(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.live_versions["a", "1.0.5"] = Live(entry("a", "1.0.5").integrity)
        guard(world.run(reach=ALL))
        assert [each.spec for each in world.state.approved] == ["a@1.0.5"]
        assert world.state.pending == ()

    def test_one_that_was_adopted_by_its_sha1_learns_the_hash_that_its_tag_names(self, tmp_path):
        ours = entry("a", "1.0.5")
        world = self.planned(tmp_path, replace(ours, integrity=None))
        world.registry.live_versions["a", "1.0.5"] = Live(ours.integrity, ours.shasum)
        guard(world.run(reach=ALL))
        assert [each.integrity for each in world.state.approved] == [ours.integrity]

    def test_a_plan_heals_nothing(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.live_versions["a", "1.0.5"] = Live(entry("a", "1.0.5").integrity)
        guard(world.run(reach=ALL, plan_only=True))
        assert [each.spec for each in world.state.pending] == ["a@1.0.5"]

    def test_one_that_went_live_with_other_bytes_is_a_hard_failure(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.live_versions["a", "1.0.5"] = Live("sha512-" + "A" * 86 + "==")
        with pytest.raises(Failed) as caught:
            guard(world.run(reach=ALL))
        assert caught.value.code == "MISMATCH"
        assert str(entry("a", "1.0.5").integrity) in caught.value.message
        assert "sha512-AAAA" in caught.value.message

    def test_trouble_with_the_registry_does_not_let_it_pass(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.answer("live", Unknown("http 500", "HTTP 500"))
        assert refusal(world).code == "STAGE_PENDING"

    def test_all_that_is_left_is_named_and_what_healed_is_not(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"), entry("a", "1.0.6", id=None))
        world.registry.live_versions["a", "1.0.5"] = Live(entry("a", "1.0.5").integrity)
        message = refusal(world).message
        assert "a@1.0.6 — stage (id unknown)" in message
        assert "a@1.0.5" not in message


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
