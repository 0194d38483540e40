"""``python tests/bench/floor.py``: pack and stage every package of this folder, with nothing but the standard library.

What Python itself needs for that work, to compare with: one thread, one connection, no npm, no checks, nothing written down.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import tarfile
from pathlib import Path
from urllib.parse import quote, urlsplit


def packed(folder: Path) -> bytes:
    """Every file of the folder, below ``package/``, as a gzipped tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            archive.add(path, f"package/{path.relative_to(folder).as_posix()}")
    return out.getvalue()


def document(manifest: dict[str, object], tarball: bytes) -> dict[str, object]:
    """What a client sends to stage a version."""
    name, version = manifest["name"], manifest["version"]
    dist = {
        "integrity": "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode(),
        "shasum": hashlib.sha1(tarball, usedforsecurity=False).hexdigest(),
        "tarball": f"http://localhost/{name}/-/{name}-{version}.tgz",
    }
    data = base64.b64encode(tarball).decode()
    attachment = {"content_type": "application/octet-stream", "data": data, "length": len(tarball)}
    return {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": version},
        "versions": {version: {**manifest, "_id": f"{name}@{version}", "dist": dist}},
        "access": "public",
        "_attachments": {f"{name}-{version}.tgz": attachment},
    }


def main() -> None:
    """Stage all of ``packages/``; the registry and its token stand in the user's npmrc."""
    settings = dict(line.split("=", 1) for line in (Path.home() / ".npmrc").read_text().splitlines() if "=" in line)
    registry = urlsplit(settings["registry"])
    token = next(value for key, value in settings.items() if key.endswith(":_authToken"))
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "npm-command": "stage"}
    connection = http.client.HTTPConnection(registry.hostname or "", registry.port)
    for folder in sorted(Path("packages").iterdir()):
        manifest = json.loads((folder / "package.json").read_bytes())
        body = json.dumps(document(manifest, packed(folder))).encode()
        connection.request("POST", f"/-/stage/package/{quote(manifest['name'], safe='@')}", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise SystemExit(said.decode())


if __name__ == "__main__":
    main()
