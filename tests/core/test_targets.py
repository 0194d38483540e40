"""Targets and the graph they form."""

from __future__ import annotations

import pytest

from vis_tasks.core.targets import Graph, Target
from vis_tasks.errors import ConfigError, UsageError


def target(name: str, *needs: str, before: tuple[str, ...] = ()) -> Target[object]:
    return Target(name, lambda _context: None, needs=needs, before=before)


def names(graph: Graph[object], *goals: str) -> list[str]:
    return [each.name for each in graph.order(*goals)]


CHAIN = (target("guard"), target("version", "guard"), target("pack", "version"), target("stage", "pack"))


def test_needs_come_first():
    assert names(Graph.of(CHAIN), "stage") == ["guard", "version", "pack", "stage"]


def test_needs_come_first_whatever_the_order_of_declaration():
    assert names(Graph.of(reversed(CHAIN)), "stage") == ["guard", "version", "pack", "stage"]


def test_only_what_the_goal_needs_is_walked():
    assert names(Graph.of(CHAIN), "version") == ["guard", "version"]


def test_each_target_comes_once_however_it_was_named():
    assert names(Graph.of(CHAIN), "pack", "guard", "pack", "stage") == ["guard", "version", "pack", "stage"]


def test_a_diamond_is_walked_once():
    graph = Graph.of([target("a"), target("b", "a"), target("c", "a"), target("d", "b", "c")])
    assert names(graph, "d") == ["a", "b", "c", "d"]


def test_before_puts_a_target_between_two_others():
    graph = Graph.of([*CHAIN, target("build", "version", before=("pack",))])
    assert names(graph, "stage") == ["guard", "version", "build", "pack", "stage"]


def test_before_and_needs_that_say_the_same_are_one_edge():
    graph = Graph.of([target("a", before=("b",)), target("b", "a")])
    assert graph.needs["b"] == ("a",)


def test_a_target_before_another_does_not_pull_that_one_in():
    graph = Graph.of([*CHAIN, target("build", before=("pack",))])
    assert names(graph, "build") == ["build"]


def test_a_circle_shows_its_whole_path():
    with pytest.raises(ConfigError) as caught:
        Graph.of([target("x", "a"), target("a", "b"), target("b", "c"), target("c", "a")])
    assert caught.value.code == "TARGET_CYCLE"
    assert "a → b → c → a" in caught.value.message
    assert "x" not in caught.value.message.partition(":")[2]


def test_a_target_that_needs_itself_is_a_circle():
    with pytest.raises(ConfigError, match="a → a"):
        Graph.of([target("a", "a")])


def test_a_circle_made_by_before_is_found():
    with pytest.raises(ConfigError) as caught:
        Graph.of([*CHAIN, target("build", "stage", before=("version",))])
    assert caught.value.code == "TARGET_CYCLE"


@pytest.mark.parametrize("broken", [target("build", "versoin"), target("build", before=("versoin",))])
def test_an_unknown_name_is_refused_with_the_nearest(broken):
    with pytest.raises(ConfigError) as caught:
        Graph.of([*CHAIN, broken])
    assert caught.value.code == "NO_SUCH_TARGET"
    assert "'build'" in caught.value.message
    assert "did you mean 'version'?" in caught.value.message
    assert "guard, version, pack, stage, build" in caught.value.hint


def test_a_name_given_twice_is_refused():
    with pytest.raises(ConfigError, match="two targets are named 'pack'") as caught:
        Graph.of([*CHAIN, target("pack")])
    assert caught.value.code == "TARGET_TWICE"


def test_an_unknown_goal_is_a_usage_error_with_the_nearest():
    with pytest.raises(UsageError) as caught:
        Graph.of(CHAIN).order("pak")
    assert not isinstance(caught.value, ConfigError)
    assert "did you mean 'pack'?" in caught.value.message
    assert caught.value.exit_code == 2
