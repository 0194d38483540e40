"""Commands are told in the words of whoever reads them."""

from __future__ import annotations

import pytest

from vis_tasks.adapters.spoken import spoken

HINT = "run `invoke reconcile tag`, or `invoke stage.approve 8814`; `invoke --list` and an invoke of yours stay"


def test_who_calls_invoke_reads_invoke() -> None:
    assert spoken(["/usr/bin/invoke", "release"], "release")(HINT) == HINT


@pytest.mark.parametrize("program", ["/home/me/.local/bin/vis-tasks", "vis-tasks", "/lib/vis_tasks/__main__.py"])
def test_who_calls_the_binary_reads_its_name(program: str) -> None:
    assert spoken([program, "wait"], "wait")(HINT) == (
        "run `vis-tasks reconcile tag`, or `vis-tasks stage.approve 8814`; `invoke --list` and an invoke of yours stay"
    )


def test_where_our_tasks_are_mounted_each_task_is_named_by_its_whole_name() -> None:
    assert spoken(["invoke", "ship.wait"], "wait")("`invoke reconcile tag` or `invoke stage.approve x`") == (
        "`invoke ship.reconcile ship.tag` or `invoke ship.stage.approve x`"
    )


@pytest.mark.parametrize("argv", [["plan", "--output", "my.plan"], ["plan", "--output=my.plan"], ["--root=my.plan"]])
def test_a_value_that_ends_like_a_task_is_no_place_where_ours_are_mounted(argv: list[str]) -> None:
    assert spoken(["invoke", *argv], "plan")("`invoke tag`") == "`invoke tag`"
    assert spoken(["vis-tasks", *argv], "plan")("`invoke tag`") == "`vis-tasks tag`"


@pytest.mark.parametrize("text", ["invoke releases", "reinvoke tag", "invoke tag-all", "./invoke tag", "invoke"])
def test_what_only_looks_like_a_command_stays(text: str) -> None:
    assert spoken(["vis-tasks", "tag"], "tag")(text) == text
