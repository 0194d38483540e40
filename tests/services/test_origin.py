"""Where bytes come from: the commit a tag belongs on."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, package
from vis_tasks.services.origin import built_from


@pytest.fixture
def world(tmp_path):
    return build_world(tmp_path, package("a", "1.1.0"))


def built(world):
    run = world.run()
    head = world.repo.git.head()
    assert head is not None
    return built_from(run, [(run.workspace.by_name["a"], head)])["a"]


def test_bytes_packed_at_the_version_commit_come_from_it(world):
    assert built(world) == world.repo.git.head()


def test_our_own_chores_on_top_change_nothing(world):
    brought = world.repo.git.head()
    for number, words in enumerate(
        ("record 2 pending stages", "record wave", "clear pending stage registry", "restage 1 stage")
    ):
        world.repo.committed(f"chore-{number}", message=f"chore(release): {words} [skip ci]")
    assert built(world) == brought


def test_a_commit_of_people_is_where_the_bytes_come_from(world):
    world.repo.committed("chore-1", message="chore(release): record wave [skip ci]")
    world.repo.committed("fix", message="fix: something before it was packed")
    fix = world.repo.git.head()
    world.repo.committed("chore-2", message="chore(release): record 1 pending stage [skip ci]")
    assert built(world) == fix


def test_words_that_look_like_ours_are_peoples_unless_they_skip_ci(world):
    world.repo.committed("x", message="chore(release): record everything")
    assert built(world) == world.repo.git.head()
