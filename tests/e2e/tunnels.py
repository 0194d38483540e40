"""What stands between a release and its registry: TLS that ends in front of it, and a forward proxy."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from tests.adapters.npm.authority import Authority

__all__ = ["ForwardProxy", "TlsFront"]

_HERE = "127.0.0.1"


class _Listener:
    """A loopback port, served by an event loop in a thread of its own."""

    context: ssl.SSLContext | None = None

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, _HERE, 0, ssl=self.context))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self.handle(reader, writer)
        writer.transport.abort()

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        raise NotImplementedError


class TlsFront(_Listener):
    """``https://localhost:<port>/`` in front of a plain port, with a certificate that only our own authority vouches for.

    It has a name because npm takes a bare address behind a proxy for ``localhost`` when it checks the certificate.
    """

    def __init__(self, authority: Authority, behind: int) -> None:
        self._behind = behind
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(authority.cert, authority.key)
        super().__init__()
        self.url = f"https://localhost:{self.port}/"

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        await _join(reader, writer, _HERE, self._behind)


class ForwardProxy(_Listener):
    """A proxy that opens tunnels (RFC 9110, 9.3.6 CONNECT); ``asked`` holds whereto."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.url = f"http://{_HERE}:{self.port}"

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        if method != "CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        port = int(target.rpartition(":")[2])
        await _join(reader, writer, _HERE, port, greeting=b"HTTP/1.1 200 Connection Established\r\n\r\n")


async def _join(reader: StreamReader, writer: StreamWriter, host: str, port: int, *, greeting: bytes = b"") -> None:
    """Carry bytes both ways until either side is done."""
    there_reader, there_writer = await asyncio.open_connection(host, port)
    try:
        writer.write(greeting)
        both = [asyncio.ensure_future(_carry(*pair)) for pair in ((reader, there_writer), (there_reader, writer))]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in both:
            each.cancel()
        await asyncio.gather(*both, return_exceptions=True)
    finally:
        there_writer.transport.abort()


async def _carry(source: StreamReader, sink: StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
