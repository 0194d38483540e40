"""What the registry says about one version, and about who asks."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.adapters.npm.reader.builders import DOCUMENT
from tests.adapters.npm.support import Answer
from vis_tasks.ports import Live, NotLive, Unknown


def test_a_version_that_is_there_is_live_with_its_hashes(reader, server):
    server.routes["GET /demo/1.2.0"] = Answer(200, DOCUMENT)
    assert reader.live("demo", "1.2.0") == Live("sha512-abc", "def")


def test_a_scope_is_escaped_and_the_at_sign_kept(reader, server):
    assert reader.live("@acme/core", "1.0.0-rc.1+b") == NotLive()
    assert server.asked() == ["GET /@acme%2Fcore/1.0.0-rc.1%2Bb"]


def test_a_version_the_registry_does_not_know_is_not_live(reader, server):
    server.routes["GET /demo/1.2.0"] = Answer(404, "version not found: 1.2.0")
    assert reader.live("demo", "1.2.0") == NotLive()


def test_a_404_of_something_else_says_nothing(reader, server):
    server.routes["GET /demo/1.2.0"] = Answer(404, raw=b"<h1>Not Found</h1>", content_type="text/html")
    assert isinstance(reader.live("demo", "1.2.0"), Unknown)


def test_a_compressed_document_is_read(reader, server):
    data = gzip.compress(json.dumps(DOCUMENT).encode())
    server.routes["GET /demo/1.2.0"] = Answer(200, raw=data, headers={"Content-Encoding": "gzip"})
    assert isinstance(reader.live("demo", "1.2.0"), Live)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "demo", "version": "1.2.1", "dist": {}},
        {"name": "other", "version": "1.2.0", "dist": {}},
        {"name": "demo", "version": "1.2.0"},
        {"name": "demo", "versions": {"1.2.0": DOCUMENT}},
        [],
        "1.2.0",
        None,
    ],
)
def test_a_document_of_something_else_says_nothing(reader, server, body):
    server.routes["GET /demo/1.2.0"] = Answer(200, body)
    assert isinstance(reader.live("demo", "1.2.0"), Unknown)


def test_a_document_without_hashes_is_live_all_the_same(reader, server):
    server.routes["GET /demo/1.2.0"] = Answer(200, DOCUMENT | {"dist": {}})
    assert reader.live("demo", "1.2.0") == Live(None, None)


def test_a_registry_answers_ping(reader, server):
    server.routes["GET /-/ping"] = Answer(200, {})
    assert reader.ping() is None


def test_a_page_is_no_answer_to_ping(reader, server):
    server.routes["GET /-/ping"] = Answer(200, raw=b"<html>", content_type="text/html")
    assert isinstance(reader.ping(), Unknown)


def test_whoami_without_a_name_is_unknown(reader, server):
    server.routes["GET /-/whoami"] = Answer(200, {})
    assert isinstance(reader.whoami(), Unknown)


@pytest.mark.parametrize("status", ["published", "validating", "staged", "blocked", "deleted"])
def test_the_status_of_a_version(reader, server, status):
    server.routes["GET /-/package/@acme%2Fcore/version/1.0.0/status"] = Answer(200, {"status": status})
    assert reader.status("@acme/core", "1.0.0") == status


def test_a_version_without_status_is_not_live(reader):
    assert reader.status("demo", "1.0.0") == NotLive()


def test_a_status_nobody_knows_is_unknown(reader, server):
    server.routes["GET /-/package/demo/version/1.0.0/status"] = Answer(200, {"status": "elsewhere"})
    assert isinstance(reader.status("demo", "1.0.0"), Unknown)


ATTESTATIONS = "GET /-/npm/v1/attestations/@acme%2Fdemo@1.2.0"


def test_attestations_are_given_as_they_are(reader, server):
    found = [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": {}}, "odd"]
    server.routes[ATTESTATIONS] = Answer(200, {"attestations": found})
    assert reader.attestations("@acme/demo", "1.2.0") == (found[0],)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_registry_that_shows_no_attestations_has_none(reader, server, status: int):
    server.routes[ATTESTATIONS] = Answer(status, {"error": "no"})
    assert reader.attestations("@acme/demo", "1.2.0") == NotLive()


@pytest.mark.parametrize("answer", [Answer(500, {}), Answer(200, {"attestations": 7}), Answer(200, [])])
def test_attestations_that_cannot_be_read_are_unknown(reader, server, answer):
    server.routes[ATTESTATIONS] = answer
    assert isinstance(reader.attestations("@acme/demo", "1.2.0"), Unknown)


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        (Answer(200, DOCUMENT | {"dist": {"unpackedSize": 1234}}), 1234),
        (Answer(200, DOCUMENT), None),
        (Answer(200, {"dist": {"unpackedSize": "big"}}), None),
        (Answer(404, {}), None),
        (Answer(503, {}), None),
    ],
)
def test_the_size_of_what_a_dist_tag_serves_is_told_or_not_known(reader, server, answer, size):
    server.routes["GET /demo/latest"] = answer
    assert reader.unpacked_size("demo", "latest") == size
