"""reconcile: one look at everything undecided, what is owed adopted, nothing waited for."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, change, entry, integrity_of, package, shasum_of
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.ports import Live, Unknown, Unreadable
from vis_tasks.services import pack, version
from vis_tasks.services import reconcile as service

SETTLE = 360


@pytest.fixture
def world(tmp_path):
    """Package a at 1.1.0, staged."""
    world = build_world(tmp_path, package("a", "1.1.0"), package("b", "1.0.0"))
    world.registry.live_versions["b", "1.0.0"] = Live(integrity_of("b", "1.0.0"))
    stage_id = world.registry.put_stage(
        "a", "1.1.0", integrity=integrity_of("a", "1.1.0"), shasum=shasum_of("a", "1.1.0")
    )
    world.hold(Pending().put(entry("a", id=stage_id, reason="timeout", commit=world.repo.git.head())))
    return world


def reconcile(world):
    run = world.run(reach=("reconcile",))
    service.reconcile(run)
    return run


def reasons(world):
    return [each.reason for each in world.state.pending]


def test_a_late_approval_is_found(world):
    world.registry.approve("a", "1.1.0")
    reconcile(world)
    assert world.state.pending == ()
    assert [each.spec for each in world.state.approved] == ["a@1.1.0"]


def test_what_is_still_staged_stays_as_it_is(world):
    before = world.state
    reconcile(world)
    assert world.state == before


def test_a_record_first_seen_gone_is_noted_with_its_time_and_not_rejected(world):
    world.registry.reject("a", "1.1.0")
    reconcile(world)
    assert world.state.pending[0].gone_at == "2026-11-21T12:00:00.000Z"
    assert reasons(world) == ["timeout"]


def test_a_later_look_after_settle_finds_it_rejected(world):
    world.registry.reject("a", "1.1.0")
    reconcile(world)
    world.clock.advance(SETTLE)
    run = reconcile(world)
    assert reasons(world) == ["rejected"]
    assert world.state.is_rejected("a", "1.1.0")
    assert [each.why for each in run.report.of("skipped")] == ["stage-rejected"]


def test_a_later_look_before_settle_does_not(world):
    world.registry.reject("a", "1.1.0")
    reconcile(world)
    world.clock.advance(SETTLE - 1)
    reconcile(world)
    assert reasons(world) == ["timeout"]


def test_a_record_that_came_back_has_its_time_taken_away(world):
    record = world.registry.records.pop(world.state.pending[0].id)
    reconcile(world)
    world.registry.records[record.id] = record
    reconcile(world)
    assert world.state.pending[0].gone_at is None


@pytest.mark.parametrize("trouble", [Unknown("http 500", "HTTP 500"), Unreadable("HTTP 401")])
def test_trouble_neither_starts_nor_ends_the_settling(world, trouble):
    world.registry.reject("a", "1.1.0")
    reconcile(world)
    world.clock.advance(10 * SETTLE)
    world.registry.answer("stages", always=trouble)
    reconcile(world)
    assert reasons(world) == ["timeout"]
    world.registry.heal("stages")
    world.hold(world.state.put(entry("a", gone_at=None)))
    world.registry.answer("live", always=Unknown("http 500", "HTTP 500"))
    reconcile(world)
    assert world.state.pending[0].gone_at is None


def test_a_decision_is_told_once(world):
    world.registry.reject("a", "1.1.0")
    reconcile(world)
    world.clock.advance(SETTLE)
    reconcile(world)
    told = len(world.console.of("warning"))
    reconcile(world)
    assert len(world.console.of("warning")) == told == 1


def test_a_rejection_that_turns_out_to_be_an_approval_is_healed(world):
    world.hold(Pending().reject(entry("a"), "t"))
    world.registry.approve("a", "1.1.0")
    reconcile(world)
    assert [each.spec for each in world.state.approved] == ["a@1.1.0"]
    assert world.state.rejected == ()


def test_a_blocked_version_that_is_let_through_later_is_found(world):
    world.hold(Pending().put(entry("a", reason="blocked")))
    world.registry.approve("a", "1.1.0")
    reconcile(world)
    assert [each.spec for each in world.state.approved] == ["a@1.1.0"]


def test_a_version_that_stays_blocked_is_not_told_again(world):
    world.hold(Pending().put(entry("a", reason="blocked")))
    world.registry.approve("a", "1.1.0", live=False)
    world.registry.statuses["a", "1.1.0"] = "blocked"
    reconcile(world)
    assert world.console.of("warning") == []


def test_other_bytes_are_a_failure_and_the_entry_stays(world):
    world.registry.approve("a", "1.1.0", integrity="sha512-" + "A" * 86 + "==")
    run = reconcile(world)
    assert [each.name for each in run.report.of("failed")] == ["a"]
    assert world.state.approved == ()
    assert len(world.state.pending) == 1


def test_what_wait_has_just_decided_is_not_asked_again(world):
    from vis_tasks.services.run import Outcome

    run = world.run(reach=("reconcile",))
    run.report.put(Outcome("a", "1.1.0", "skipped", "stage-timeout"))
    service.reconcile(run)
    assert world.registry.asked("stages") == 0


def test_a_tombstone_goes_when_the_package_moves_on_and_stays_until_then(world):
    world.hold(Pending().bury("a", "1.1.0", "t").bury("a", "1.0.9", "t").bury("gone-package", "1.0.0", "t"))
    reconcile(world)
    assert [(stone.name, stone.version) for stone in world.state.rejected] == [("a", "1.1.0")]


def test_a_version_of_ours_that_is_live_without_tag_and_memory_is_owed_it(tmp_path):
    world = build_world(tmp_path, package("a"), changes={"one": change("a")})
    run = world.run(reach=("version",))
    version.version(run)
    brought = world.repo.git.head()
    run.state.close_journal()
    world.repo.committed("later")
    world.registry.live_versions["a", "1.1.0"] = Live(integrity_of("a", "1.1.0"))
    assert isinstance(service.look(world.run()), Due)
    reconcile(world)
    assert not world.state.approved, "nothing here knows the bytes yet"
    brought_run = world.run(reach=("pack", "reconcile"))
    pack.pack(brought_run)
    service.reconcile(brought_run)
    (owed,) = world.state.approved
    assert (owed.spec, owed.commit) == ("a@1.1.0", brought)


class TestLiveWithoutMemory:
    """A fresh runner finds a version of ours live, and nothing says with which bytes it was staged."""

    @pytest.fixture
    def lost(self, tmp_path):
        world = build_world(tmp_path, package("a"), changes={"one": change("a")})
        run = world.run(reach=("version",))
        version.version(run)
        run.state.close_journal()
        return world

    def looked(self, world):
        run = world.run(reach=("pack", "reconcile"))
        if isinstance(pack.look(run), Due):
            pack.pack(run)
        service.reconcile(run)
        return run

    def test_packed_again_to_the_same_bytes_it_is_owed_its_tag_and_not_uploaded(self, lost):
        lost.registry.live_versions["a", "1.1.0"] = Live(integrity_of("a", "1.1.0"))
        run = lost.run(reach=("pack", "reconcile"))
        assert pack.look(run) == Due("1 package(s) to pack", ("compare what is live with a@1.1.0",))
        self.looked(lost)
        assert [each.spec for each in lost.state.approved] == ["a@1.1.0"]
        assert pack.uploadable(lost.run()) == ()

    def test_what_a_lost_run_packed_from_later_code_is_tagged_at_that_code(self, lost):
        later = lost.repo.committed("packages/a/later")
        lost.repo.committed("elsewhere", message="chore(release): record 1 pending stage [skip ci]")
        lost.repo.sh("push", "--quiet", "origin", "main")
        lost.registry.live_versions["a", "1.1.0"] = Live(integrity_of("a", "1.1.0"))
        self.looked(lost)
        assert [each.commit for each in lost.state.approved] == [later]

    def test_other_bytes_are_a_mismatch_with_both_hashes_and_never_a_tag(self, lost):
        lost.registry.live_versions["a", "1.1.0"] = Live("sha512-" + "A" * 86 + "==")
        run = self.looked(lost)
        (failed,) = run.report.of("failed")
        assert integrity_of("a", "1.1.0") in failed.why
        assert "sha512-AAAA" in failed.why
        assert lost.state.approved == ()

    def test_other_bytes_from_other_sources_prove_nothing_and_the_way_out_is_named(self, lost):
        brought = lost.repo.git.head()
        lost.repo.committed("packages/a/later")
        lost.repo.sh("push", "--quiet", "origin", "main")
        lost.registry.live_versions["a", "1.1.0"] = Live("sha512-" + "A" * 86 + "==")
        run = self.looked(lost)
        assert [each.why for each in run.report.of("failed")] == [
            "live, and nothing says with which bytes it was staged"
        ]
        assert f"git tag -a a@1.1.0 {brought}" in lost.console.of("error")[0]
        assert lost.state.approved == ()

    def test_tagged_by_hand_it_is_done(self, lost):
        lost.registry.live_versions["a", "1.1.0"] = Live("sha512-" + "A" * 86 + "==")
        lost.repo.git.tag("a@1.1.0", lost.repo.git.head(), "by hand")
        lost.repo.sh("push", "--quiet", "origin", "a@1.1.0")
        assert isinstance(service.look(lost.run()), UpToDate)


class TestTombstones:
    """A version that looked rejected may still go live: it is looked at for as long as it is remembered."""

    def test_one_that_goes_live_late_gets_its_tag_though_its_entry_was_dropped(self, world):
        commit = world.state.pending[0].commit
        world.hold(world.state.bury("a", "1.1.0", "2026-11-21T12:00:00.000Z").drop("a", "1.1.0"))
        world.registry.approve("a", "1.1.0")
        reconcile(world)
        assert [(each.spec, each.commit) for each in world.state.approved] == [("a@1.1.0", commit)]
        assert world.state.rejected == ()

    def test_so_it_does_when_the_package_has_moved_on(self, world):
        world.hold(Pending().put(entry("a", "1.0.9", commit="c")).bury("a", "1.0.9", "2026-11-21T12:00:00.000Z"))
        world.hold(world.state.drop("a", "1.0.9"))
        world.registry.live_versions["a", "1.0.9"] = Live(integrity_of("a", "1.0.9"))
        reconcile(world)
        assert [(each.spec, each.commit) for each in world.state.approved] == [("a@1.0.9", "c")]

    def test_other_bytes_under_its_number_are_told_and_not_tagged(self, world):
        world.hold(world.state.bury("a", "1.1.0", "2026-11-21T12:00:00.000Z").drop("a", "1.1.0"))
        world.registry.approve("a", "1.1.0", integrity="sha512-" + "A" * 86 + "==")
        run = reconcile(world)
        assert [each.name for each in run.report.of("failed")] == ["a"]
        assert world.state.approved == ()

    def test_it_is_kept_for_a_day_after_the_package_moved_on(self, world):
        world.hold(Pending().bury("a", "1.0.9", "2026-11-21T12:00:00.000Z"))
        reconcile(world)
        assert world.state.is_rejected("a", "1.0.9")
        world.clock.advance(24 * 3600)
        reconcile(world)
        assert not world.state.is_rejected("a", "1.0.9")

    def test_while_the_registry_says_nothing_it_is_kept(self, world):
        world.hold(Pending().bury("a", "1.0.9", "2026-11-21T12:00:00.000Z"))
        world.clock.advance(10 * 24 * 3600)
        world.registry.answer("live", always=Unknown("http 500", "HTTP 500"))
        reconcile(world)
        assert world.state.is_rejected("a", "1.0.9")


def test_a_version_somebody_published_by_hand_is_nobodys_business(world):
    world.hold(Pending())
    world.registry.approve("a", "1.1.0")
    assert service.look(world.run()) == UpToDate("registry, staged.json and tags agree")
    reconcile(world)
    assert world.state.empty


def test_what_it_will_do_is_told(world):
    world.hold(world.state.bury("b", "1.0.0", "t"))
    assert service.look(world.run()) == Due("staged.json holds 1 pending, 1 rejected")
