"""How many processes a staging run starts: a handful for the whole wave, and none for a package."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, package
from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.services.release import graph_for, make_release

AT_MOST = 14


def staged(tmp_path, count):
    """The git commands of a run that stages so many packages."""
    world = build_world(tmp_path, *(package(f"p{number}") for number in range(count)))
    started: list[str] = []
    runner = SubprocessRunner(base_env=world.repo.env, trace=started.append)
    world.tools = replace(world.tools, git=GitCli(runner, world.tools.root, {}))
    run = world.run()
    make_release(run, graph_for(run.config), ("stage",), command="stage")
    assert len(run.report.staged) == count
    return [" ".join(line.split()[:2]) for line in started]


@pytest.fixture
def few(tmp_path):
    return staged(tmp_path / "few", 2)


def test_a_staging_run_starts_few_processes_of_git(few):
    assert len(few) <= AT_MOST, few


def test_where_head_is_takes_none_of_them(few):
    assert few.count("git rev-parse") == 1, few


def test_their_number_does_not_grow_with_the_packages(few, tmp_path):
    assert sorted(staged(tmp_path / "more", 20)) == sorted(few)
