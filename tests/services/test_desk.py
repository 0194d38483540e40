"""The desk where npm says that a stage is gone: nothing is called rejected that may have been approved."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, entry, integrity_of, package
from vis_tasks.core.pending import Pending
from vis_tasks.ports import Decided, Deciding, Live, Unknown, Unreadable
from vis_tasks.services.desk import Decision, decide, failure
from vis_tasks.services.reconcile import reconcile
from vis_tasks.services.wave import find_wave

SETTLE = 360.0


class _Gone:
    """npm's desk, for which the stage doesn't exist any more."""

    def approve(self, stage_id, otp=None):
        return Decided(Deciding.GONE, "404")

    reject = approve


class _Nobody:
    here = False

    def code(self):
        return None

    def agrees(self, question, *, default):
        return False


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = build_world(tmp_path, package("a", "1.1.0"), stage={"settle": SETTLE})
    monkeypatch.setattr(world.npm, "desk", lambda _url: _Gone())
    world.hold(Pending().put(entry("a")))
    return world


def reject(world):
    """Reject, as a new command each time."""
    run = world.run()
    (made,) = decide(run, "reject", run.state.pending().pending, _Nobody(), push=False)
    return made


def live(name, *, of=None):
    return Live(integrity_of(of or name, "1.1.0"), None)


def test_what_was_approved_and_is_in_its_scan_is_not_dropped(world):
    world.registry.statuses["a", "1.1.0"] = "validating"
    assert reject(world).outcome == "failed"
    assert world.state.find("a", "1.1.0")
    assert not world.state.rejected


def test_what_is_live_is_owed_its_tag_and_not_dropped(world):
    world.registry.live_versions["a", "1.1.0"] = live("a")
    assert "approved meanwhile" in reject(world).why
    assert world.state.find("a", "1.1.0")


def test_a_registry_in_trouble_drops_nothing(world):
    world.registry.answer("live", Unknown("network", "reset"))
    assert "no usable answer" in reject(world).why
    assert world.state.find("a", "1.1.0")


def test_what_the_registry_does_not_know_any_more_is_dropped(world):
    assert reject(world).outcome == "rejected"
    assert world.state.is_rejected("a", "1.1.0")


def test_without_a_status_it_has_to_be_gone_for_a_while(world):
    world.registry.status_readable = False
    assert "approved and in its scan" in reject(world).why
    world.clock.advance(SETTLE / 2)
    assert reject(world).outcome == "failed"
    world.clock.advance(SETTLE / 2)
    assert reject(world).outcome == "rejected"


class TestWithoutAnId:
    """A stage that was adopted by the registry's 409."""

    @pytest.fixture(autouse=True)
    def adopted(self, world):
        world.hold(Pending().put(entry("a", id=None)))

    def test_one_that_is_gone_is_dropped_like_any_other(self, world):
        assert reject(world).outcome == "rejected"
        assert world.state.is_rejected("a", "1.1.0")

    def test_the_list_tells_the_id(self, world, monkeypatch):
        stage_id = world.registry.put_stage("a", "1.1.0")
        asked = []

        class Desk(_Gone):
            def reject(self, stage_id, otp=None):
                asked.append(stage_id)
                return Decided(Deciding.DONE)

        monkeypatch.setattr(world.npm, "desk", lambda _url: Desk())
        assert reject(world).outcome == "rejected"
        assert asked == [stage_id]

    def test_where_the_list_can_not_be_read_the_page_decides(self, world):
        world.registry.answer("stages", Unreadable("OIDC"))
        assert "registry's page" in reject(world).why
        assert world.state.find("a", "1.1.0")


class TestFailure:
    @pytest.mark.parametrize(
        ("others", "hint"), [((), "--ignore-dependencies"), (("failed",), "goes on with the rest")]
    )
    def test_what_is_held_back_by_what_failed_goes_on_once_that_is_mended(self, others, hint):
        made = [Decision(entry(name), outcome, "why") for name, outcome in zip("ab", (*others, "held"), strict=False)]
        error = failure(made, "approve")
        assert error is not None
        assert hint in error.hint


class TestApproved:
    """npm has taken the approval, and the registry scans the version before it serves it."""

    @pytest.fixture(autouse=True)
    def approved(self, world, monkeypatch):
        class Desk(_Gone):
            def approve(self, stage_id, otp=None):
                world.registry.approve("a", "1.1.0", live=False)
                return Decided(Deciding.DONE)

        monkeypatch.setattr(world.npm, "desk", lambda _url: Desk())
        world.hold(Pending().put(entry("a", id=world.registry.put_stage("a", "1.1.0"))))
        run = world.run()
        (made,) = decide(run, "approve", run.state.pending().pending, _Nobody(), push=False)
        assert (made.outcome, made.live) == ("approved", False)

    def test_what_was_approved_here_is_never_called_rejected(self, world):
        world.registry.status_readable = False
        for _ in range(3):
            reconcile(world.run())
            world.clock.advance(SETTLE * 2)
        assert not world.state.rejected
        world.registry.live_versions["a", "1.1.0"] = live("a")
        reconcile(world.run())
        assert [each.spec for each in world.state.approved] == ["a@1.1.0"]

    def test_asked_again_it_says_that_it_is_done(self, world, monkeypatch):
        monkeypatch.setattr(world.npm, "desk", lambda _url: _Gone())
        run = world.run()
        (made,) = decide(run, "approve", run.state.pending().pending, _Nobody(), push=False)
        assert made.why.startswith("it is published, there is nothing to decide")

    def test_what_the_scan_stops_is_told(self, world):
        world.registry.statuses["a", "1.1.0"] = "blocked"
        reconcile(world.run())
        assert [each.reason for each in world.state.pending] == ["blocked"]


class TestPublished:
    """What went up without staging and can't be installed yet: no person decides about it."""

    @pytest.fixture(autouse=True)
    def published(self, world):
        world.hold(Pending().put(entry("a", id=None, published=True)))
        world.registry.statuses["a", "1.1.0"] = "validating"

    @pytest.mark.parametrize("verb", ["approve", "reject"])
    def test_there_is_nothing_to_decide(self, world, verb):
        run = world.run()
        (made,) = decide(run, verb, run.state.pending().pending, _Nobody(), push=False)
        assert made.outcome == "failed"
        assert made.why.startswith("it is published, there is nothing to decide")
        assert world.state.find("a", "1.1.0")

    def test_what_the_scan_stopped_is_dropped(self, world):
        world.registry.statuses["a", "1.1.0"] = "blocked"
        assert reject(world).outcome == "rejected"


def test_other_bytes_under_the_number_drop_the_entry_and_are_never_ours(world):
    world.registry.live_versions["a", "1.1.0"] = live("a", of="strange")
    assert reject(world).outcome == "rejected"
    assert any("other bytes" in line for _, line in world.console.said)
    assert not find_wave(world.run()).owed, "its tag would be made"
