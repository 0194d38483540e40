"""Requests without a proxy between: the standard library's connections, kept for the next request to the same host.

urllib3, which goes through proxies, doubles what a request costs and takes 20 ms to load; a wave of hundreds makes a thousand
requests. It uses the same connections below.
"""

from __future__ import annotations

import select
import sys
import threading
import weakref
import zlib
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from http.client import HTTPResponse

__all__ = ["Answer", "Trouble", "Wire"]

_CHUNK = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_IN_A_TARGET = "/:?#[]@!$&'()*+,;=%~"  # RFC 3986: what stands in paths and queries; all else is escaped
_KINDS = {"gzip", "x-gzip"}


class Trouble(OSError):  # noqa: N818  (as trouble_of and TROUBLE)
    """What kept a request from being answered, where the error itself doesn't say it by its type.

    Args:
        kind: as in `vis_tasks.ports.Unknown`.
        why: in words.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


class _Headers(Protocol):
    """Headers of an answer, by name in any case."""

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...


class Answer(NamedTuple):
    """An answer whose body isn't read yet.

    Attributes:
        status: HTTP status.
        headers: by name.
        pieces: the body as it arrives, 64 KiB at most a piece before it is unpacked; to be read once.
    """

    status: int
    headers: _Headers
    pieces: Iterator[bytes]


class Wire:
    """Kept connections to any number of hosts. Safe from any thread.

    Args:
        context: for https; asked for with the first such connection.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context
        self._idle: dict[tuple[str, str, int], list[HTTPConnection]] = {}
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
        connection = self._kept(place) or self._new(place, timeout[0])
        kept = False
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(timeout[1])
            with suppress(BrokenPipeError, ConnectionResetError):  # who hangs up before all is sent may have said why
                connection.request(method, target, body, headers)
            with connection.getresponse() as response:
                yield Answer(response.status, response.headers, _pieces(response))
                kept = _is_read(response) and not response.will_close
        finally:
            if kept:
                with self._lock:
                    self._idle.setdefault(place, []).append(connection)
            else:
                connection.close()

    def _kept(self, place: tuple[str, str, int]) -> HTTPConnection | None:
        """One that its host hasn't closed meanwhile."""
        while True:
            with self._lock:
                idle = self._idle.get(place)
                connection = idle.pop() if idle else None
            if connection is None or not _has_news(connection.sock):
                return connection
            connection.close()

    def _new(self, place: tuple[str, str, int], timeout: float) -> HTTPConnection:
        scheme, host, port = place
        if scheme == "http":
            return HTTPConnection(host, port, timeout=timeout)
        return HTTPSConnection(host, port, timeout=timeout, context=self._context())


def _close_all(idle: Mapping[tuple[str, str, int], Iterable[HTTPConnection]]) -> None:
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


def _is_read(response: HTTPResponse) -> bool:
    return response.isclosed() or (response.length == 0 and not response.chunked)


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    """The body, unpacked where it is packed.

    Raises:
        Trouble: it ended early, or can't be unpacked.
    """
    packing = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if packing in _KINDS:
        return _unpacked(_read(response))
    if packing != "identity":
        raise Trouble("truncated", f"an answer packed in a way nobody asked for: {packing}")
    return _read(response)


def _read(response: HTTPResponse) -> Iterator[bytes]:
    try:
        # read1 hands over whatever has arrived.
        while piece := response.read1(_CHUNK):
            yield piece
    except IncompleteRead as error:
        raise Trouble("truncated", "the answer ended early") from error
    if response.length:  # what is missing; the standard library doesn't mind
        raise Trouble("truncated", f"the answer ended {response.length} bytes early")


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
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
