"""staged.json on a branch of its own: the release branch takes no pushes, and nothing is lost between machines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.services.builders import build_world, entry, integrity_of, package
from vis_tasks.adapters.files import RootFiles
from vis_tasks.core.pending import Pending, render
from vis_tasks.errors import Failed
from vis_tasks.ports import ForgeRelease, Live
from vis_tasks.services.guard import check_tree, guard
from vis_tasks.services.record import record
from vis_tasks.services.tag import tag

BRANCH = "vis-release-state"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
HOOK = """#!/bin/sh
while read old new ref; do
  case "$ref" in refs/heads/main) echo 'main is protected' >&2; exit 1;; esac
done
"""


def protect_main(world):
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)


@pytest.fixture
def world(tmp_path):
    """Packages a, b and c; nobody may push to main."""
    world = build_world(tmp_path, *(package(name, "1.1.0") for name in "abc"), state_branch=BRANCH)
    protect_main(world)
    return world


def machine(world, name):
    """The same world seen from another clone."""
    there = world.repo.clone(name)
    tools = replace(world.tools, git=there.git, files=RootFiles(there.root), root=there.root)
    return replace(world, tools=tools, repository=there)


def change(world, how):
    run = world.run()
    run.state.change(how)
    return run


def names(state):
    return [each.name for each in state.pending]


def on_branch(world, path="main/staged.json"):
    world.repo.sh("fetch", "--quiet", "origin", BRANCH)
    return world.repo.sh("show", f"FETCH_HEAD:{path}")


def subjects(world):
    world.repo.sh("fetch", "--quiet", "origin", BRANCH)
    return world.repo.sh("log", "--format=%s", "FETCH_HEAD").splitlines()


def test_what_is_staged_is_recorded_on_the_branch_and_nothing_is_checked_out(world):
    head = world.repo.git.head()
    assert record(change(world, lambda state: state.put(entry("a"))))
    assert [each["name"] for each in json.loads(on_branch(world))["pending"]] == ["a"]
    assert subjects(world) == ["chore(release): record 1 pending stage [skip ci]"]
    assert world.repo.git.head() == head
    assert world.repo.sh("branch", "--list", BRANCH) == ""
    check_tree(world.run())


def test_a_fresh_clone_knows_it(world):
    record(change(world, lambda state: state.put(entry("a"))))
    assert names(machine(world, "fresh").state) == ["a"]


def test_looking_writes_nothing(world):
    record(change(world, lambda state: state.put(entry("a"))))
    fresh = machine(world, "fresh")
    assert names(fresh.state) == ["a"]
    assert fresh.repo.git.dirty() == ()
    assert not (fresh.repo.root / ".vis").exists()


def test_nothing_new_makes_no_commit(world):
    record(change(world, lambda state: state.put(entry("a"))))
    world.clock.advance(60)
    assert not record(world.run())
    assert len(subjects(world)) == 1


def test_without_a_push_it_stays_in_the_working_copy_until_the_next_one(world):
    assert not record(change(world, lambda state: state.put(entry("a"))), push=False)
    assert names(world.state) == ["a"]
    assert record(world.run())
    assert names(machine(world, "fresh").state) == ["a"]


def test_the_last_entry_gone_leaves_an_empty_file(world):
    record(change(world, lambda state: state.put(entry("a"))))
    record(change(world, lambda state: state.drop("a", "1.1.0")))
    assert json.loads(on_branch(world))["pending"] == []
    assert subjects(world)[0] == "chore(release): clear pending stage registry [skip ci]"
    assert machine(world, "fresh").state.empty


def test_two_machines_that_make_the_branch_at_once_are_merged(world):
    other = machine(world, "other")
    mine, theirs = (change(each, lambda state, n=n: state.put(entry(n))) for each, n in ((world, "a"), (other, "b")))
    assert mine.state.pending()
    assert theirs.state.pending()
    record(mine)
    record(theirs)
    assert set(names(machine(world, "fresh").state)) == {"a", "b"}
    assert world.clock.sleeps == [1.0]


def test_what_others_did_meanwhile_is_merged_by_version(world):
    record(change(world, lambda state: state.put(entry("a")).put(entry("b"))))
    other = machine(world, "other")
    record(change(other, lambda state: state.drop("a", "1.1.0").put(entry("c"))))
    record(change(world, lambda state: state.put(entry("b", reason="timeout"))))
    assert {each.name: each.reason for each in machine(world, "fresh").state.pending} == {
        "b": "timeout",
        "c": "waiting",
    }


def test_what_others_took_away_does_not_come_back_from_a_stale_working_copy(world):
    record(change(world, lambda state: state.put(entry("a"))))
    record(change(machine(world, "other"), lambda state: state.drop("a", "1.1.0")))
    assert world.state.empty
    assert not record(world.run())


def test_a_cleaned_checkout_loses_nothing(world):
    record(change(world, lambda state: state.put(entry("a"))))
    world.repo.sh("clean", "-ffdxq")
    assert names(world.state) == ["a"]
    assert not record(world.run())


@pytest.mark.parametrize("moment", ["commit_onto", "push", "pushed", "now_on_branch"])
def test_killed_on_the_way_to_the_branch_the_next_run_still_knows(world, monkeypatch, moment):
    class Killed(BaseException):
        pass

    record(change(world, lambda state: state.put(entry("b"))))
    run = change(world, lambda state: state.put(entry("a")).drop("b", "1.1.0"))
    target = run.state if moment == "now_on_branch" else world.repo.git
    real = getattr(target, moment.removesuffix("ed"))

    def die(*args, **how):
        if moment == "pushed":
            real(*args, **how)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(target, moment.removesuffix("ed"), die)
        with pytest.raises(Killed):
            record(run)
    record(world.run())
    assert names(world.state) == ["a"]
    assert names(machine(world, "fresh").state) == ["a"]


def test_a_staged_json_from_before_is_taken_over(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"), state_branch=BRANCH)
    world.repo.committed(".vis/release/staged.json", render(Pending().put(entry("a"))))
    world.repo.sh("push", "--quiet", "origin", "main")
    assert names(world.state) == ["a"]
    record(change(world, lambda state: state.drop("a", "1.1.0")))
    assert world.state.empty
    assert machine(world, "fresh").state.empty


def test_each_release_branch_has_its_own(tmp_path):
    from vis_tasks.config.model import ChannelConfig

    world = build_world(tmp_path, package("a", "1.1.0"), state_branch=BRANCH, channels={"next": ChannelConfig("next")})
    record(change(world, lambda state: state.put(entry("a"))))
    world.repo.sh("checkout", "--quiet", "-b", "next")
    assert world.state.empty
    record(change(world, lambda state: state.put(entry("a", "2.0.0-next.0"))))
    assert json.loads(on_branch(world, "next/staged.json"))["pending"][0]["version"] == "2.0.0-next.0"
    world.repo.sh("checkout", "--quiet", "-b", "some-feature", "main")
    assert [each.version for each in world.state.pending] == ["1.1.0"]


def test_a_damaged_file_on_the_branch_is_named_and_left_alone(world):
    git = world.repo.git
    git.push("origin", [f"{git.commit_onto(None, {'main/staged.json': b'{'}, 'oops')}:refs/heads/{BRANCH}"])
    with pytest.raises(Failed) as caught:
        _ = world.state
    assert caught.value.code == "STAGED_JSON"
    assert f"{BRANCH}:main/staged.json" in caught.value.message
    assert "on that branch" in caught.value.hint


def test_a_damaged_working_copy_names_the_way_back(world):
    record(change(world, lambda state: state.put(entry("a"))))
    copy = world.repo.root / world.run().state.staged_path
    copy.write_text("<<<<<<< ours\n")
    with pytest.raises(Failed) as caught:
        _ = world.state
    assert "delete .vis/release/.state-branch/main" in caught.value.hint
    copy.unlink()
    assert names(world.state) == ["a"]


def test_a_branch_that_takes_no_pushes_either_says_so_and_keeps_what_is_known(world):
    run = change(world, lambda state: state.put(entry("a")))
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho closed >&2\nexit 1\n")
    with pytest.raises(Failed) as caught:
        record(run)
    assert caught.value.code == "PUSH_REFUSED"
    assert BRANCH in caught.value.message
    assert names(world.state) == ["a"]


def test_beaten_five_times_it_gives_up_and_nothing_is_lost(world, monkeypatch):
    record(change(world, lambda state: state.put(entry("b"))))
    other, real = machine(world, "other"), world.repo.git.push

    def beaten(remote, refspecs, **how):
        record(change(other, lambda state: state.put(entry("c", staged_at=str(len(world.clock.sleeps))))))
        return real(remote, refspecs, **how)

    run = change(world, lambda state: state.put(entry("a")))
    with monkeypatch.context() as patched:
        patched.setattr(world.repo.git, "push", beaten)
        with pytest.raises(Failed) as caught:
            record(run)
    assert caught.value.code == "PUSH_FAILED"
    assert set(names(world.state)) == {"a", "b", "c"}


class TestTags:
    @pytest.fixture
    def owed(self, world):
        """Versions a and b are live and owed their tags."""
        head = world.repo.git.head()
        for name in ("a", "b"):
            world.registry.live_versions[name, "1.1.0"] = Live(integrity_of(name, "1.1.0"))
        record(change(world, lambda state: state.approve(entry("a", commit=head)).approve(entry("b", commit=head))))
        return world

    def test_tags_arrive_with_the_wave_on_the_branch_and_main_is_left_alone(self, owed):
        run = owed.run(reach=("tag",))
        tag(run)
        assert set(owed.repo.git.remote_refs("origin", "main").tags) == {"a@1.1.0", "b@1.1.0"}
        assert on_branch(owed, "main/CHANGELOG.md") == "# Changelog\n\n## 2026-11-21\n\n- a@1.1.0\n- b@1.1.0"
        assert subjects(owed)[:2] == [
            "chore(release): clear pending stage registry [skip ci]",
            "chore(release): record wave [skip ci]",
        ]
        assert owed.repo.sh("rev-parse", "HEAD") == owed.repo.git.remote_refs("origin", "main").branch
        assert owed.state.empty

    def test_a_closed_state_branch_gets_the_tags_alone_and_the_run_says_so(self, owed):
        hook = owed.repo.top.parent / "origin.git/hooks/pre-receive"
        hook.write_text(HOOK.replace("refs/heads/main", "refs/heads/*"))
        with pytest.raises(Failed) as caught:
            tag(owed.run(reach=("tag",)))
        assert caught.value.code == "PUSH_REFUSED"
        assert set(owed.repo.git.remote_refs("origin", "main").tags) == {"a@1.1.0", "b@1.1.0"}
        assert [each.name for each in owed.state.approved] == ["a", "b"]

    def test_lost_before_the_forge_releases_another_machine_makes_them(self, owed):
        class Forge:
            name = "GitHub"

            def __init__(self):
                self.made, self.broken = [], True

            def ensure_release(self, *, tag, title, notes, prerelease):
                if self.broken:
                    raise Failed("GitHub says 502", code="FORGE")
                self.made.append(tag)
                return ForgeRelease(tag, tag, created=True)

        forge = Forge()
        owed = replace(owed, tools=replace(owed.tools, forge=lambda: forge))
        with pytest.raises(Failed, match="502"):
            tag(owed.run(reach=("tag",)))
        forge.broken = False
        fresh = machine(owed, "fresh")
        tag(fresh.run(reach=("tag",)))
        assert forge.made == ["a@1.1.0", "b@1.1.0"]
        assert fresh.state.empty

    def test_the_next_version_takes_the_waves_over_into_the_changelog(self, owed):
        from vis_tasks.services.wave_on_branch import with_waves_of_branch

        tag(owed.run(reach=("tag",)))
        found = with_waves_of_branch(owed.run())
        assert found == b"# Changelog\n\n## 2026-11-21\n\n- a@1.1.0\n- b@1.1.0\n"
        owed.run().tools.files.write("CHANGELOG.md", found)
        assert with_waves_of_branch(owed.run()) is None


class TestSwitchingOnAndOff:
    """Nothing that is known is lost by it, on any machine, and nothing that was decided comes back."""

    @pytest.fixture
    def switched(self, tmp_path):
        """The state branch is in use, and holds b."""
        world = build_world(tmp_path, *(package(name, "1.1.0") for name in "abc"), state_branch=BRANCH)
        record(change(world, lambda state: state.put(entry("b"))))
        return world

    def without(self, world):
        return replace(world, config=replace(world.config, release=replace(world.config.release, state_branch="")))

    def test_what_this_checkout_held_before_another_machine_switched_is_taken_over(self, switched):
        switched.hold(Pending().put(entry("a")))
        check_tree(switched.run())
        record(switched.run())
        assert set(names(machine(switched, "fresh").state)) == {"a", "b"}

    def test_what_was_taken_over_and_decided_does_not_come_back(self, switched):
        switched.hold(Pending().put(entry("a")).reject(entry("c"), "t"))
        record(change(switched, lambda state: state.drop("a", "1.1.0").drop("c", "1.1.0").prune(lambda _stone: False)))
        assert names(switched.state) == ["b"]
        assert switched.state.rejected == ()
        assert not record(switched.run())

    def test_what_is_deleted_on_the_release_branch_stays(self, switched):
        switched.hold(Pending().put(entry("a")))
        record(switched.run())
        (switched.repo.root / ".vis/release/staged.json").unlink()
        assert set(names(switched.state)) == {"a", "b"}

    def test_what_goes_from_the_release_branchs_file_stays_and_once_decided_does_not_come_back(self, switched):
        switched.hold(Pending().put(entry("a")).put(entry("c")))
        record(switched.run())
        switched.hold(Pending().put(entry("c", id="another")))
        record(switched.run())
        assert set(names(switched.state)) == {"a", "b", "c"}
        record(change(switched, lambda state: state.drop("a", "1.1.0")))
        switched.hold(Pending().put(entry("a")).put(entry("c", id="another")))
        assert set(names(switched.state)) == {"b", "c"}

    def test_what_is_owed_a_tag_or_was_rejected_is_taken_over_too(self, switched):
        switched.hold(Pending().approve(entry("a")).bury("c", "1.1.0", "t"))
        record(switched.run())
        fresh = machine(switched, "fresh").state
        assert [each.name for each in fresh.approved] == ["a"]
        assert fresh.is_rejected("c", "1.1.0")

    def test_what_became_of_it_while_it_was_off_is_taken_over_too(self, switched):
        switched.hold(Pending().put(entry("a")))
        record(switched.run())
        switched.hold(Pending().put(entry("a", id="another")).put(entry("c")))
        assert {each.name: each.id == "another" for each in switched.state.pending} == {
            "a": True,
            "b": False,
            "c": False,
        }

    def test_a_commit_that_never_arrived_goes_when_the_tree_is_moved_and_its_entries_stay(self, switched):
        before = self.without(switched)
        record(change(before, lambda state: state.put(entry("a"))), push=False)
        other = switched.repo.clone("other")
        other.committed("theirs")
        other.sh("push", "--quiet", "origin", "main")
        guard(switched.run(reach={"version"}))
        assert switched.repo.git.head() == other.git.head()
        record(switched.run())
        assert set(names(machine(switched, "fresh").state)) == {"a", "b"}

    def test_off_what_was_pushed_is_not_taken_from_the_working_copy(self, switched):
        assert self.without(switched).state.empty

    def test_off_what_never_arrived_is_taken_from_the_working_copy_once(self, switched):
        record(change(switched, lambda state: state.put(entry("a"))), push=False)
        off = self.without(switched)
        off.hold(Pending().put(entry("b")))
        guard(off.run(reach={"version"}))
        record(off.run())
        assert set(names(machine(off, "fresh").state)) == {"a", "b"}
        record(change(off, lambda state: state.drop("a", "1.1.0")))
        assert names(off.state) == ["b"]

    def test_off_what_never_arrived_is_written_where_the_packages_are_before_anything_else(self, switched):
        record(change(switched, lambda state: state.put(entry("a"))), push=False)
        off = self.without(switched)
        copy = off.repo.root / switched.run().state.staged_path
        assert copy.exists()
        guard(off.run(reach={"version"}))
        held = json.loads((off.repo.root / ".vis/release/staged.json").read_text())
        assert [each["name"] for each in held["pending"]] == ["a"]
        assert not copy.exists()

    def back(self, world):
        """Off, as docs/failure-modes.md says; then b, which the state branch held, is decided, and it is switched on again."""
        off = self.without(world)
        off.hold(Pending().put(entry("b")))
        record(off.run())
        record(change(off, lambda state: state.drop("b", "1.1.0")))
        assert machine(off, "off").state.empty
        return machine(world, "on-again")

    def test_on_again_what_the_branch_still_holds_is_pending_once_more_though_it_was_decided_while_off(self, switched):
        assert names(self.back(switched).state) == ["b"]

    @pytest.mark.parametrize("folder", [False, True])
    def test_on_again_nothing_comes_back_where_the_branch_was_deleted_when_it_was_switched_off(self, switched, folder):
        if folder:
            switched.repo.sh("fetch", "--quiet", "origin", BRANCH)
            empty = switched.repo.sh("commit-tree", "-p", "FETCH_HEAD", "-m", "off", EMPTY_TREE)
            switched.repo.sh("push", "--quiet", "origin", f"{empty}:refs/heads/{BRANCH}")
        else:
            switched.repo.sh("push", "--quiet", "origin", f":refs/heads/{BRANCH}")
        again = self.back(switched)
        assert again.state.empty
        assert switched.state.empty
        record(change(again, lambda state: state.put(entry("c"))))
        assert names(switched.state) == ["c"]
