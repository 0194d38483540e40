"""The connections that requests without a proxy take, over real sockets."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from tests.adapters.npm.support import Answer, Request, Server, saying
from vis_tasks.adapters.npm.http import TROUBLE, trouble_of
from vis_tasks.adapters.npm.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = (10, 10)


@pytest.fixture
def wire() -> Wire:
    return Wire(ssl.create_default_context)


def ask(wire: Wire, url: str, **more) -> tuple[int, bytes]:
    with wire.send("GET", url, headers=more.pop("headers", {}), timeout=SOON, **more) as answer:
        return answer.status, b"".join(answer.pieces)


def trouble(wire: Wire, url: str) -> str:
    with pytest.raises(TROUBLE) as caught:
        ask(wire, url)
    return trouble_of(caught.value).kind


def peers(server: Server) -> list[int]:
    return [request.peer for request in server.requests]


def test_what_was_read_to_its_end_leaves_its_connection_to_the_next(wire):
    with Server({"GET /": Answer(200, {"a": 1})}) as server:
        assert ask(wire, server.url) == ask(wire, server.url) == (200, b'{"a": 1}')
        assert len(set(peers(server))) == 1


def test_what_was_left_unread_does_not(wire):
    with Server({"GET /": Answer(200, {"a": 1})}) as server:
        with wire.send("GET", server.url, headers={}, timeout=SOON) as answer:
            assert answer.status == 200
        assert ask(wire, server.url) == (200, b'{"a": 1}')
        assert len(set(peers(server))) == 2


def test_two_at_once_take_two_connections(wire):
    both = threading.Barrier(2, timeout=10)

    def together(_: Request) -> Answer:
        both.wait()
        return Answer(200, {})

    with Server({"GET /": together}) as server:
        threads = [threading.Thread(target=ask, args=(wire, server.url)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(set(peers(server))) == 2


def test_a_connection_that_its_host_closed_meanwhile_is_not_taken(wire):
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    with saying(whole, whole) as url:
        assert ask(wire, url) == (200, b"hi")
        (kept,) = next(iter(wire._idle.values()))
        while kept.recv(1, socket.MSG_PEEK):  # until the end has come
            pass
        assert ask(wire, url) == (200, b"hi")


def test_one_that_is_to_be_closed_is_not_kept(wire):
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
    with saying(closing, closing) as url:
        assert ask(wire, url) == (200, b"hi")
        assert not wire._idle
        assert ask(wire, url) == (200, b"hi")


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
        (b"\r\nhello", b"hello"),
        (b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"), b"hello"),
        (b"Content-Encoding: X-GZIP\r\n\r\n" + gzip.compress(b"hel") + gzip.compress(b"lo"), b"hello"),
        (b"Content-Encoding: identity\r\nContent-Length: 0\r\n\r\n", b""),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nContent-Encoding: br\r\n\r\n", b"hi"),
    ],
    ids=["chunked", "until the end", "packed", "packed in two", "empty", "chunked, with a trailer"],
)
def test_bodies_come_in_many_shapes(wire, said, body):
    with saying(b"HTTP/1.1 200 OK\r\n" + said) as url:
        assert ask(wire, url) == (200, body)


def test_what_goes_before_an_answer_is_passed_over(wire):
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Encoding: br\r\n\r\n"
    with saying(early + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as url:
        assert ask(wire, url) == (200, b"hi")


def test_what_comes_after_an_answer_is_nobodys(wire):
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    with saying(first + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", first) as url:
        assert ask(wire, url) == (200, b"hi")
        assert not wire._idle
        assert ask(wire, url) == (200, b"hi")


def test_an_answer_without_a_body_ends_with_its_head(wire):
    with saying(b"HTTP/1.1 204 No Content\r\n\r\n") as url:
        assert ask(wire, url) == (204, b"")
        assert wire._idle


def test_the_headers_of_an_answer_are_found_in_any_case(wire):
    said = b"HTTP/1.1 200 OK\r\nX-One: a\r\nx-one:  b \r\nX-Two: \xfc\r\nContent-Length: 0\r\n\r\n"
    with saying(said) as url, wire.send("GET", url, headers={}, timeout=SOON) as answer:
        assert answer.headers.get("x-ONE") == "a, b"
        assert answer.headers.get("X-Two") == "ü"
        assert answer.headers.get("X-Three") is None
        assert answer.headers.get("X-Three", "none") == "none"


def test_a_request_without_a_body_says_so_where_one_could_be(wire):
    with Server({"GET /": Answer(200, {}), "POST /": Answer(200, {})}) as server:
        for method in ("GET", "POST"):
            with wire.send(method, server.url, headers={}, timeout=SOON):
                pass
        assert [request.headers.get("Content-Length") for request in server.requests] == [None, "0"]


def test_a_host_is_named_with_its_port(wire):
    with Server({"GET /": Answer(200, {})}) as server:
        ask(wire, server.url)
        (request,) = server.requests
        assert request.headers.get("Host") == server.url.split("/")[2]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", "truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhi\r\n", "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nhello", "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nhello", "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello")[:-9], "truncated"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "connection reset"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 40_000 + b"\r\n", "connection reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "connection reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "connection reset"),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "connection reset"),
        (b"", "connection reset"),
    ],
    ids=[
        "short",
        "half a chunk",
        "no last chunk",
        "no chunk",
        "not packed",
        "unasked",
        "half packed",
        "ssh",
        "endless head",
        "two framings",
        "two lengths",
        "another protocol",
        "gone",
    ],
)
def test_what_is_broken_is_trouble_and_its_connection_is_closed(wire, said, kind):
    with saying(said) as url:
        assert trouble(wire, url) == kind
    assert not any(wire._idle.values())


def test_an_upload_that_is_refused_before_it_has_all_hears_why(wire):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge"
    began = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"x"
        assert began.wait(10)
        for _ in range(200):
            yield b"x" * 65536

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            peer, _ = listener.accept()
            heard = b""
            while not heard.endswith(b"\r\n\r\nx"):
                heard += peer.recv(65536)
            peer.sendall(refusal)
            peer.shutdown(socket.SHUT_RDWR)
            began.set()
            peer.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        length = {"Content-Length": str(1 + 200 * 65536)}
        with wire.send("PUT", url, headers=length, timeout=SOON, body=body()) as answer:
            assert (answer.status, b"".join(answer.pieces)) == (413, b"large")
        thread.join(10)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_address_of_ipv6(wire):
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", family=socket.AF_INET6) as url:
        assert ask(wire, url) == (200, b"hi")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/"),
        ("@acme%2fa/1.0.0?write=true", "/@acme%2fa/1.0.0?write=true"),
        ("prüfung/a b", "/pr%C3%BCfung/a%20b"),
        ("a#fragment", "/a"),
    ],
)
def test_what_is_asked_for_is_escaped_where_it_must_be(wire, path, asked):
    with Server() as server:
        ask(wire, server.url + path)
        assert server.asked() == [f"GET {asked}"]


@pytest.mark.parametrize(
    "url", ["http:///path", "ftp://127.0.0.1/", "/path", "http://h:99999/", "http://h:x/", "http://[::1/"]
)
def test_an_address_that_is_none_is_trouble(wire, url):
    assert trouble(wire, url) == "network"


def test_a_header_that_would_break_the_line_is_not_sent(wire):
    with Server({"GET /": Answer(200, {})}) as server:
        with pytest.raises(ValueError, match="header"):
            ask(wire, server.url, headers={"A": "b\r\nC: d"})
        assert server.requests == []


def test_connections_are_closed_with_what_kept_them():
    wire = Wire(ssl.create_default_context)
    with Server({"GET /": Answer(200, {})}) as server:
        ask(wire, server.url)
        (kept,) = next(iter(wire._idle.values()))
        assert kept.fileno() != -1
        del wire
        assert kept.fileno() == -1
