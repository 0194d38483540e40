"""What a lost machine brought and another one versioned over is live, and nobody here knows its bytes: people are told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.planning.builders import write_change
from tests.services.builders import build_world, entry, integrity_of, package
from tests.services.guarding import ALL
from vis_tasks.core.pending import Pending
from vis_tasks.ports import Live, Unknown
from vis_tasks.services.guard import guard
from vis_tasks.services.version import version


@pytest.fixture
def world(tmp_path):
    """`a` and `b` were released as 1.0.1, and `a` as 1.0.2, which alone has its tag, as `b` has."""
    world = build_world(tmp_path, package("a", "1.0.0"), package("b", "1.0.0"))
    _released(world, "first", "a", "b")
    world.repo.sh("branch", "first")
    _released(world, "second", "a")
    _tagged(world, "a@1.0.2", "main")
    _tagged(world, "b@1.0.1", "first")
    return world


def _released(world, name, *packages):
    write_change(
        world.tools.root, name, "---\n" + "".join(f'"{each}": patch\n' for each in packages) + f"---\n\n{name}.\n"
    )
    world.repo.sh("add", "--all")
    world.repo.sh("commit", "--quiet", "--message", f"fix: {name}")
    run = world.run(reach=("version",))
    version(run)
    run.state.close_journal()


def _tagged(world, tag, where):
    world.repo.sh("tag", "-a", tag, where, "-m", tag)
    world.repo.sh("push", "--quiet", "origin", tag)


def _live(world, name, number):
    world.registry.live_versions[name, number] = Live(integrity_of(name, number))


def _told(world, **how):
    run = world.run(reach=ALL, **how)
    run.tools.console.said.clear()
    guard(run)
    return "\n".join(run.tools.console.of("warning"))


@pytest.mark.parametrize("plan_only", [False, True])
def test_the_warning_names_the_commit_to_tag(world, plan_only):
    _live(world, "a", "1.0.1")
    commit = world.repo.sh("rev-parse", "first")
    assert f"`git tag -a a@1.0.1 {commit} -m a@1.0.1`, then `git push origin a@1.0.1`" in _told(
        world, plan_only=plan_only
    )


def test_squashed_with_more_words_below_it_is_found_all_the_same(world):
    message = world.repo.sh("log", "-1", "--format=%B", "main").replace("1.0.2", "1.0.3")
    manifest = world.tools.root / "packages/a/package.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": "1.0.4"}))
    world.repo.sh("commit", "--quiet", "--all", "--message", f"{message}\n\nCo-authored-by: somebody")
    world.repo.sh("push", "--quiet", "origin", "main")
    _live(world, "a", "1.0.3")
    assert "git tag -a a@1.0.3" in _told(world)


def test_tagged_by_hand_it_is_done(world):
    _live(world, "a", "1.0.1")
    _tagged(world, "a@1.0.1", "first")
    assert _told(world) == ""


def test_a_tag_by_an_earlier_pattern_counts(world):
    _live(world, "a", "1.0.1")
    _tagged(world, "v1.0.1", "first")
    assert _told(world) == ""


def test_what_never_went_live_is_no_news(world):
    assert _told(world) == ""


def test_what_the_registry_does_not_say_is_no_news(world):
    world.registry.answer("live", always=Unknown("http 500", "HTTP 500"))
    assert _told(world) == ""


def test_what_is_written_down_is_decided_elsewhere(world):
    _live(world, "a", "1.0.1")
    world.hold(Pending().put(entry("a", "1.0.1")))
    assert _told(world) == ""


def test_the_version_on_disk_is_left_to_the_run_that_brings_it(world):
    world.repo.sh("push", "--quiet", "origin", ":refs/tags/a@1.0.2")
    world.repo.sh("tag", "--delete", "a@1.0.2")
    _live(world, "a", "1.0.2")
    assert _told(world) == ""


def test_the_last_three_that_a_package_left_behind_are_looked_at(world):
    for number in (3, 4, 5):
        _released(world, f"number {number}", "a")
        _tagged(world, f"a@1.0.{number}", "main")
    world.repo.sh("push", "--quiet", "origin", ":refs/tags/a@1.0.2")
    world.repo.sh("tag", "--delete", "a@1.0.2")
    _live(world, "a", "1.0.1")
    _live(world, "a", "1.0.2")
    told = _told(world)
    assert "git tag -a a@1.0.2 " in told
    assert "a@1.0.1" not in told


def test_what_is_private_and_versioned_all_the_same_is_nobodys_live_version(world):
    release = replace(world.config.release, private_packages=True)
    world = replace(world, config=replace(world.config, release=release))
    _live(world, "a", "1.0.1")
    assert "a@1.0.1" in _told(world)
    manifest = world.tools.root / "packages/a/package.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "private": True}))
    world.repo.sh("commit", "--quiet", "--all", "--message", "private")
    world.repo.sh("push", "--quiet", "origin", "main")
    assert _told(world) == ""


def test_where_all_have_their_tags_nothing_is_asked(world):
    _tagged(world, "a@1.0.1", "first")
    guard(world.run(reach=ALL))
    assert "live" not in [kind for kind, *_ in world.registry.requests]
