"""version: one commit, pushed, or the tree as it was; killed anywhere, it is taken back and done again."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from tests.services.builders import build_world, change, package
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.config.model import HooksConfig
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import Failed, Refused
from vis_tasks.services import version as service
from vis_tasks.services.guard import guard

REACH = ("guard", "version")
CHANGE = ".vis/release/one.md"


class Killed(BaseException):
    """kill -9, as far as Python can play it."""


@pytest.fixture
def world(tmp_path):
    return build_world(
        tmp_path, package("a"), package("b", deps={"a": "^1.0.0"}), changes={"one": change("a", "major")}
    )


def version_on_disk(world, name):
    return json.loads((world.repo.root / f"packages/{name}/package.json").read_text())["version"]


def remote_head(world):
    world.repo.sh("fetch", "--quiet", "origin")
    return world.repo.sh("rev-parse", "origin/main")


def make(world):
    run = world.run(reach=REACH)
    guard(run)
    service.version(run)
    return run


def assert_done_once(world):
    assert version_on_disk(world, "a") == "2.0.0"
    assert version_on_disk(world, "b") == "1.0.1"
    assert not (world.repo.root / CHANGE).exists()
    assert world.repo.git.dirty() == ()
    assert remote_head(world) == world.repo.git.head()
    subjects = world.repo.sh("log", "--format=%s", "HEAD").splitlines()
    assert subjects.count("chore(release): version 2 packages") == 1


def test_versions_ranges_changelogs_and_change_files_are_one_pushed_commit(world):
    run = make(world)
    assert_done_once(world)
    assert world.repo.files_of("HEAD") == {
        CHANGE,
        "packages/a/package.json",
        "packages/a/CHANGELOG.md",
        "packages/b/package.json",
        "packages/b/CHANGELOG.md",
    }
    manifest = json.loads((world.repo.root / "packages/b/package.json").read_text())
    assert manifest["dependencies"] == {"a": "^2.0.0"}
    assert run.report.versioned == {"a": ("1.0.0", "2.0.0"), "b": ("1.0.0", "1.0.1")}


def test_the_commit_names_what_it_brings(world):
    make(world)
    message = world.repo.sh("log", "-1", "--format=%B")
    assert "- a 1.0.0 → 2.0.0" in message
    assert "Vis-Release: a@2.0.0" in message
    assert "[skip ci]" not in message


def test_without_change_files_there_is_nothing_to_do(tmp_path):
    world = build_world(tmp_path, package("a"))
    assert service.look(world.run()) == UpToDate("no change files")


def test_what_would_happen_is_told(world):
    state = service.look(world.run())
    assert isinstance(state, Due)
    assert state.actions == ("a 1.0.0 → 2.0.0 (major)", "b 1.0.0 → 1.0.1 (patch)")


def test_doing_it_twice_does_it_once(world):
    make(world)
    make(world)
    assert_done_once(world)


def test_commits_the_remote_lacks_are_pushed(tmp_path):
    world = build_world(tmp_path, package("a"))
    world.repo.committed("ahead")
    assert isinstance(service.look(world.run()), Due)
    make(world)
    assert remote_head(world) == world.repo.git.head()


def refuse_pushes(world):
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'protected branch' >&2\nexit 1\n")
    hook.chmod(0o755)
    return hook


class TestPush:
    def test_a_remote_that_moved_on_puts_the_tree_back_and_says_to_run_again(self, world):
        head = world.repo.git.head()
        other = world.repo.clone("other")
        other.committed("theirs")
        run = world.run(reach=REACH)
        guard(run)
        other.sh("push", "--quiet", "origin", "main")
        with pytest.raises(Refused) as caught:
            service.version(run)
        assert caught.value.code == "REMOTE_MOVED"
        assert "run again" in caught.value.hint
        assert world.repo.git.head() == head
        assert world.repo.git.dirty() == ()
        assert version_on_disk(world, "a") == "1.0.0"
        assert run.report.versioned == {}
        assert not world.run().state.has_journal()

    def test_after_the_pull_it_goes_through(self, world):
        self.test_a_remote_that_moved_on_puts_the_tree_back_and_says_to_run_again(world)
        world.repo.sh("pull", "--quiet", "--ff-only", "origin", "main")
        make(world)
        assert_done_once(world)

    def test_a_protected_branch_puts_the_tree_back(self, world):
        refuse_pushes(world)
        head = world.repo.git.head()
        with pytest.raises(Failed) as caught:
            make(world)
        assert caught.value.code == "PUSH_REFUSED"
        assert "protected branch" in caught.value.message
        assert "pull request" in caught.value.hint
        assert world.repo.git.head() == head
        assert world.repo.git.dirty() == ()

    @pytest.mark.parametrize("half", ["reset", "restore", "update-index"])
    def test_killed_while_the_tree_is_put_back_the_next_run_puts_it_back(self, world, monkeypatch, half):
        hook = refuse_pushes(world)
        run = world.run(reach=REACH)
        guard(run)
        git = world.repo.git
        pushed: list[str] = []
        real = git._git

        def dying(*argv, **more):
            if pushed and argv[0] == half:
                raise Killed
            pushed.extend(argv[:1] if argv[0] == "push" else ())
            return real(*argv, **more)

        with monkeypatch.context() as patched:
            patched.setattr(git, "_git", dying)
            with pytest.raises(Killed):
                service.version(run)
        hook.unlink()
        make(world)
        assert_done_once(world)

    def test_network_trouble_keeps_the_commit_and_the_next_run_pushes_it(self, world, monkeypatch):
        from vis_tasks.ports import PushRefused

        with monkeypatch.context() as patched:
            patched.setattr(world.repo.git, "push", lambda *_a, **_m: PushRefused("connection reset", network=True))
            with pytest.raises(Failed) as caught:
                make(world)
        assert caught.value.code == "PUSH_FAILED"
        make(world)
        assert_done_once(world)


def kill_at(world, monkeypatch, moment):
    """Play a run that dies at one boundary; True when it died there."""
    tools, git = world.tools, world.repo.git
    where, _, number = moment.partition(":")
    calls = []

    def dying(real, *, after=False):
        def call(*args, **more):
            calls.append(args)
            if len(calls) < int(number or 1):
                return real(*args, **more)
            if after:
                real(*args, **more)
            raise Killed

        return call

    target = {"write": tools.files, "delete": tools.files, "commit": git, "committed": git, "push": git, "pushed": git}
    name = {"committed": "commit", "pushed": "push"}.get(where, where)
    with monkeypatch.context() as patched:
        after = where in {"committed", "pushed"}
        patched.setattr(target[where], name, dying(getattr(target[where], name), after=after))
        with pytest.raises(Killed):
            make(world)


MOMENTS = [*(f"write:{number}" for number in range(1, 8)), "delete:1", "commit", "committed", "push", "pushed"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_anywhere_the_next_run_ends_as_if_nothing_had_happened(world, monkeypatch, moment):
    kill_at(world, monkeypatch, moment)
    make(world)
    assert_done_once(world)


@pytest.mark.parametrize("hook", ["before_version", "after_version"])
def test_killed_after_a_hook_wrote_files_of_its_own_they_are_taken_back_and_made_again(tmp_path, monkeypatch, hook):
    count = "import pathlib; p = pathlib.Path('generated'); p.write_text(str(p.exists()))"
    hooks = replace(HooksConfig(), **{hook: (sys.executable, "-c", count)})
    world = build_world(
        tmp_path,
        package("a"),
        package("b", deps={"a": "^1.0.0"}),
        changes={"one": change("a", "major")},
        hooks=hooks,
    )
    world.tools = replace(world.tools, runner=SubprocessRunner())
    kill_at(world, monkeypatch, "commit")
    make(world)
    assert_done_once(world)
    assert world.repo.sh("show", "HEAD:generated") == "False", "the second try began where the first one had"


@pytest.mark.parametrize("moment", MOMENTS[:-1])
def test_killed_anywhere_and_the_remote_moved_on_the_next_run_on_ci_still_does(tmp_path, monkeypatch, moment):
    world = build_world(
        tmp_path,
        package("a"),
        package("b", deps={"a": "^1.0.0"}),
        changes={"one": change("a", "major")},
        env={"CI": "true"},
    )
    kill_at(world, monkeypatch, moment)
    other = world.repo.clone("other")
    other.committed("theirs")
    other.sh("push", "--quiet", "origin", "main")
    make(world)
    assert_done_once(world)
    assert (world.repo.root / "theirs").exists()


def test_a_kill_between_the_two_halves_of_a_write_leaves_nothing_in_the_commit(world):
    world.repo.put("packages/a/.package.json.k3f9.tmp", "half")
    make(world)
    assert "packages/a/.package.json.k3f9.tmp" not in world.repo.files_of("HEAD")


@pytest.mark.parametrize("moment", ["write:2", "committed"])
def test_the_half_of_a_write_is_taken_back_too_and_nobody_elses_file(world, monkeypatch, moment):
    """Also where the commit has come to be, made by another machine."""
    kill_at(world, monkeypatch, moment)
    half, theirs = (world.repo.root / "packages/a" / name for name in (".package.json.k3f9.tmp", ".notes.k3f9.tmp"))
    half.write_text("half")
    theirs.write_text("theirs")
    make(world)
    assert not half.exists(), "packing would take it along"
    assert theirs.exists()


def test_an_edit_made_since_the_kill_is_never_overwritten(world, monkeypatch):
    kill_at(world, monkeypatch, "commit")
    path = world.repo.root / "packages/a/package.json"
    path.write_text(path.read_text().replace("2.0.0", "9.9.9"))
    with pytest.raises(Refused) as caught:
        make(world)
    assert caught.value.code == "EDITED_SINCE"
    assert "packages/a/package.json" in caught.value.message
    assert "9.9.9" in path.read_text()


def test_a_commit_somebody_made_since_the_kill_is_not_taken_for_ours(world, monkeypatch):
    kill_at(world, monkeypatch, "write:3")
    world.repo.put("by-hand")
    world.repo.sh("add", "by-hand")
    world.repo.sh("commit", "--quiet", "--message", "by hand")
    make(world)
    assert_done_once(world)
    assert (world.repo.root / "by-hand").exists()


def hooked(world, **hooks):
    """The world's packages, with hooks that are Python programs."""
    commands = {name: (sys.executable, "-c", code) for name, code in hooks.items()}
    world.config = replace(world.config, release=replace(world.config.release, hooks=HooksConfig(**commands)))
    world.tools = replace(world.tools, runner=SubprocessRunner())
    return world


