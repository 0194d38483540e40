"""Answers that say nothing, and where credentials go."""

from __future__ import annotations

import json
import socket
import threading
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tests.adapters.npm.reader.builders import DOCUMENT, TOKEN, reader_of
from tests.adapters.npm.support import Answer, Request, Server
from tests.fakes import FakeClock
from vis_tasks.ports import Live, NotLive, StageList, Unknown, Unreadable


def test_the_address_has_no_credentials_and_ends_in_a_slash(tmp_path, clock):
    assert reader_of("http://me:secret@h/npm", tmp_path, clock).url == "http://h/npm/"


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


def test_a_refused_connection_is_unknown_and_told_without_the_insides_of_a_library(tmp_path, clock):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = reader_of(f"http://127.0.0.1:{unused.getsockname()[1]}/", tmp_path, clock).live("demo", "1.2.0")
    assert found == Unknown("connection refused", "connection refused")


def test_one_connection_serves_many_questions(reader, server):
    ports = set()

    def remember(request: Request) -> Answer:
        ports.add(request.peer)
        return Answer(200, DOCUMENT)

    server.routes["GET /demo/1.2.0"] = remember
    for _ in range(5):
        assert isinstance(reader.live("demo", "1.2.0"), Live)
    assert len(ports) == 1


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
