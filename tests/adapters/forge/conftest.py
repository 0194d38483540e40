"""A running local forge, and clients of it."""

from __future__ import annotations

import pytest

from tests.adapters.forge.local_forge import start_forge
from tests.fakes import FakeClock
from vis_tasks.adapters.forge import forge_for
from vis_tasks.config.model import ForgeConfig


@pytest.fixture
def local():
    with start_forge() as forge:
        yield forge


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def github(local, clock):
    """Builds a client of ``acme/shop`` on the local GitHub."""

    def build(env=None, **config):
        return forge_for(
            f"{local.url}/acme/shop.git", local.github_env | (env or {}), ForgeConfig(**config), clock=clock
        )

    return build


@pytest.fixture
def gitlab(local, clock):
    """Builds a client of ``group/sub/shop`` on the local GitLab."""

    def build(env=None, **config):
        return forge_for(
            f"{local.url}/group/sub/shop.git", local.gitlab_env | (env or {}), ForgeConfig(**config), clock=clock
        )

    return build
