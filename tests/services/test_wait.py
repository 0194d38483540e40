"""wait: patience with trouble, and decisions only from evidence. The clock is ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, entry, package
from tests.services.waiting import POLL, approved, no_jitter, outcomes, reasons, world_with  # noqa: F401
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.ports import Live, Unknown, Unreadable
from vis_tasks.services import wait as service

TIMEOUT, SETTLE, HEARTBEAT = 1800.0, 360.0, 300.0

pytestmark = pytest.mark.usefixtures("no_jitter")


class TestDecisions:
    def test_an_approval_is_noticed_and_the_wait_ends(self):
        world = world_with("a")
        world.clock.at(100, lambda: world.registry.approve("a", "1.1.0"))
        service.wait(world.run())
        assert approved(world) == {"a"}
        assert reasons(world) == {}
        assert 100 <= world.clock.elapsed <= 100 + POLL

    def test_a_rejection_the_status_endpoint_shows_is_noticed_within_two_ticks(self):
        world = world_with("a")
        world.clock.at(100, lambda: world.registry.reject("a", "1.1.0"))
        run = world.run()
        service.wait(run)
        assert reasons(world) == {"a": "rejected"}
        assert world.state.is_rejected("a", "1.1.0")
        assert world.clock.elapsed <= 100 + 2 * POLL
        assert outcomes(run) == {"a": "stage-rejected"}
        assert "Stage rejected for a@1.1.0" in world.console.of("warning")[0]

    def test_a_rejection_nobody_shows_is_believed_only_after_settle(self):
        world = world_with("a")
        world.registry.status_readable = False
        world.clock.at(100, lambda: world.registry.reject("a", "1.1.0"))
        service.wait(world.run())
        assert reasons(world) == {"a": "rejected"}
        assert 100 + SETTLE <= world.clock.elapsed <= 100 + SETTLE + 2 * POLL
        assert "if it is only in a long scan, the next run after it finds it live" in world.console.of("warning")[0]

    def test_an_approval_whose_version_comes_late_is_no_rejection(self):
        world = world_with("a")
        world.registry.status_readable = False
        world.clock.at(100, lambda: world.registry.approve("a", "1.1.0", live=False))
        world.clock.at(100 + SETTLE - POLL, lambda: world.registry.scanned("a", "1.1.0"))
        service.wait(world.run())
        assert approved(world) == {"a"}

    def test_a_scan_longer_than_settle_is_no_rejection_while_the_endpoint_says_validating(self):
        world = world_with("a")
        world.clock.at(100, lambda: world.registry.approve("a", "1.1.0", live=False))
        world.clock.at(1300, lambda: world.registry.scanned("a", "1.1.0"))
        service.wait(world.run())
        assert approved(world) == {"a"}

    def test_what_was_published_without_staging_is_never_called_rejected_however_late_it_comes(self):
        world = world_with("a")
        world.registry.records.clear()
        world.hold(Pending().put(entry("a", id=None, published=True)))
        service.wait(world.run())
        assert reasons(world) == {"a": "timeout"}
        assert "a@1.1.0 is published, and could not be installed yet after 30m" in world.console.of("warning")[0]
        assert world.console.of("line")[0] == "1 published version(s) can't be installed yet: a@1.1.0"
        world.registry.live_versions[("a", "1.1.0")] = Live(entry("a").integrity, entry("a").shasum)
        service.wait(world.run())
        assert approved(world) == {"a"}
        assert world.console.of("success")[-1] == "a@1.1.0 is live"

    def test_a_list_that_lags_behind_does_not_make_undecided_what_was_approved_here(self):
        world = world_with("a")
        (known,) = world.state.pending
        world.hold(Pending().put(replace(known, published=True)))
        world.registry.status_readable = False
        world.clock.at(100, lambda: world.registry.approve("a", "1.1.0", live=False))
        service.wait(world.run())
        assert reasons(world) == {"a": "timeout"}

    def test_with_a_settle_of_zero_two_readings_are_still_needed(self):
        world = world_with("a", stage={"settle": 0})
        world.registry.status_readable = False
        world.registry.reject("a", "1.1.0")
        service.wait(world.run())
        assert reasons(world) == {"a": "rejected"}
        assert world.registry.asked("stages") == 2

    def test_a_blocked_version_is_recorded_and_not_approved(self):
        world = world_with("a")

        def block():
            world.registry.approve("a", "1.1.0", live=False)
            world.registry.statuses["a", "1.1.0"] = "blocked"

        world.clock.at(50, block)
        run = world.run()
        service.wait(run)
        assert reasons(world) == {"a": "blocked"}
        assert outcomes(run) == {"a": "stage-blocked"}

    def test_other_bytes_than_staged_fail_with_both_hashes_and_the_others_go_on(self):
        world = world_with("a", "b")
        world.clock.at(20, lambda: world.registry.approve("a", "1.1.0", integrity="sha512-" + "A" * 86 + "=="))
        world.clock.at(60, lambda: world.registry.approve("b", "1.1.0"))
        run = world.run()
        service.wait(run)
        assert approved(world) == {"b"}
        (failed,) = run.report.of("failed")
        assert failed.name == "a"
        assert entry("a").integrity in failed.why
        assert "sha512-AAAA" in failed.why

    def test_each_decision_is_on_disk_as_soon_as_it_is_made(self):
        world = world_with("a", "b")
        world.clock.at(20, lambda: world.registry.approve("a", "1.1.0"))
        seen = []
        world.clock.at(70, lambda: seen.append((approved(world), reasons(world))))
        world.clock.at(90, lambda: world.registry.approve("b", "1.1.0"))
        service.wait(world.run())
        assert seen == [({"a"}, {"b": "waiting"})]


class TestPatience:
    def test_at_the_deadline_the_undecided_are_timed_out_with_a_warning(self):
        world = world_with("a", "b")
        world.clock.at(60, lambda: world.registry.approve("a", "1.1.0"))
        run = world.run()
        service.wait(run)
        assert world.clock.elapsed == TIMEOUT
        assert approved(world) == {"a"}
        assert reasons(world) == {"b": "timeout"}
        assert outcomes(run) == {"b": "stage-timeout"}
        stage_id = world.state.pending[0].id
        (warning,) = world.console.of("warning")
        assert warning == (
            f"Stage {stage_id} timed out waiting for approval (30m).\n"
            f"Approve via npm 2FA or `invoke stage.approve {stage_id}`."
        )

    def test_a_decision_made_just_before_the_deadline_counts(self):
        world = world_with("a")
        world.clock.at(TIMEOUT - 1, lambda: world.registry.approve("a", "1.1.0"))
        service.wait(world.run())
        assert approved(world) == {"a"}

    def test_an_entry_that_timed_out_before_is_waited_for_again(self):
        world = world_with("a")
        world.hold(Pending().put(entry("a", id=world.state.pending[0].id, reason="timeout")))
        world.clock.at(400, lambda: world.registry.approve("a", "1.1.0"))
        run = world.run()
        service.wait(run)
        assert approved(world) == {"a"}

    @pytest.mark.parametrize("reason", ["rejected", "blocked"])
    def test_what_is_decided_is_not_waited_for(self, reason):
        world = world_with("a")
        world.hold(Pending().put(entry("a", reason=reason)))
        service.wait(world.run())
        assert world.clock.elapsed == 0

    def test_a_settle_longer_than_the_timeout_goes_on_in_the_next_run(self):
        world = world_with("a", stage={"timeout": 200})
        world.registry.status_readable = False
        world.registry.reject("a", "1.1.0")
        service.wait(world.run())
        assert reasons(world) == {"a": "timeout"}
        service.wait(world.run())
        assert reasons(world) == {"a": "rejected"}
        assert SETTLE <= world.clock.elapsed < 400

    def test_a_record_that_comes_back_is_not_held_against_the_next_run(self):
        world = world_with("a", stage={"timeout": 60})
        world.registry.status_readable = False
        record = world.registry.records.pop(world.state.pending[0].id)
        world.clock.at(30, lambda: world.registry.records.update({record.id: record}))
        service.wait(world.run())
        assert world.state.pending[0].gone_at is None

    def test_a_heartbeat_line_comes_every_five_minutes(self):
        world = world_with("a")
        service.wait(world.run())
        beats = [line for line in world.console.of("line") if line.startswith("still waiting")]
        assert len(beats) == TIMEOUT / HEARTBEAT
        assert beats[0] == "still waiting for 1 version(s), 25m left: a@1.1.0"

    def test_on_a_terminal_a_board_shows_what_is_undecided_instead_of_heartbeats(self):
        world = world_with("a", "b")
        world.console.live = True
        world.registry.status_readable = False
        world.clock.at(100, lambda: world.registry.approve("a", "1.1.0", live=False))
        world.clock.at(200, lambda: world.registry.scanned("a", "1.1.0"))
        service.wait(world.run())
        seen = [({row.name: row.state for row in rows}, decided) for rows, decided, _ in world.console.shown]
        told = list(dict.fromkeys((tuple(rows.items()), decided) for rows, decided in seen))
        assert told == [
            ((("a", "waiting"), ("b", "waiting")), 0),
            ((("a", "gone"), ("b", "waiting")), 0),
            ((("b", "waiting"),), 1),
        ]
        assert {deadline for *_, deadline in world.console.shown} == {1000.0 + TIMEOUT}
        assert world.console.shown[1][0][0].actor == "ada", "the registry says who staged it"
        assert not any("still waiting" in line for line in world.console.of("line"))

    def test_the_wait_is_announced_with_the_way_to_approve(self):
        world = world_with("a")
        world.registry.approve("a", "1.1.0")
        stage_id = world.state.pending[0].id
        service.wait(world.run())
        assert world.console.of("line") == [
            "1 version(s) wait for approval with 2FA, for 30m at most:",
            f"  a@1.1.0 → latest  `invoke stage.approve {stage_id}`",
        ]


class TestTrouble:
    TROUBLE = (
        Unknown("http 500", "HTTP 500"),
        Unknown("http 429", "HTTP 429"),
        Unknown("connection reset", "connection reset"),
        Unknown("timeout", "timeout"),
        Unknown("not json", "not JSON"),
        Unreadable("HTTP 401"),
        Unreadable("HTTP 403"),
    )

    @pytest.mark.parametrize("trouble", TROUBLE, ids=lambda each: each.why)
    def test_trouble_with_the_list_never_rejects(self, trouble):
        world = world_with("a")
        world.registry.reject("a", "1.1.0")
        world.registry.answer("stages", always=trouble)
        service.wait(world.run())
        assert reasons(world) == {"a": "timeout"}
        assert world.state.rejected == ()

    @pytest.mark.parametrize("question", ["live", "status"])
    def test_trouble_with_the_other_questions_never_rejects(self, question):
        world = world_with("a")
        world.registry.reject("a", "1.1.0")
        world.registry.answer(question, always=Unknown("http 503", "HTTP 503"))
        service.wait(world.run())
        assert reasons(world) == {"a": "timeout"}

    def test_an_approval_is_seen_though_the_list_can_not_be_read(self):
        world = world_with("a")
        world.registry.credentials = False
        world.clock.at(100, lambda: world.registry.approve("a", "1.1.0"))
        service.wait(world.run())
        assert approved(world) == {"a"}

    def test_each_kind_of_trouble_is_told_once(self):
        world = world_with("a")
        world.registry.answer("stages", *[Unknown("http 500", "HTTP 500")] * 3, *[Unknown("timeout", "timeout")] * 2)
        world.clock.at(600, lambda: world.registry.approve("a", "1.1.0"))
        service.wait(world.run())
        told = [line for line in world.console.of("detail") if "no usable answer" in line]
        assert len(told) == 2

    def test_while_answers_fail_the_pauses_grow_to_two_minutes_and_shrink_again_after(self):
        world = world_with("a")
        world.registry.answer("stages", *[Unknown("http 500", "HTTP 500")] * 5)
        service.wait(world.run())
        assert world.clock.sleeps[:7] == [30, 60, 120, 120, 120, 15, 15]

    def test_retry_after_is_honoured(self):
        world = world_with("a")
        world.registry.answer("stages", Unknown("http 429", "HTTP 429", retry_after=77))
        service.wait(world.run())
        assert world.clock.sleeps[:2] == [77, 15]

    def test_a_retry_after_beyond_the_deadline_ends_the_wait_at_the_deadline(self):
        world = world_with("a")
        world.registry.answer("stages", Unknown("http 429", "HTTP 429", retry_after=99999))
        service.wait(world.run())
        assert world.clock.elapsed == TIMEOUT
        assert reasons(world) == {"a": "timeout"}

    def test_seventy_seconds_of_errors_change_nothing(self):
        world = world_with("a")
        bad = Unknown("http 500", "HTTP 500")
        world.registry.answer("stages", always=bad).answer("live", always=bad)
        world.clock.at(70, lambda: [world.registry.heal(question) for question in ("stages", "live")])
        world.clock.at(200, lambda: world.registry.approve("a", "1.1.0"))
        service.wait(world.run())
        assert approved(world) == {"a"}

    def test_an_interrupt_leaves_what_was_decided_and_the_rest_waiting(self):
        world = world_with("a", "b")
        world.clock.at(20, lambda: world.registry.approve("a", "1.1.0"))

        def interrupt():
            raise KeyboardInterrupt

        world.clock.at(100, interrupt)
        with pytest.raises(KeyboardInterrupt):
            service.wait(world.run())
        assert approved(world) == {"a"}
        assert reasons(world) == {"b": "waiting"}


class TestLook:
    def test_it_is_due_while_something_is_undecided(self, monkeypatch):
        monkeypatch.setattr(service, "look_stage", lambda _run: UpToDate("staged"))
        world = world_with("a")
        assert service.look(world.run()) == Due("1 version(s) wait for a decision", ("wait for a@1.1.0",))

    def test_it_is_up_to_date_when_nothing_waits(self, monkeypatch):
        monkeypatch.setattr(service, "look_stage", lambda _run: UpToDate("staged"))
        assert isinstance(service.look(build_world(None, package("a")).run()), UpToDate)

    def test_detached_never_waits(self):
        assert isinstance(service.look(world_with("a", stage={"mode": "detached"}).run()), UpToDate)


def test_pauses_are_spread_a_little(monkeypatch):
    monkeypatch.setattr("random.uniform", lambda _low, high: high)
    world = world_with("a")
    service.wait(world.run())
    assert world.clock.sleeps[0] == pytest.approx(POLL * 1.1)
