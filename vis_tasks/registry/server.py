"""The network: a uvicorn server in a thread of its own, or in the foreground.

The socket is bound, and takes connections, before the server's loop runs; stopping cuts what is still open.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from vis_tasks.errors import Failed
from vis_tasks.registry.app import build_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.registry.endpoint import Transports
    from vis_tasks.registry.store import Store

__all__ = ["Server", "bind"]

BACKLOG = 2048
START_TIMEOUT = 10.0


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Args:
        host: address to listen on.
        port: 0 takes a free one.

    Raises:
        vis_tasks.errors.Failed: the address can't be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol number says TCP; with it on, each answer waits 40 ms for an ack
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let a second process take over a port in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Failed(
            f"can't listen on {host} port {port}: {error}", code="ADDRESS", hint="choose another --port"
        ) from error
    return listener


class Server:
    """Serves a store on a listening socket.

    Args:
        store: what is served; its ``url`` is set.
        listener: from `bind`; closed at the end.
    """

    def __init__(self, store: Store, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.port = int(port)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{port}/"
        store.url = self.url
        self._listener = listener
        transports: Transports = {}
        config = uvicorn.Config(
            build_app(store, transports), log_config=None, log_level=logging.CRITICAL, access_log=False, lifespan="off",
            ws="none", proxy_headers=False, server_header=False, date_header=True, timeout_keep_alive=75,
        )  # fmt: skip
        config.load()
        config.http_protocol_class = _booked(config.http_protocol_class, transports)
        self._server = _Uvicorn(config, transports)
        self._thread = threading.Thread(target=self._run, name="vis-registry", daemon=True)
        self._error: BaseException | None = None

    def start(self) -> None:
        """Serve in a background thread; returns when requests are answered."""
        self._thread.start()
        if not self._server.ready.wait(START_TIMEOUT) or self._error:
            raise Failed(f"the registry did not start: {self._error or 'no answer'}")

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[self._listener]))
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits in start)
            self._error = error
            self._server.ready.set()

    def stop(self) -> None:
        """Stop the background thread; open connections are cut."""
        self._server.ask_to_stop()
        self._thread.join()

    def run(self) -> None:
        """Serve in the foreground until SIGINT or SIGTERM."""
        asyncio.run(self._server.serve(sockets=[self._listener]))


class _Uvicorn(uvicorn.Server):
    """uvicorn's server, stopped by an event instead of polling ten times a second."""

    def __init__(self, config: uvicorn.Config, transports: Transports) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._transports = transports
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def main_loop(self) -> None:
        while not self.should_exit:
            await self.on_tick(0)
            try:
                await asyncio.wait_for(self._stop.wait(), 1.0)
            except TimeoutError:
                continue
            return

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but the signal isn't raised again at the end: who called goes on and cleans up."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002
        self.ask_to_stop()

    def ask_to_stop(self) -> None:
        """From any thread, or a signal handler."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for task in list(self.server_state.tasks):
            task.cancel()
        for transport in list(self._transports.values()):
            transport.abort()
        await asyncio.sleep(0)


def _booked(protocol: Any, transports: Transports) -> type[asyncio.Protocol]:
    """Uvicorn's protocol, with each connection's transport written down under its peer's address."""

    class Booked(protocol):  # type: ignore[misc]
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.booked_as = tuple(transport.get_extra_info("peername")[:2])
            transports[self.booked_as] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self.booked_as, None)
            super().connection_lost(exc)

    return Booked
