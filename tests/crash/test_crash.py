"""kill -9 at every boundary, then again on the same machine or on a fresh clone: as if nothing had happened.

By default every second boundary of the first scenario is tried on the same machine, and every eighteenth of all others.
``VIS_CRASH=all`` tries every boundary of every scenario both ways.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.crash.points import SCENARIOS, Driver, count_points, trial

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = os.environ.get("VIS_CRASH") == "all"
SHARDS = 4
_THOROUGH = ("approved", False)
_EVERY = 18


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    driver = Driver()
    yield driver
    driver.close()


def shards() -> list[tuple[str, bool, int]]:
    """Scenario, fresh clone or not, and which share of its points: small enough to spread over cores."""
    found = []
    for name in SCENARIOS:
        for fresh in (False, True):
            found += [(name, fresh, shard) for shard in range(SHARDS if ALL or (name, fresh) == _THOROUGH else 1)]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fresh", "shard"),
    shards(),
    ids=lambda value: {True: "clone", False: "same"}.get(value, str(value)) if isinstance(value, bool) else str(value),
)
def test_killed_anywhere_the_next_run_ends_as_if_nothing_had_happened(
    driver, tmp_path, record_property, name, fresh, shard
):
    scenario, template = SCENARIOS[name], tmp_path / "template"
    labels = count_points(driver, scenario, template, tmp_path / "count")
    points = range(1, len(labels) + 1)
    thorough = ALL or (name, fresh) == _THOROUGH
    chosen = points[:: 1 if ALL else 2][shard::SHARDS] if thorough else points[int(fresh) :: _EVERY]
    broken = []
    for at in chosen:
        result = trial(driver, scenario, template, tmp_path / "trial", at=at, fresh=fresh)
        broken += [f"killed at {at} ({result.label}): {problem}" for problem in result.problems]
    record_property("points", f"{len(chosen)} of {len(labels)}, {len(broken)} problems")
    assert not broken, "\n".join(broken)
