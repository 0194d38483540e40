"""Workspaces that nobody has set up yet: on disk alone, and in a world with a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.world import World, build_world
from tests.init.checkout import Checkout
from vis_tasks.registry.run import start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    """Two packages at the registry, one of which needs the other; no vis.toml, nothing ignored."""
    with start_registry(tmp_path / "registry") as registry:
        world = build_world(tmp_path, registry)
        (world.root / "vis.toml").unlink()
        world.write(".gitignore", "node_modules/\n")
        world.package("@acme/core").package("@acme/cli", dependencies={"@acme/core": "^1.0.0"})
        world.commit()
        yield world


@pytest.fixture
def repository(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "repository")
