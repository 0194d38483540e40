"""What the registry is asked about a wave, how often, and what is learnt from it. The clock is ours."""

from __future__ import annotations

import pytest

from tests.fakes import FakeNpm, FakeRegistry
from tests.services.builders import entry
from tests.services.waiting import POLL, approved, no_jitter, world_with  # noqa: F401
from vis_tasks.core.pending import Pending
from vis_tasks.ports import Live
from vis_tasks.services import wait as service

pytestmark = pytest.mark.usefixtures("no_jitter")


def test_the_whole_wave_is_one_list_request_a_tick():
    names = [f"p{number:02}" for number in range(40)]
    world = world_with(*names)
    service.wait(world.run())
    ticks = len(world.clock.sleeps) + 1
    assert world.registry.asked("stages") == ticks
    assert world.registry.asked("live") == 0


def test_the_status_endpoint_is_asked_once_about_each_version_that_is_listed():
    world = world_with(*(f"p{number:02}" for number in range(40)))
    service.wait(world.run())
    assert world.registry.asked("status") == 40


def test_a_tick_asks_the_status_endpoint_about_a_few_listed_versions_only():
    world = world_with(*(f"p{number:02}" for number in range(40)))
    watch = service.Watch()
    run = world.run()
    service.tick(run, watch, run.state.pending().pending)
    assert world.registry.asked("status") <= 8


def test_500_approvals_are_noticed_in_one_tick():
    names = [f"p{number:03}" for number in range(500)]
    world = world_with(*names)

    def approve_all():
        for name in names:
            world.registry.approve(name, "1.1.0")

    world.clock.at(POLL - 1, approve_all)
    service.wait(world.run())
    assert len(approved(world)) == 500
    assert world.clock.elapsed == POLL
    assert world.registry.asked("stages") == 2
    assert world.registry.asked("live") == 500


def test_a_status_endpoint_that_refused_is_not_asked_again():
    world = world_with("a", "b")
    world.registry.status_readable = False
    for name in ("a", "b"):
        world.registry.reject(name, "1.1.0")
    service.wait(world.run())
    assert world.registry.asked("status") == 2


def test_two_registries_are_two_lists():
    first, second = FakeRegistry(), FakeRegistry("http://other.test/")
    world = world_with("a", npm=FakeNpm(first, b=second))
    stage_id = second.put_stage("b", "1.1.0", integrity=entry("b").integrity)
    world.hold(world.state.put(entry("b", id=stage_id, registry=second.url)))
    world.clock.at(20, lambda: first.approve("a", "1.1.0"))
    world.clock.at(40, lambda: second.approve("b", "1.1.0"))
    service.wait(world.run())
    assert approved(world) == {"a", "b"}
    assert second.asked("stages") > first.asked("stages")


@pytest.mark.parametrize("wrong", [None, "nobody-knows-this"])
def test_a_version_adopted_without_its_id_or_with_a_wrong_one_learns_it_from_the_list(wrong):
    world = world_with("a")
    known = world.state.pending[0].id
    world.hold(Pending().put(entry("a", id=wrong)))
    service.wait(world.run())
    assert world.state.pending[0].id == known


def test_an_entry_without_hashes_learns_what_was_staged_and_is_compared_with_it():
    world = world_with("a")
    world.hold(Pending().put(entry("a", integrity=None, shasum=None)))
    world.clock.at(100, lambda: world.registry.live_versions.update({("a", "1.1.0"): Live(None, "0" * 40)}))
    world.clock.at(100, world.registry.records.clear)
    run = world.run()
    service.wait(run)
    assert [each.name for each in run.report.of("failed")] == ["a"]


def test_one_without_hashes_that_was_never_seen_in_the_list_is_told_loudly_when_it_is_live():
    world = world_with("a")
    world.hold(Pending().put(entry("a", integrity=None, shasum=None)))
    world.registry.approve("a", "1.1.0")
    service.wait(world.run())
    assert approved(world) == {"a"}
    (warning,) = world.console.of("warning")
    assert warning.startswith(
        "a@1.1.0 is live, and nothing recorded which bytes were staged: they could not be compared."
    )
    assert "`npm view a@1.1.0 dist.integrity`" in warning


def test_one_whose_bytes_are_known_is_approved_without_such_a_warning():
    world = world_with("a")
    world.registry.approve("a", "1.1.0")
    service.wait(world.run())
    assert approved(world) == {"a"}
    assert world.console.of("warning") == []
