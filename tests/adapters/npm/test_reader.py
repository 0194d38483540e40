from __future__ import annotations

import gzip
import json
import socket
import threading
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import Answer, Request, Server
from tests.fakes import FakeClock
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.reader import HttpRegistryReader
from vis_tasks.ports import NO_STAGING, Live, NotLive, StageList, Unknown, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "secret-token"
DOCUMENT = {"name": "demo", "version": "1.2.0", "dist": {"integrity": "sha512-abc", "shasum": "def"}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def reader_of(url: str, root: Path, clock: FakeClock, **values: Any) -> HttpRegistryReader:
    return HttpRegistryReader(NpmConfig("11.19.1", root, {"registry": url, **values}), url, clock)


@pytest.fixture
def reader(server, tmp_path, clock) -> HttpRegistryReader:
    return reader_of(server.url, tmp_path, clock, **{f"//{server.host}/:_authToken": TOKEN})


@pytest.fixture
def stranger(server, tmp_path, clock) -> HttpRegistryReader:
    return reader_of(server.url, tmp_path, clock)


def item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"id-{number}",
        "packageName": f"demo-{number}",
        "version": "1.0.0",
        "tag": "latest",
        "createdAt": "2026-11-21T20:37:15.958Z",
        "actor": "ci",
        "actorType": None,
        "access": "public",
        "shasum": "aa",
    } | more


def query(request: Request) -> dict[str, str]:
    return dict(pair.split("=") for pair in request.path.partition("?")[2].split("&"))


