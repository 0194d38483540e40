"""What is staged, merged; and which of it somebody means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending
from vis_tasks.errors import UsageError
from vis_tasks.ports import Unreadable
from vis_tasks.services.stage_list import choose, listing, nothing_pending


@pytest.fixture
def world():
    world = build_world(None, package("a", "1.1.0"), package("b", "1.1.0"))
    stage_id = world.registry.put_stage("a", "1.1.0")
    world.hold(Pending().put(entry("a", id=stage_id)).put(entry("b", reason="timeout")))
    return world


def lines(world, name=None) -> list[str]:
    return [item.line() for item in listing(world.run(), name).items]


def test_both_sources_are_merged_and_marked(world):
    world.registry.put_stage("c", "0.5.0", tag="next")
    first, second, third = lines(world)
    assert first.endswith(" a@1.1.0 → latest")
    assert second == "id-b b@1.1.0 → latest [registry-only, timeout]"
    assert third.endswith(" c@0.5.0 → next [npm-only]")
    assert lines(world, "c") == [third]


@pytest.mark.parametrize(
    ("actor", "kind", "says"),
    [("ada", "user", "by ada"), (None, "trusted automation", "by trusted automation"), (None, None, "ago")],
)
def test_automation_without_a_name_is_called_by_its_kind(world, actor, kind, says: str):
    ((stage_id, record),) = world.registry.records.items()
    world.registry.records[stage_id] = replace(record, actor=actor, actor_type=kind)
    (item,) = listing(world.run(), "a").items
    assert item.about(world.clock.now()).endswith(says)


def test_without_permission_what_is_recorded_is_listed_and_the_reason_kept(world):
    world.registry.answer("stages", always=Unreadable("HTTP 403 forbidden"))
    found = listing(world.run())
    assert [item.mark for item in found.items] == ["registry-only, waiting", "registry-only, timeout"]
    assert found.unreadable == ("http://registry.test/: HTTP 403 forbidden",)


def test_a_stage_is_meant_by_its_id_a_part_of_it_or_its_name_and_version(world):
    found = listing(world.run())
    stage_id = found.items[0].entry.id
    assert stage_id
    for text in (stage_id, stage_id[:8], "a@1.1.0"):
        with_names = choose(found, [text], everything=False)
        assert [item.entry.name for item in with_names] == ["a"]
    assert [item.entry.name for item in choose(found, ["b", "a"], everything=False, names=True)] == ["b", "a"]


def test_all_leaves_out_what_waits_for_nobody(world):
    published = entry("b", id=None, published=True)
    world.hold(world.state.put(published))
    found = listing(world.run())
    assert found.items[1].line() == "(published) b@1.1.0 → latest [registry-only, waiting]"
    assert [item.entry.name for item in choose(found, [], everything=True)] == ["a"]
    world.hold(world.state.put(replace(published, reason="blocked")))
    assert [item.entry.name for item in choose(listing(world.run()), [], everything=True)] == ["a", "b"]


def test_all_means_the_versions_on_disk_too_while_their_release_waits_elsewhere(world):
    world.hold(Pending())
    world.registry.put_stage("b", "2.0.0")
    world.registry.put_stage("c", "1.1.0")
    found = listing(world.run())
    assert {item.mark for item in found.items} == {"npm-only"}
    assert [item.entry.spec for item in choose(found, [], everything=True)] == ["a@1.1.0"]


def test_versions_that_are_not_on_disk_are_named_when_nothing_is_pending(world):
    world = build_world(None, package("a", "1.1.0"))
    assert nothing_pending(listing(world.run())) == "nothing is pending"
    world.registry.put_stage("a", "2.0.0")
    world.registry.put_stage("c", "1.1.0")
    found = listing(world.run())
    assert choose(found, [], everything=True) == ()
    assert (
        nothing_pending(found)
        == "nothing is pending here; staged are a@2.0.0, which aren't on disk: pull, or name them"
    )


def test_what_the_registry_lists_is_staged_whatever_is_recorded(world):
    world.hold(world.state.put(entry("b", id=None, published=True)))
    world.registry.put_stage("b", "1.1.0")
    assert [item.entry.name for item in choose(listing(world.run()), [], everything=True)] == ["a", "b"]


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("zzzz", "'zzzz' means no stage"),
        ("a", "'a' means no stage"),
        ("d@1.0.0", "d@1.0.0 is approved and live; `invoke tag` makes its tag"),
        ("id-d", "d@1.0.0 is approved and live; `invoke tag` makes its tag"),
        ("e@1.0.0", "e@1.0.0 was rejected"),
    ],
)
def test_what_means_no_stage_says_what_is_known_of_it(world, word, says):
    state = world.state.approve(entry("d", "1.0.0")).bury("e", "1.0.0", "2026-11-21T11:00:00.000Z")
    world.hold(state)
    with pytest.raises(UsageError) as caught:
        choose(listing(world.run()), [word], everything=False)
    assert caught.value.message == says
    assert caught.value.code == "NO_SUCH_STAGE"
