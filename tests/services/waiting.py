"""What the tests of the rooms that wait share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending

if TYPE_CHECKING:
    from tests.fakes import FakeNpm

__all__ = ["POLL", "approved", "no_jitter", "outcomes", "reasons", "world_with"]

POLL = 15.0


@pytest.fixture
def no_jitter(monkeypatch):
    """Pauses are as long as the configuration says, to the second."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.0)


def world_with(*names: str, npm: FakeNpm | None = None, **more):
    """A world in which these packages are staged and known to staged.json."""
    world = build_world(None, *(package(name, "1.1.0") for name in names), npm=npm, **more)
    state = Pending()
    for name in names:
        found = entry(name)
        stage_id = world.registry.put_stage(name, "1.1.0", integrity=found.integrity, shasum=found.shasum)
        state = state.put(entry(name, id=stage_id))
    world.hold(state)
    return world


def reasons(world):
    return {each.name: each.reason for each in world.state.pending}


def approved(world):
    return {each.name for each in world.state.approved}


def outcomes(run):
    return {each.name: each.why for each in run.report.outcomes.values()}
