"""Requests without a proxy between: connections that are kept for the next request to the same host, answers read by llhttp.

llhttp is the parser of Node and so of npm (``httptools``). The standard library's client and urllib3, which goes through proxies,
cost three to six times as much for each request, and 15 to 30 ms to load; a wave of hundreds makes a thousand requests.
"""

from __future__ import annotations

import select
import socket
import sys
import threading
import weakref
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, overload
from urllib.parse import quote, urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Answer", "Trouble", "Wire"]

_CHUNK = 64 * 1024
_LARGEST_HEAD = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_IN_A_TARGET = "/:?#[]@!$&'()*+,;=%~"  # RFC 3986: what stands in paths and queries; all else is escaped
_KINDS = {"gzip", "x-gzip"}
_HEADER = regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\r\n\0]*")  # RFC 9110, 5.1 and 5.5


class Trouble(OSError):  # noqa: N818  (as trouble_of and TROUBLE)
    """What kept a request from being answered, where the error itself doesn't say it by its type.

    Args:
        kind: as in `vis_tasks.ports.Unknown`.
        why: in words.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class Headers(Protocol):
    """Headers of an answer, by name in any case."""

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True)
class Answer:
    """An answer whose body isn't read yet.

    Attributes:
        status: HTTP status.
        headers: by name.
        pieces: the body as it arrives, 64 KiB at most a piece before it is unpacked; to be read once.
    """

    status: int
    headers: Headers
    pieces: Iterator[bytes]


class Wire:
    """Kept connections to any number of hosts. Safe from any thread.

    Args:
        context: for https; asked for with the first such connection.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context
        self._idle: dict[tuple[str, str, int], list[socket.socket]] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    @contextmanager
    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: tuple[float, float],
        body: Iterable[bytes] | None = None,
    ) -> Iterator[Answer]:
        """One request; see `vis_tasks.adapters.npm.session.NpmSession.send`.

        A connection is kept when its answer was read to the end.
        """
        place, target = _parts(url)
        length = (
            {"Content-Length": "0"} if body is None and method != "GET" else {}
        )  # some want it said (RFC 9110, 8.6)
        head = _head(method, place, target, {**length, **headers})
        connection = self._kept(place) or self._connect(place, timeout[0])
        kept = False
        try:
            connection.settimeout(timeout[1])
            with suppress(BrokenPipeError, ConnectionResetError):  # who hangs up before all is sent may have said why
                _send(connection, head, body or ())
            reading = _Reading(connection)
            reading.read_head()
            yield Answer(
                reading.status, reading, _unpacked(reading.pieces(), reading.get("Content-Encoding", "identity"))
            )
            kept = reading.reusable
        finally:
            if kept:
                with self._lock:
                    self._idle.setdefault(place, []).append(connection)
            else:
                connection.close()

    def _kept(self, place: tuple[str, str, int]) -> socket.socket | None:
        """One that its host hasn't closed meanwhile."""
        while True:
            with self._lock:
                idle = self._idle.get(place)
                connection = idle.pop() if idle else None
            if connection is None or not _has_news(connection):
                return connection
            connection.close()

    def _connect(self, place: tuple[str, str, int], timeout: float) -> socket.socket:
        scheme, host, port = place
        # As bytes: for a text Python loads what names in other scripts need.
        connection = socket.create_connection((_ascii(host), port), timeout)  # type: ignore[arg-type]
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if scheme == "http":
                return connection
            return self._context().wrap_socket(connection, server_hostname=_ascii(host).decode())
        except BaseException:
            connection.close()
            raise


