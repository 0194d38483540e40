"""The state branch switched on and off, on any machine, while versions are pending."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.services.branching import BRANCH, change, machine, names
from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending
from vis_tasks.services.guard import check_tree, guard
from vis_tasks.services.record import record

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


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
