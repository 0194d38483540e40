"""A world per test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.world import World, build_world
from vis_tasks.registry.run import start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with start_registry(tmp_path / "registry") as registry:
        yield build_world(tmp_path, registry)
