"""Ended at every boundary, then again on the same machine or on a fresh clone: as if nothing had happened.

By default a share of all boundaries is tried; ``VIS_CRASH=all`` tries every boundary of every scenario, killed (then again on the
same machine, and on a fresh clone), and a quarter of them interrupted by SIGINT or SIGTERM, and with the state's folder made
read-only.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.crash.points import count_points, trial
from tests.crash.scenarios import SCENARIOS
from tests.crash.struck import FROZEN, Driver
from tests.rig.counts import add_counts
from tests.rig.sandbox import quick_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALL = os.environ.get("VIS_CRASH") == "all"
SHARDS = 4
# Of so many boundaries one is tried, each way of each scenario beginning at another one.
EVERY = 160
WAYS = ("same", "clone", "interrupted", "frozen")
RARE = {"interrupted", "frozen"}


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    driver = Driver()
    yield driver
    driver.close()


@pytest.fixture
def home() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


def shards() -> list[tuple[str, str, int]]:
    """Scenario, way, and which share of its points: small enough to spread over cores."""
    if not ALL:
        return [(name, "all", 0) for name in SCENARIOS]
    return [(name, way, shard) for name in SCENARIOS for way in WAYS for shard in range(SHARDS)]


def chosen(way: str, shard: int, count: int, *, first: int = 0) -> list[tuple[int, str]]:
    """Boundaries and ways to try at them.

    Args:
        way: one of `WAYS`, or ``all`` for a share of each.
        shard: which part of a way's boundaries.
        count: how many boundaries there are.
        first: where a share begins.
    """
    points = range(1, count + 1)
    if way in RARE:
        return [(at, way) for at in points[shard :: SHARDS * 4]]
    if way != "all":
        return [(at, way) for at in points[shard::SHARDS]]
    starts = {each: (first + number * EVERY // len(WAYS)) % min(EVERY, count) for number, each in enumerate(WAYS)}
    return sorted((at, each) for each, start in starts.items() for at in points[start::EVERY])


@pytest.mark.parametrize(("name", "way", "shard"), shards(), ids=str)
def test_ended_anywhere_the_next_run_ends_as_if_nothing_had_happened(driver, home, request, name, way, shard):
    scenario, template = SCENARIOS[name], home / "template"
    labels = count_points(driver, scenario, template, home / "count")
    broken, missed = [], 0
    tried = chosen(way, shard, len(labels), first=13 * list(SCENARIOS).index(name))
    for at, how in tried:
        number: int = signal.SIGKILL
        if how == "frozen":
            number = FROZEN
        elif how == "interrupted":
            number = signal.SIGINT if at % 2 else signal.SIGTERM
        result = trial(driver, scenario, template, home / "trial", at=at, fresh=how == "clone", number=number)
        missed += result.missed
        broken += [f"{how}, at {at} ({result.label}): {problem}" for problem in result.problems]
    add_counts(
        request.node,
        {
            f"{name}: boundaries": len(labels) if shard == 0 and way in {"all", WAYS[0]} else 0,
            **{f"{name}: {each}": [how for _, how in tried].count(each) for each in WAYS},
            f"{name}: missed": missed,
            "violations": len(broken),
        },
    )
    assert not broken, "\n".join(broken)
