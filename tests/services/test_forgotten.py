"""A stage that a lost machine left behind, of a version that another machine has left behind, is written down."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.fakes import FakeNpm, FakeRegistry
from tests.planning.builders import write_change
from tests.services.builders import build_world, package, shasum_of
from tests.services.guarding import ALL
from vis_tasks.core.pending import Entry, Pending
from vis_tasks.errors import Refused
from vis_tasks.ports import Unreadable
from vis_tasks.services.guard import guard


@pytest.fixture
def world(tmp_path):
    """`a` was released as 1.1.0 and, by another machine, as 1.1.1; then somebody changed it again."""
    world = build_world(
        tmp_path, package("a", "1.0.0"), package("b", "1.0.0"), changes={"one": '---\n"a": minor\n---\n\nOne.\n'}
    )
    _versioned(world, "one", "1.1.0")
    world.repo.sh("branch", "first")
    write_change(world.tools.root, "two", '---\n"a": patch\n---\n\nTwo.\n')
    _push(world, "fix: two")
    _versioned(world, "two", "1.1.1")
    world.repo.sh("tag", "-a", "a@1.1.1", "HEAD", "-m", "a")
    world.repo.sh("push", "--quiet", "origin", "a@1.1.1")
    return world


def _versioned(world, change, version):
    manifest = world.tools.root / "packages/a/package.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": version}))
    (world.tools.root / f".vis/release/{change}.md").unlink()
    _push(world, "chore(release): version 1 package")


def _push(world, message):
    world.repo.sh("add", "--all")
    world.repo.sh("commit", "--quiet", "--message", message)
    world.repo.sh("push", "--quiet", "origin", "main")


def test_it_is_waited_for_at_the_commit_that_brought_it(world):
    stage_id = world.registry.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    guard(world.run(reach=ALL))
    (entry,) = world.state.pending
    assert (entry.key, entry.id, entry.commit) == (("a", "1.1.0"), stage_id, world.repo.sh("rev-parse", "first"))
    assert entry.shasum == shasum_of("a", "1.1.0")


def test_the_next_version_waits_for_its_decision(world):
    world.registry.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    write_change(world.tools.root, "three", '---\n"a": patch\n---\n\nThree.\n')
    _push(world, "fix: three")
    with pytest.raises(Refused, match=r"a@1\.1\.0") as caught:
        guard(world.run(reach=ALL))
    assert caught.value.code == "STAGE_PENDING"


def test_a_plan_only_tells(world):
    world.registry.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    run = world.run(reach=ALL, plan_only=True)
    guard(run)
    assert world.state.empty
    assert any("a@1.1.0 is staged" in text for _, text in run.tools.console.said)


@pytest.mark.parametrize(
    ("name", "version"), [("a", "0.9.0"), ("stranger", "1.1.0")], ids=["no release brought it", "no package of ours"]
)
def test_what_is_not_ours_is_left_alone(world, name, version):
    world.registry.put_stage(name, version, shasum=shasum_of(name, version))
    guard(world.run(reach=ALL))
    assert world.state.empty


def test_what_lies_at_a_registry_that_the_package_does_not_go_to_is_left_alone(world):
    elsewhere = FakeRegistry("http://elsewhere.test/")
    npm = FakeNpm(world.registry, b=elsewhere)
    world = replace(world, npm=npm, tools=replace(world.tools, npm=lambda: npm))
    elsewhere.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    guard(world.run(reach=ALL))
    assert world.state.empty


def test_what_is_tagged_is_left_alone(world):
    world.registry.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    world.repo.sh("tag", "-a", "a@1.1.0", "first", "-m", "a")
    world.repo.sh("push", "--quiet", "origin", "a@1.1.0")
    guard(world.run(reach=ALL))
    assert world.state.empty


def test_what_was_rejected_stays_buried(world):
    world.registry.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    world.hold(Pending().put(Entry("a", "1.1.0", id="1")).bury("a", "1.1.0", "2026-01-01T00:00:00Z").drop("a", "1.1.0"))
    guard(world.run(reach=ALL))
    assert not world.state.pending


def test_a_list_that_may_not_be_read_changes_nothing(world):
    world.registry.put_stage("a", "1.1.0", shasum=shasum_of("a", "1.1.0"))
    world.registry.answer("stages", Unreadable("no"))
    guard(world.run(reach=ALL))
    assert world.state.empty
