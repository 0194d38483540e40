"""A version that a lost run brought to the registry is not buried under the next one."""

from __future__ import annotations

import json

import pytest

from tests.planning.builders import write_change
from tests.services.builders import build_world, integrity_of, package, shasum_of
from vis_tasks.core.pending import Entry
from vis_tasks.errors import Refused
from vis_tasks.ports import Live, Unknown
from vis_tasks.services.unfinished import check_unfinished


@pytest.fixture
def world(tmp_path):
    """`a` was versioned to 1.1.0 by a release that left no other trace; since then somebody has changed it."""
    world = build_world(
        tmp_path, package("a", "1.0.0"), package("b", "1.0.0"), changes={"one": '---\n"a": minor\n---\n\nOne.\n'}
    )
    manifest = world.tools.root / "packages/a/package.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": "1.1.0"}))
    (world.tools.root / ".vis/release/one.md").unlink()
    _push(world, "chore(release): version 1 package")
    write_change(world.tools.root, "two", '---\n"a": patch\n"b": patch\n---\n\nTwo.\n')
    _push(world, "fix: two")
    world.registry.live_versions["b", "1.0.0"] = Live("sha512-b", None)
    return world


def _push(world, message):
    world.repo.sh("add", "--all")
    world.repo.sh("commit", "--quiet", "--message", message)
    world.repo.sh("push", "--quiet", "origin", "main")


def test_what_is_staged_is_written_down_at_the_commit_that_brought_it(world):
    stage_id = world.registry.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    check_unfinished(world.run())
    (entry,) = world.state.pending
    assert (entry.key, entry.id, entry.shasum) == (("a", "1.1.0"), stage_id, shasum_of("a", "1.1.0"))
    assert entry.commit == world.repo.sh("rev-parse", "HEAD^")


def test_what_never_arrived_may_be_left_behind(world):
    check_unfinished(world.run())
    assert world.state.empty


def test_what_is_live_without_a_tag_or_a_note_is_refused_with_the_way_out(world):
    world.registry.live_versions["a", "1.1.0"] = Live(integrity_of("a", "1.1.0"), None)
    with pytest.raises(Refused) as caught:
        check_unfinished(world.run())
    assert caught.value.code == "UNFINISHED"
    assert f"git tag -a a@1.1.0 {world.repo.sh('rev-parse', 'HEAD^')}" in caught.value.hint


def test_a_list_that_may_not_be_read_is_refused_too(world):
    world.registry.credentials = False
    with pytest.raises(Refused, match="may be staged"):
        check_unfinished(world.run())


def test_a_plan_says_that_it_could_not_look(world):
    world.registry.credentials = False
    run = world.run(plan_only=True)
    check_unfinished(run)
    assert run.report.unchecked == ["whether a@1.1.0 is staged"]
    assert "A release would be refused (UNFINISHED)" in world.console.said[-1][1]


def test_a_registry_in_trouble_decides_nothing(world):
    world.registry.answer("stages", Unknown("network", "reset"))
    with pytest.raises(Refused) as caught:
        check_unfinished(world.run())
    assert caught.value.code == "REGISTRY_DOWN"


def test_a_tagged_version_asks_nobody(world):
    world.repo.sh("tag", "-a", "a@1.1.0", "HEAD^", "-m", "a")
    world.repo.sh("push", "--quiet", "origin", "a@1.1.0")
    check_unfinished(world.run())
    assert not [each for each in world.registry.requests if each[1:2] == ("a",) or each[0] == "stages"]


def test_a_version_that_is_written_down_is_left_to_the_guard(world):
    world.hold(world.state.put(Entry("a", "1.1.0", id="1")))
    check_unfinished(world.run())
    assert world.registry.requests == []