class TestAHookThatIsCutOff:
    """Killed while a program of the user's is at work on the tree: what it left isn't ours to take back."""

    WRITES_AND_ENDS = "open('generated', 'w').write('half'); raise SystemExit(1)"

    def refusal(self, world):
        with pytest.raises(Refused) as caught:
            make(world)
        return caught.value

    def test_the_next_run_says_which_one_may_have_left_what_is_there(self, world):
        hooked(world, before_version=self.WRITES_AND_ENDS)
        with pytest.raises(Failed):
            make(world)
        error = self.refusal(world)
        assert error.code == "DIRTY_TREE"
        assert error.message == (
            "the working tree has uncommitted changes:\n  generated\n"
            "The last run here ended in the hook before-version, on a tree that was clean before."
        )
        assert "what the hook before-version left half-done" in error.hint
        assert error.details == {"paths": ["generated"], "atWork": "the hook before-version"}
        assert (world.repo.root / "generated").read_text() == "half"

    def test_taken_back_the_next_run_goes_on_and_forgets_it(self, world):
        hooked(world, before_version=self.WRITES_AND_ENDS)
        with pytest.raises(Failed):
            make(world)
        (world.repo.root / "generated").unlink()
        world = hooked(world)
        run = make(world)
        assert_done_once(world)
        assert run.state.journal().at_work == ""

    def test_after_one_that_ended_well_dirt_is_only_dirt(self, world):
        hooked(world, before_version="pass", after_version="pass")
        make(world)
        world.repo.put("notes")
        assert "The last run" not in self.refusal(world).message

    def test_what_a_cut_off_one_did_to_our_own_files_is_told_too(self, world):
        edits = "f = open('packages/a/package.json', 'a'); f.write('\\n'); f.close(); raise SystemExit(1)"
        hooked(world, after_version=edits)
        with pytest.raises(Failed):
            make(world)
        error = self.refusal(world)
        assert error.code == "EDITED_SINCE"
        assert error.message == (
            "a version step was interrupted in the hook after-version, and packages/a/package.json has been edited since, "
            "by that or by you"
        )

    def test_really_killed_in_the_middle_of_one(self, world):
        """The note is on disk before the hook's first instruction."""
        journal = world.repo.root / ".vis/release/.state.json"
        copy = world.repo.top.parent / "seen"
        hooked(world, before_version=f"import shutil; shutil.copy({str(journal)!r}, {str(copy)!r})")
        make(world)
        assert json.loads(copy.read_text())["atWork"] == "the hook before-version"
