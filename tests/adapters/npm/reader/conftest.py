"""A scripted registry, and two readers of it: one with a token, one without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.npm.reader.builders import TOKEN, reader_of
from tests.adapters.npm.support import Server
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.adapters.npm.reader import HttpRegistryReader


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def reader(server, tmp_path, clock) -> HttpRegistryReader:
    return reader_of(server.url, tmp_path, clock, **{f"//{server.host}/:_authToken": TOKEN})


@pytest.fixture
def stranger(server, tmp_path, clock) -> HttpRegistryReader:
    return reader_of(server.url, tmp_path, clock)
