"""A scripted HTTP server on loopback, and a private home for the real npm."""

from __future__ import annotations

import io
import json
import os
import socket
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from vis_tasks.adapters.process import SubprocessRunner

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    peer: int = 0


@dataclass
class Answer:
    """What to say: JSON unless ``raw`` is given. ``length`` lies about the body's size; ``hang_up`` closes without a word."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str | None = JSON
    length: int | None = None
    hang_up: bool = False
    drip: threading.Event | None = None


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class Server:
    """Answers from ``routes`` (``"GET /-/ping"`` → Answer, or a callable), else 404; keeps every request."""

    def __init__(self, routes: dict[str, Answer | Callable[[Request], Answer]] | None = None) -> None:
        self.routes = dict(routes or {})
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, dict(self.headers.items()), body, self.client_address[1])
                outer.requests.append(request)
                route = outer.routes.get(
                    f"{self.command} {self.path.partition('?')[0]}", Answer(404, {"error": "not found"})
                )
                send(self, route(request) if callable(route) else route)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._http = _QuietServer(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def tls(self, context: ssl.SSLContext) -> Self:
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.scheme = "https"
        return self

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}/"

    def asked(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


def send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.hang_up:
        handler.close_connection = True
        handler.connection.close()
        return
    data = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
    handler.send_response(answer.status)
    if answer.content_type:
        handler.send_header("Content-Type", answer.content_type)
    handler.send_header("Content-Length", str(len(data) if answer.length is None else answer.length))
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if answer.drip is not None:
        for byte in data:
            if answer.drip.wait(0.02):
                return
            try:
                handler.wfile.write(bytes([byte]))
            except OSError:
                return
    else:
        handler.wfile.write(data)
    if answer.length is not None:
        handler.close_connection = True


@contextmanager
def saying(*answers: bytes, family: socket.AddressFamily = socket.AF_INET) -> Iterator[str]:
    """A server that says these bytes, word for word, one answer a connection, and hangs up; its address."""
    host = "::1" if family is socket.AF_INET6 else "127.0.0.1"
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()

        def serve() -> None:
            for answer in answers:
                peer, _ = listener.accept()
                with peer:
                    heard = b""
                    while b"\r\n\r\n" not in heard:
                        heard += peer.recv(65536)
                    peer.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
        thread.join(10)


class NpmHome:
    """A folder for one npm: its own HOME, cache and project, nothing of the machine's."""

    def __init__(self, base: Path) -> None:
        self.home = base / "home"
        self.root = base / "project"
        self.home.mkdir()
        self.root.mkdir()
        (self.root / "package.json").write_text('{"name": "root", "version": "1.0.0", "private": true}\n')
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "npm_config_cache": str(base / "cache"),
            "npm_config_globalconfig": str(base / "global-npmrc"),
            "npm_config_update_notifier": "false",
            "npm_config_fetch_retries": "0",
        }
        self.global_npmrc = base / "global-npmrc"
        self.user_npmrc = self.home / ".npmrc"
        self.project_npmrc = self.root / ".npmrc"

    def with_env(self, **values: str) -> NpmHome:
        self.env.update(values)
        return self

    def runner(self) -> SubprocessRunner:
        return SubprocessRunner(base_env=self.env)


def tgz(path: Path, files: Mapping[str, bytes | str], *, folder: str = "package") -> Path:
    """Write a tarball; the paths are below ``folder``."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def packed(folder: Path, name: str = "demo", version: str = "1.0.0", **manifest: Any) -> Path:
    """A small package, packed."""
    full = {"name": name, "version": version} | manifest
    file = folder / f"{name.replace('@', '').replace('/', '-')}-{version}.tgz"
    return tgz(file, {"package.json": json.dumps(full), "index.js": "module.exports = 1\n"})
