"""``python -m tests.bench.registry``: what the embedded registry does in a second, and what it needs.

Packument reads and writes with eight clients over keep-alive connections, start-up time of a process, memory with 1,000 packages.
With ``VIS_VERDACCIO`` naming a `verdaccio` program (and ``VIS_NODE`` the Node it wants), the same clients drive it in the same
run; it has no staging switched on by default, so its writes are plain publishes, and ours are measured both ways.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vis_tasks.registry.tarballs import build_tarball

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIENTS = 8
READS = 400
WRITES = 40
PACKAGES = 1000


class Client:
    """One keep-alive connection."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "accept": "application/json",
        }

    def ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= 400:
            msg = f"{method} {path}: {answer.status} {data[:200]!r}"
            raise RuntimeError(msg)
        return json.loads(data) if data else {}


def body_of(name: str, version: str) -> bytes:
    """What npm sends to publish or stage a small package."""
    manifest = {"name": name, "version": version, "main": "index.js"}
    tarball = build_tarball(manifest, {"index.js": "module.exports = 1\n" * 50})
    dist = {
        "integrity": "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode(),
        "shasum": hashlib.sha1(tarball, usedforsecurity=False).hexdigest(),
        "tarball": f"http://localhost/{name}/-/{name}-{version}.tgz",
    }
    return json.dumps(
        {
            "_id": name,
            "name": name,
            "dist-tags": {"latest": version},
            "versions": {version: {**manifest, "_id": f"{name}@{version}", "dist": dist}},
            "access": "public",
            "_attachments": {
                f"{name}-{version}.tgz": {
                    "content_type": "application/octet-stream",
                    "data": base64.b64encode(tarball).decode(),
                    "length": len(tarball),
                }
            },
        }
    ).encode()


def rate(url: str, token: str, each: int, work: Callable[[Client, int, int], None]) -> float:
    """Operations per second of all clients together."""
    barrier = threading.Barrier(CLIENTS + 1)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        client = Client(url, token)
        client.ask("GET", "/-/ping")
        barrier.wait()
        try:
            for count in range(each):
                work(client, number, count)
        except BaseException as error:  # noqa: BLE001  (told to the main thread)
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return CLIENTS * each / (time.perf_counter() - begin)


def wait_for(url: str) -> None:
    """Until the registry answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            Client(url, "").ask("GET", "/-/ping")
        except (OSError, http.client.HTTPException):
            time.sleep(0.002)  # another process can't be waited for in any other way
        else:
            return
    msg = f"{url} never answered"
    raise RuntimeError(msg)


def _told(log: Path, process: subprocess.Popen[bytes]) -> list[str]:
    """What the registry says of itself when it is up, a moment after its first answer."""
    while ":_authToken=" not in (text := log.read_text()):
        if process.poll() is not None:
            msg = "the registry ended; does another use its port?"
            raise RuntimeError(msg)
        time.sleep(0.002)  # another process can't be waited for in any other way
    return text.splitlines()


def memory_of(pid: int) -> float:
    """Resident memory in MiB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def ours(folder: Path, port: int, delay: float = 0.0) -> Iterator[tuple[subprocess.Popen[bytes], str, float]]:
    """Our registry as a process: itself, a token, and the seconds from its start to its first answer.

    Args:
        folder: for all that it keeps.
        port: where it listens.
        delay: seconds by which every answer is late, as it is from far away.
    """
    begin = time.perf_counter()
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "vis_tasks.registry", "--port", str(port), "--data", str(folder / "data")],
            stdout=stream,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        took = time.perf_counter() - begin
        lines = _told(log, process)
        token = next(line.rpartition("=")[2] for line in lines if ":_authToken=" in line)
        if delay:
            admin = next(line.split()[1] for line in lines if line.startswith("admin "))
            late = json.dumps({"route": "*", "delay": delay}).encode()
            Client(f"http://127.0.0.1:{port}/", admin).ask("POST", "/-/admin/faults", late)
        yield process, token, took
    finally:
        process.terminate()
        process.wait()


_VERDACCIO = """storage: {folder}/storage
auth:
  htpasswd:
    file: {folder}/htpasswd
packages:
  '**':
    access: $all
    publish: $all
# Its legacy tokens cost a bcrypt round per request; signed ones are what people run under load.
security:
  api:
    legacy: false
    jwt:
      sign:
        expiresIn: 1d
log: {{ type: stdout, format: json, level: fatal }}
"""


@contextmanager
def verdaccio(program: str, folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], str, float]]:
    """Verdaccio as a process."""
    config = folder / "config.yaml"
    config.write_text(_VERDACCIO.format(folder=folder))
    node = os.environ.get("VIS_NODE", "node")
    begin = time.perf_counter()
    process = subprocess.Popen(
        [node, program, "--config", str(config), "--listen", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, cwd=folder
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for(url)
        took = time.perf_counter() - begin
        user = json.dumps({"name": "bench", "password": "benchmark", "type": "user", "roles": []}).encode()
        token = Client(url, "").ask("PUT", "/-/user/org.couchdb.user:bench", user)["token"]
        yield process, token, took
    finally:
        process.terminate()
        process.wait()


def measure(name: str, process: subprocess.Popen[bytes], token: str, took: float, port: int) -> None:
    """One registry: writes first, then reads of what was written, then memory with all packages."""
    url = f"http://127.0.0.1:{port}/"

    def publish(client: Client, number: int, count: int) -> None:
        package = f"p-{number}-{count}"
        client.ask("PUT", f"/{package}", body_of(package, "1.0.0"))

    def read(client: Client, number: int, count: int) -> None:
        client.ask("GET", f"/p-{number}-{count % WRITES}")

    def stage(client: Client, number: int, count: int) -> None:
        package = f"p-{number}-{count}"
        client.ask("POST", f"/-/stage/package/{package}", body_of(package, "1.1.0"))

    print(f"{name}: first answer after {took * 1000:.0f} ms")  # noqa: T201
    print(f"{name}: {rate(url, token, WRITES, publish):.0f} publishes/s")  # noqa: T201
    print(f"{name}: {rate(url, token, READS, read):.0f} packument reads/s")  # noqa: T201
    if name == "vis-tasks":
        print(f"{name}: {rate(url, token, WRITES, stage):.0f} stages/s")  # noqa: T201
    rate(url, token, PACKAGES // CLIENTS - WRITES, lambda c, n, i: publish(c, n, i + WRITES))
    print(f"{name}: {memory_of(process.pid):.0f} MiB with {PACKAGES} packages")  # noqa: T201


def main() -> None:
    """Measure ours, and the rival if there is one."""
    with tempfile.TemporaryDirectory() as place, ours(Path(place), 4880) as (process, token, took):
        measure("vis-tasks", process, token, took, 4880)
    rival = os.environ.get("VIS_VERDACCIO")
    if rival:
        with tempfile.TemporaryDirectory() as place, verdaccio(rival, Path(place), 4881) as (process, token, took):
            measure("verdaccio", process, token, took, 4881)


if __name__ == "__main__":
    main()
