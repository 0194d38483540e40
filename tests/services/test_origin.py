"""Where bytes come from: the commit a tag belongs on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, package
from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.services import pack
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


@pytest.fixture
def started(world):
    """The command lines that git is started with."""
    lines: list[str] = []
    runner = SubprocessRunner(base_env=world.repo.env, trace=lines.append)
    world.tools = replace(world.tools, git=GitCli(runner, world.tools.root, {}))
    return lines


def packed(world, *, reach):
    """A run that has packed, by a package manager that says when it runs."""
    packer = world.tools.packer(None)

    class Talking:
        def pack_many(self, dirs, destination, started):
            started()
            return packer.pack_many(dirs, destination, started)

    world.tools = replace(world.tools, packer=lambda _: Talking())
    run = world.run(reach=reach)
    pack.pack(run)
    return run


def test_it_is_found_out_while_the_package_manager_packs(world, started):
    head = world.repo.git.head()
    run = packed(world, reach={"pack", "stage"})
    run.__dict__["_origins"].of(0)
    before = list(started)
    assert any("cat-file" in line for line in before)
    assert built_from(run, [(run.workspace.by_name["a"], head)]) == {"a": head}
    assert started == before


def test_what_was_packed_elsewhere_is_asked_about_all_the_same(world, started):
    early = world.repo.git.head()
    world.repo.committed("chore-1", message="chore(release): record wave [skip ci]")
    run = packed(world, reach={"pack", "stage"})
    before = len(started)
    assert built_from(run, [(run.workspace.by_name["a"], early)]) == {"a": early}
    assert len(started) > before


def test_nobody_asks_where_nothing_will_be_staged(world, started):
    packed(world, reach={"pack"})
    assert not any("cat-file" in line for line in started)
