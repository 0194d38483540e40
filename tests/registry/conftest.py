from __future__ import annotations

import pytest

from tests.registry.builders import Client, Npm
from vis_tasks.registry.clock import ManualClock
from vis_tasks.registry.run import Settings, start_registry


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
def npm(tmp_path, registry):
    home = tmp_path / "home"
    home.mkdir()
    client = Npm(home)
    client.login(registry, registry.token("alice"))
    return client
