"""restage: a rejected version may come back under its own number, and only that one."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending
from vis_tasks.errors import Failed, UsageError
from vis_tasks.ports import Live, Unknown
from vis_tasks.services.restage import restage
from vis_tasks.services.wave import find_wave


@pytest.fixture
def world(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"), package("b", "1.1.0"))
    world.hold(Pending().reject(entry("a"), "2026-11-21T12:00:00.000Z").put(entry("b", reason="timeout")))
    return world


@pytest.mark.parametrize("name", ["a", "a@1.1.0"])
def test_a_rejected_version_is_found_again_by_the_next_release(world, name):
    assert [each.name for each in find_wave(world.run()).buried] == ["a"]
    assert restage(world.run(), [name]) == ("a@1.1.0",)
    assert [each.name for each in find_wave(world.run()).fresh] == ["a"]
    assert world.state.rejected == ()
    assert [each.name for each in world.state.pending] == ["b"], "what waits goes on waiting"


def test_it_is_committed_and_pushed_in_its_own_words(world):
    restage(world.run(), ["a"])
    world.repo.sh("fetch", "--quiet", "origin")
    assert world.repo.sh("log", "-1", "--format=%s", "origin/main") == "chore(release): restage 1 stage [skip ci]"


def test_without_a_commit_only_the_file_changes(world):
    before = world.repo.git.head()
    restage(world.run(), ["a"], commit=False)
    assert world.repo.git.head() == before
    assert world.state.rejected == ()


@pytest.mark.parametrize("name", ["b", "a@1.0.0", "unknown"])
def test_what_was_not_rejected_is_an_error_that_names_what_was(world, name):
    with pytest.raises(UsageError) as caught:
        restage(world.run(), [name])
    assert caught.value.code == "NOT_REJECTED"
    assert "a@1.1.0" in caught.value.hint
    assert world.state.is_rejected("a", "1.1.0")


def test_a_package_that_has_moved_on_stages_its_new_version_instead(world):
    world.hold(Pending().reject(entry("a", "1.0.9"), "2026-11-21T12:00:00.000Z"))
    with pytest.raises(UsageError, match=r"the package is at 1\.1\.0"):
        restage(world.run(), ["a"])


def test_a_number_that_others_took_meanwhile_is_refused(world):
    world.registry.live_versions["a", "1.1.0"] = Live("sha512-strange", None)
    with pytest.raises(UsageError, match="its number is taken"):
        restage(world.run(), ["a"])
    assert world.state.is_rejected("a", "1.1.0"), "else the next release would take the bytes for ours"


def test_a_registry_in_trouble_changes_nothing(world):
    world.registry.answer("live", Unknown("network", "reset"))
    with pytest.raises(Failed, match="reset"):
        restage(world.run(), ["a"])
    assert world.state.is_rejected("a", "1.1.0")


def test_nothing_named_is_nothing_done(world):
    with pytest.raises(UsageError, match="name the packages"):
        restage(world.run(), [])
