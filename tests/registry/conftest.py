from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.registry.builders import Client, Npm
from vis_tasks.registry.clock import ManualClock
from vis_tasks.registry.run import Settings, start_registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def registry(tmp_path, clock):
    """A running registry with alice (two-factor) and time that stands still."""
    with start_registry(tmp_path / "registry", settings=Settings(clock=clock)) as running:
        running.add_user("alice")
        yield running


@pytest.fixture
def alice(registry):
    client = Client(registry, registry.token("alice"))
    with client.session:
        yield client


@pytest.fixture
def bob(registry):
    registry.add_user("bob")
    client = Client(registry, registry.token("bob"))
    with client.session:
        yield client


@pytest.fixture
def nobody(registry):
    client = Client(registry)
    with client.session:
        yield client


@pytest.fixture
def client_with(registry):
    """A client with another kind of token of alice's."""
    clients = []

    def make(kind, user="alice", **rest):
        clients.append(Client(registry, registry.token(user, kind, **rest)))
        return clients[-1]

    yield make
    for client in clients:
        client.session.close()


@pytest.fixture
def npm_of(tmp_path):
    """The real npm, logged in to a registry as alice, in a home of its own."""

    def make(running):
        home = tmp_path / "npm-home"
        home.mkdir()
        client = Npm(home)
        client.login(running, running.token("alice"))
        return client

    return make


@pytest.fixture
def npm(npm_of, registry):
    return npm_of(registry)


@pytest.fixture(scope="session")
def from_npm(tmp_path_factory):
    """Installs a package of the npm registry once a session and returns its folder."""
    root = tmp_path_factory.mktemp("clients")
    installed: dict[tuple[str, str], Path] = {}

    def install(name, spec):
        if (name, spec) not in installed:
            folder = root / re.sub(r"\W", "_", f"{name}{spec}")
            folder.mkdir()
            (folder / "package.json").write_text("{}")
            env = {**os.environ, "npm_config_cache": str(root / "cache"), "npm_config_userconfig": str(root / "none")}
            command = [shutil.which("npm") or "npm", "install", "--no-audit", "--no-fund", f"{name}@{spec}"]
            subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, timeout=300)
            installed[name, spec] = folder / "node_modules" / name
        return installed[name, spec]

    return install
