"""Requests that go through a proxy, over real sockets: what can go wrong there says what it was."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.adapters.npm.authority import Authority, make_authority
from tests.adapters.npm.support import Answer, Server, saying
from vis_tasks.adapters.npm.http import TROUBLE, trouble_of
from vis_tasks.adapters.npm.proxied import Proxied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.ports import Unknown


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.cert, authority.key)
    with Server({"GET /": Answer(200, {"over": "tls"})}).tls(context) as server:
        yield server


@contextmanager
def tunnel(server: Server) -> Iterator[str]:
    """A proxy that lets one connection through to the server; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def pump(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):  # either may be gone
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

        def serve() -> None:
            near, _ = listener.accept()
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(65536)
            assert head.startswith(f"CONNECT {server.host} ".encode())
            host, _, port = server.host.partition(":")
            with near, socket.create_connection((host, int(port))) as far:
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(far, near), daemon=True)
                back.start()
                pump(near, far)
                back.join(10)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def ask(proxy: str, url: str, context: ssl.SSLContext | None = None) -> bytes:
    proxied = Proxied(proxy, context or ssl.create_default_context(), strict=True)
    with proxied.send("GET", url, headers={}, timeout=(10, 10)) as answer:
        return b"".join(answer.pieces)


def trouble(proxy: str, url: str = "http://registry.test/") -> Unknown:
    with pytest.raises(TROUBLE) as caught:
        ask(proxy, url)
    return trouble_of(caught.value)


def test_https_goes_through_a_tunnel(secure, authority):
    with tunnel(secure) as proxy:
        context = ssl.create_default_context(cafile=str(authority.ca))
        assert ask(proxy, secure.url, context) == b'{"over": "tls"}'


def test_who_isnt_trusted_behind_a_tunnel_isnt_trusted(secure):
    with tunnel(secure) as proxy:
        assert trouble(proxy, secure.url).kind == "tls"


def test_a_proxy_that_isnt_there(unused_port):
    assert trouble(f"http://127.0.0.1:{unused_port}").kind == "proxy"


def test_a_proxy_that_lets_nobody_through():
    with saying(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as proxy:
        found = trouble(proxy, "https://registry.test/")
    assert found.kind == "proxy"
    assert "407" in found.why


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi", "truncated"),
        (b"", "proxy"),
    ],
    ids=["short", "not packed", "gone"],
)
def test_what_comes_broken_out_of_a_proxy_is_trouble(said, kind):
    with saying(said) as proxy:
        assert trouble(proxy).kind == kind


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:1", "socks5h://127.0.0.1:1"])
def test_a_proxy_of_a_kind_that_nothing_here_can_talk_to(proxy, without_pysocks):
    found = trouble(proxy)
    assert found.kind == "network"
    assert proxy.partition(":")[0] in found.why


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture
def without_pysocks(monkeypatch):
    monkeypatch.setitem(sys.modules, "socks", None)