class _Reading:
    """One answer, as it comes in on a connection; the parser calls the methods that begin with ``on_``."""

    def __init__(self, connection: socket.socket) -> None:
        self.status = 0
        self._connection = connection
        self._parser = HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._has_head = self._whole = self._taken = self._lasts = self._more = False

    @property
    def reusable(self) -> bool:
        """Whether all of it was taken, and nothing came after it."""
        return self._taken and self._lasts and not self._more

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    def get(self, name: str, default: str | None = None, /) -> str | None:
        """A header."""
        return self._headers.get(name.lower(), default)

    def read_head(self) -> None:
        """Read until the head is whole.

        Raises:
            OSError: it never came.
        """
        read = 0
        while not self._has_head:
            read += self._read()
            if read > _LARGEST_HEAD and not self._has_head:
                raise Trouble("connection reset", "an answer without an end to its head")

    def pieces(self) -> Iterator[bytes]:
        """The body as it arrives.

        Raises:
            OSError: it ended early.
        """
        while True:
            pieces, self._body = self._body, []
            yield from pieces
            if self._whole:
                break
            self._read()
        self._taken = True

    def _read(self) -> int:
        data = self._connection.recv(_CHUNK)
        if not data:
            self._end()
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if self._has_head:
                raise Trouble("truncated", f"the answer's body is broken: {error}") from error
            raise Trouble("connection reset", f"an answer that isn't HTTP: {error}") from error
        return len(data)

    def _end(self) -> None:
        """The host has hung up: the end of a body that says neither its length nor its pieces (RFC 9112, 6.3)."""
        if not self._has_head:
            raise ConnectionResetError("the connection was closed without an answer")
        if "content-length" in self._headers or "transfer-encoding" in self._headers:
            raise Trouble("truncated", "the answer ended early")
        self._whole = True

    def on_message_begin(self) -> None:
        self._more = self._whole

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        if not self._has_head:
            self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        self.status = self.status if self._has_head else self._parser.get_status_code()
        self._has_head = True

    def on_body(self, data: bytes) -> None:
        if not self._whole:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self.status < 200:  # one that goes before the answer itself (RFC 9110, 15.2)
            self._has_head = False
            self._headers.clear()
        elif not self._whole:
            self._whole, self._lasts = True, self._parser.should_keep_alive()


def _send(connection: socket.socket, head: bytes, body: Iterable[bytes]) -> None:
    """A small body goes along with the head: each part would be a packet."""
    parts = iter(body)
    connection.sendall(head + next(parts, b""))
    for part in parts:
        connection.sendall(part)


def _head(method: str, place: tuple[str, str, int], target: str, headers: Mapping[str, str]) -> bytes:
    """The request line and the headers.

    Raises:
        ValueError: a header that would be two.
    """
    scheme, host, port = place
    name = f"[{host}]" if ":" in host else _ascii(host).decode()
    usual = port == (443 if scheme == "https" else 80)
    lines = [f"{key}: {value}" for key, value in {"Host": name if usual else f"{name}:{port}", **headers}.items()]
    for line in lines:
        if not _HEADER.fullmatch(line):
            raise ValueError(f"the header {line.partition(':')[0]!r} can't be sent")
    return "\r\n".join((f"{method} {target} HTTP/1.1", *lines, "\r\n")).encode("latin-1")


def _ascii(host: str) -> bytes:
    return host.encode("ascii" if host.isascii() else "idna")


def _close_all(idle: Mapping[tuple[str, str, int], Iterable[socket.socket]]) -> None:
    for connections in idle.values():
        for connection in connections:
            connection.close()


def _parts(url: str) -> tuple[tuple[str, str, int], str]:
    """Where to connect, and what to ask for there."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("an address that isn't http or https, or has no host")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (parts.scheme, parts.hostname, port), quote(target, safe=_IN_A_TARGET)


def _has_news(sock: socket.socket) -> bool:
    """Whether something came on an idle connection: its end, or what nobody asked for."""
    if sys.platform == "win32":  # it has no poll, and its select minds no large numbers of files
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _unpacked(pieces: Iterator[bytes], packing: str) -> Iterator[bytes]:
    """The body, unpacked where it is packed.

    Raises:
        Trouble: it can't be unpacked.
    """
    kind = packing.strip().lower() or "identity"
    if kind in _KINDS:
        return _unzipped(pieces)
    if kind != "identity":
        raise Trouble("truncated", f"an answer packed in a way nobody asked for: {kind}")
    return pieces


def _unzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    unpack = None
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if unpack is None or unpack.eof:  # several after one another are one
                    unpack = zlib.decompressobj(_GZIP)
                yield unpack.decompress(rest)
                rest = unpack.unused_data
    except zlib.error as error:
        raise Trouble("truncated", f"the answer can't be unpacked: {error}") from error
    if unpack is not None and not unpack.eof:
        raise Trouble("truncated", "the packed answer ended early")
