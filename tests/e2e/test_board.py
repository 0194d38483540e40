"""The table of a wave that waits, on a real terminal."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.terminal import watched

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def head(lines: list[str]) -> int:
    """Where the table begins; -1 when it isn't there."""
    return next((number for number, line in enumerate(lines) if line.startswith("package ")), -1)


def test_the_wave_is_a_table_until_it_is_decided(world: World) -> None:
    world.package("core").package("other").configure(timeout="60s").change("one", core="minor", other="patch").commit()

    with watched(world, "release") as terminal:
        shown = terminal.until(lambda lines: head(lines) >= 0 and any(" ci" in line for line in lines))
        table = shown[head(shown) :]
        assert table[0].split() == ["package", "version", "tag", "age", "staged", "by"]
        assert {line.split()[0]: line.split()[1] for line in table[1:3]} == {"core": "1.1.0", "other": "1.0.1"}
        assert table[1].split()[-1] == "ci"
        assert re.match(r"[01]:\d\d left · 0 of 2 decided · ", table[3])
        world.registry.approve(next(item.id for item in world.registry.stages() if item.name == "core"))
        shown = terminal.until(lambda lines: any("1 of 2 decided" in line for line in lines))
        said = shown.index("✓ core@1.1.0 was approved and is live")
        assert said < head(shown), "what is said stands above the table"
        world.registry.approve(world.registry.stages()[0].id)
        assert terminal.end() == 0, terminal.lines

    assert head(terminal.lines) == -1
    assert "Published: 2 (got tags + workspace changelog wave entry)" in terminal.lines
    assert not any("still waiting" in line for line in terminal.lines)


def test_ctrl_c_ends_the_wait_at_once_and_leaves_the_terminal_whole(world: World) -> None:
    world.configure(timeout="60s")
    world.write("vis.toml", world.read("vis.toml").replace('poll-interval = "1s"', 'poll-interval = "30s"'))
    world.package("core").change("one", core="minor").commit()

    with watched(world, "release", columns=60, env={"NO_COLOR": "1"}) as terminal:
        shown = terminal.until(lambda lines: head(lines) >= 0)
        assert all(len(line) <= 60 for line in shown[head(shown) :])
        pressed = time.monotonic()
        terminal.press(b"\x03")
        terminal.until(lambda lines: any("interrupted by SIGINT" in line for line in lines))
        waited = time.monotonic() - pressed
        assert terminal.end() == 130

    assert waited < 10, "not at the end of the poll interval"
    assert head(terminal.lines) == -1
    assert not terminal.screen.cursor.hidden
    assert b"\x1b[?25l" not in terminal.raw
    assert b"\x1b[1m" not in terminal.raw, "NO_COLOR"
    recorded = world.run("stage.list")
    assert "core@1.1.0 → latest" in recorded.stdout, "and nothing is lost"