def listing(items: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        asked = query(request)
        page, per_page = int(asked["page"]), int(asked["perPage"])
        body = {"items": items[page * per_page : (page + 1) * per_page], "total": len(items)}
        return Answer(200, body | {"page": page, "perPage": per_page})

    return answer


def test_the_address_has_no_credentials_and_ends_in_a_slash(tmp_path, clock):
    assert reader_of("http://me:secret@h/npm", tmp_path, clock).url == "http://h/npm/"


# --- live -----------------------------------------------------------------------------------------------------------


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


# --- whatever says nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(500, {"error": "oops"}), "http 500"),
        (Answer(503, raw=b"busy", content_type="text/plain"), "http 503"),
        (Answer(429, {"error": "slow down"}), "http 429"),
        (Answer(401, {"error": "who are you"}), "http 401"),
        (Answer(408, {}), "http 408"),
        (Answer(200, raw=b'{"name": "de'), "bad json"),
        (Answer(200, raw=b"<html>log in to the wifi</html>", content_type="text/html"), "not json"),
        (Answer(200, raw=json.dumps(DOCUMENT).encode(), content_type=None), "not json"),
        (Answer(200, DOCUMENT, length=5000), "truncated"),
        (Answer(200, raw=b"not gzip", headers={"Content-Encoding": "gzip"}), "truncated"),
        (Answer(200, hang_up=True), "connection reset"),
        (Answer(302, {}), "http 302"),
        (Answer(302, {}, headers={"Location": "/demo/1.2.0"}), "redirect"),
        (Answer(302, {}, headers={"Location": "ftp://localhost/x"}), "redirect"),
        (Answer(200, raw=b"[" * 200_000), "bad json"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_trouble_is_unknown_and_never_a_no(reader, server, answer, kind):
    server.routes["GET /demo/1.2.0"] = answer
    server.routes["GET /-/package/demo/version/1.2.0/status"] = answer
    server.routes["GET /-/stage"] = answer
    found = reader.live("demo", "1.2.0")
    assert isinstance(found, Unknown)
    assert found.kind == kind
    assert not isinstance(reader.status("demo", "1.2.0"), NotLive | str)
    assert not isinstance(reader.stages(), StageList)


def test_nothing_is_tried_again_behind_the_callers_back(reader, server):
    server.routes["GET /demo/1.2.0"] = Answer(503, {})
    reader.live("demo", "1.2.0")
    server.routes["GET /demo/1.2.0"] = Answer(hang_up=True)
    reader.live("demo", "1.2.0")
    assert len(server.requests) == 2


def test_a_refused_connection_is_unknown(tmp_path, clock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        reader = reader_of(f"http://127.0.0.1:{unused.getsockname()[1]}/", tmp_path, clock)
        found = reader.live("demo", "1.2.0")
    assert isinstance(found, Unknown)
    assert found.kind == "connection refused"


def test_an_answer_that_drips_meets_a_deadline(server, tmp_path):
    class Hasty(FakeClock):
        def monotonic(self) -> float:
            self.elapsed += 25
            return super().monotonic()

    done = threading.Event()
    server.routes["GET /demo/1.2.0"] = Answer(200, DOCUMENT, drip=done)
    found = reader_of(server.url, tmp_path, Hasty()).live("demo", "1.2.0")
    done.set()
    assert isinstance(found, Unknown)
    assert found.kind == "timeout"


def test_an_answer_without_end_is_cut_off(server, tmp_path, clock, monkeypatch):
    monkeypatch.setattr("vis_tasks.adapters.npm.http._LARGEST", 1000)
    server.routes["GET /demo/1.2.0"] = Answer(200, raw=b" " * 200_000)
    found = reader_of(server.url, tmp_path, clock).live("demo", "1.2.0")
    assert isinstance(found, Unknown)
    assert found.kind == "too large"


def test_the_words_of_the_registry_are_kept_and_secrets_in_them_masked(reader, server):
    server.routes["GET /demo/1.2.0"] = Answer(500, {"error": f"no luck\nwith Bearer {TOKEN}"})
    found = reader.live("demo", "1.2.0")
    assert isinstance(found, Unknown)
    assert found.why == "HTTP 500 no luck with Bearer ***"


def test_retry_after_in_seconds_and_as_a_date(reader, server, clock):
    in_a_minute = format_datetime(clock.now() + timedelta(seconds=60), usegmt=True)
    a_minute_ago = format_datetime(clock.now() - timedelta(seconds=60), usegmt=True)
    for value, expected in [
        ("17", 17.0),
        (in_a_minute, 60.0),
        (a_minute_ago, 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ]:
        server.routes["GET /demo/1.2.0"] = Answer(429, {}, headers={"Retry-After": value})
        found = reader.live("demo", "1.2.0")
        assert isinstance(found, Unknown)
        assert found.retry_after == expected


# --- credentials ----------------------------------------------------------------------------------------------------


def test_credentials_are_sent_to_the_registry(reader, server):
    server.routes["GET /-/whoami"] = Answer(200, {"username": "ci"})
    assert reader.whoami() == "ci"
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_redirect_elsewhere_gets_no_credentials(reader, server):
    with Server({"GET /demo/1.2.0": Answer(200, DOCUMENT)}) as other:
        server.routes["GET /demo/1.2.0"] = Answer(302, {}, headers={"Location": other.url + "demo/1.2.0"})
        assert isinstance(reader.live("demo", "1.2.0"), Live)
        assert "Authorization" not in other.requests[0].headers


def test_a_redirect_at_home_keeps_credentials(reader, server):
    server.routes["GET /demo/1.2.0"] = Answer(301, {}, headers={"Location": "/moved"})
    server.routes["GET /moved"] = Answer(200, DOCUMENT)
    assert isinstance(reader.live("demo", "1.2.0"), Live)
    assert server.requests[1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_credentials_do_not_come_back_after_a_detour(reader, server):
    with Server() as other:
        other.routes["GET /away"] = Answer(302, {}, headers={"Location": server.url + "back"})
        server.routes["GET /demo/1.2.0"] = Answer(302, {}, headers={"Location": other.url + "away"})
        server.routes["GET /back"] = Answer(200, DOCUMENT)
        assert isinstance(reader.live("demo", "1.2.0"), Live)
    assert "Authorization" not in server.requests[1].headers


def test_without_credentials_nobody_is_asked(stranger, server):
    assert isinstance(stranger.whoami(), Unreadable)
    assert isinstance(stranger.stages(), Unreadable)
    assert server.requests == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_to_tell_is_unreadable(reader, server, status):
    answer = Answer(status, {"error": "not for you"})
    server.routes |= {
        "GET /-/whoami": answer,
        "GET /-/stage": answer,
        "GET /-/package/demo/version/1.0.0/status": answer,
    }
    expected = Unreadable(f"HTTP {status} not for you")
    assert (reader.whoami(), reader.stages(), reader.status("demo", "1.0.0")) == (expected, expected, expected)


def test_having_credentials_is_what_npm_asks_before_it_publishes(server, tmp_path, clock):
    deep = server.url + "deep/"
    assert reader_of(server.url, tmp_path, clock, **{f"//{server.host}/:_authToken": "t"}).has_credentials()
    assert reader_of(deep, tmp_path, clock, **{f"//{server.host}/deep/:_authToken": "t"}).has_credentials()
    assert not reader_of(deep, tmp_path, clock, **{f"//{server.host}/:_authToken": "t"}).has_credentials()
    assert not reader_of(server.url, tmp_path, clock).has_credentials()


# --- ping, whoami, status -------------------------------------------------------------------------------------------


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


# --- stages ---------------------------------------------------------------------------------------------------------


def test_no_stages(reader, server):
    server.routes["GET /-/stage"] = listing([])
    assert reader.stages() == StageList(())
    assert server.asked() == ["GET /-/stage?page=0&perPage=100"]


def test_a_record_has_npms_fields(reader, server):
    server.routes["GET /-/stage"] = listing([item(1, status="validating")])
    found = reader.stages()
    assert isinstance(found, StageList)
    (record,) = found.records
    assert (record.id, record.name, record.version, record.tag) == ("id-1", "demo-1", "1.0.0", "latest")
    assert (record.actor, record.actor_type, record.access, record.shasum) == ("ci", None, "public", "aa")
    assert (record.created_at, record.status) == ("2026-11-21T20:37:15.958Z", "validating")


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (99, 1), (100, 1), (101, 2), (250, 3)])
def test_all_pages_are_read_and_none_too_many(reader, server, count, pages):
    server.routes["GET /-/stage"] = listing([item(number) for number in range(count)])
    found = reader.stages()
    assert isinstance(found, StageList)
    assert [record.id for record in found.records] == [f"id-{number}" for number in range(count)]
    assert len(server.requests) == pages


def test_one_package_can_be_asked_for(reader, server):
    server.routes["GET /-/stage"] = listing([])
    reader.stages("@acme/core")
    assert server.asked() == ["GET /-/stage?page=0&perPage=100&package=%40acme%2Fcore"]


def test_a_list_that_moves_between_pages_is_read_again(reader, server):
    items = [item(number) for number in range(150)]

    def approve_one_after_the_first_page(request: Request) -> Answer:
        answer = listing(items)(request)
        if len(server.requests) == 1:
            del items[0]
        return answer

    server.routes["GET /-/stage"] = approve_one_after_the_first_page
    found = reader.stages()
    assert isinstance(found, StageList)
    assert {record.id for record in found.records} == {f"id-{number}" for number in range(1, 150)}


def test_a_list_that_never_holds_still_is_unknown(reader, server):
    items = [item(number) for number in range(150)]

    def grow(request: Request) -> Answer:
        items.append(item(len(items)))
        return listing(items)(request)

    server.routes["GET /-/stage"] = grow
    found = reader.stages()
    assert isinstance(found, Unknown)
    assert found.kind == "moving list"


@pytest.mark.parametrize(
    "body",
    [
        {"items": [item(1)], "total": 2},
        {"items": [], "total": 1},
        {"items": [{"id": "x"}], "total": 1},
        {"items": [item(1)]},
        {"total": 0},
        [item(1)],
        {},
    ],
)
def test_a_list_that_does_not_add_up_is_unknown(reader, server, body):
    server.routes["GET /-/stage"] = Answer(200, body)
    assert isinstance(reader.stages(), Unknown)


def test_a_server_that_repeats_a_page_for_ever_is_left(reader, server):
    server.routes["GET /-/stage"] = Answer(200, {"items": [item(number) for number in range(100)], "total": 10_000})
    assert isinstance(reader.stages(), Unknown)
    assert len(server.requests) == 2


def test_a_server_that_never_ends_is_left(reader, server, monkeypatch):
    monkeypatch.setattr("vis_tasks.adapters.npm.reader._MOST_PAGES", 5)

    def more(request: Request) -> Answer:
        page = int(query(request)["page"])
        return Answer(200, {"items": [item(page * 100 + number) for number in range(100)], "total": 10**9})

    server.routes["GET /-/stage"] = more
    assert isinstance(reader.stages(), Unknown)
    assert len(server.requests) == 5


def test_a_failure_on_a_later_page_spoils_the_list(reader, server):
    items = [item(number) for number in range(150)]

    def fail_later(request: Request) -> Answer:
        return Answer(503, {}) if query(request)["page"] == "1" else listing(items)(request)

    server.routes["GET /-/stage"] = fail_later
    assert isinstance(reader.stages(), Unknown)


def test_a_registry_without_staging_is_named(reader):
    found = reader.stages()
    assert isinstance(found, Unknown)
    assert found.kind == NO_STAGING


def test_one_connection_serves_many_questions(reader, server):
    ports = set()

    def remember(request: Request) -> Answer:
        ports.add(request.peer)
        return Answer(200, DOCUMENT)

    server.routes["GET /demo/1.2.0"] = remember
    for _ in range(5):
        assert isinstance(reader.live("demo", "1.2.0"), Live)
    assert len(ports) == 1


# --- attestations and sizes -----------------------------------------------------------------------------------------

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


def test_trouble_is_told_in_words_without_the_insides_of_a_library(tmp_path, clock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = reader_of(f"http://127.0.0.1:{unused.getsockname()[1]}/", tmp_path, clock).live("demo", "1.2.0")
    assert found == Unknown("connection refused", "connection refused")
