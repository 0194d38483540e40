"""What is live: read once for packing and uploading together, and only as facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import Answer, Server
from tests.fakes import FakeClock
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.latest import Latest, LatestVersions
from vis_tasks.adapters.npm.reader import HttpRegistryReader

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT: dict[str, Any] = {
    "dist-tags": {"latest": "1.2.0", "next": "3.0.0-rc.1"},
    "versions": {
        "1.2.0": {"dist": {"unpackedSize": 1234}},
        "2.0.0": {"dist": {"unpackedSize": 1}},
        "2.1.0": {"dist": {}, "deprecated": "by mistake"},
        "3.0.0-rc.1": {"dist": {}},
    },
}


@pytest.fixture
def server():
    with Server() as server:
        yield server


def latest(server: Server, root: Path) -> LatestVersions:
    return LatestVersions(NpmConfig("11.19.1", root, {}), server.url, FakeClock())


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        (Answer(200, DOCUMENT), Latest("2.0.0", 1234)),
        (Answer(200, {"dist-tags": {}, "versions": {}}), Latest()),
        (Answer(200, {"dist-tags": [], "versions": {"1.0.0": None}}), Latest("1.0.0", None)),
        (Answer(404, {"error": "Not found"}), Latest()),
        (Answer(401, {}), None),
        (Answer(503, {}), None),
    ],
)
def test_a_packument_becomes_two_facts(server, tmp_path, answer, facts):
    server.routes["GET /demo"] = answer
    assert latest(server, tmp_path).of("demo") == facts


@pytest.mark.parametrize(("answer", "asked"), [(Answer(200, DOCUMENT), 1), (Answer(404, {}), 1), (Answer(503, {}), 2)])
def test_it_is_read_until_the_registry_has_answered(server, tmp_path, answer, asked):
    server.routes["GET /demo"] = answer
    known = latest(server, tmp_path)
    known.of("demo")
    known.of("demo")
    assert server.asked() == ["GET /demo"] * asked


def test_a_reader_takes_the_size_from_there(server, tmp_path):
    server.routes["GET /demo"] = Answer(200, DOCUMENT)
    config = NpmConfig("11.19.1", tmp_path, {})
    reader = HttpRegistryReader(config, server.url, FakeClock(), latest(server, tmp_path))
    assert reader.unpacked_size("demo", "latest") == 1234
    assert server.asked() == ["GET /demo"]
