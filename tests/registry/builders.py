"""What the tests of the registry speak in: a client that asks, uploads as npm builds them, the real npm in a home of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from vis_tasks.registry.tarballs import build_tarball

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.registry.run import Registry


def upload(
    name="demo", version="1.0.0", *, tag="latest", tarball=None, access=None, provenance=None, **manifest
) -> dict[str, Any]:
    """A publish packument as npm's client sends it."""
    data = (
        build_tarball({"name": name, "version": version, **manifest}, {"index.js": "1"}) if tarball is None else tarball
    )
    integrity = f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"
    dist = {
        "integrity": integrity,
        "shasum": hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        "tarball": "http://elsewhere/x.tgz",
    }
    attachment = {
        "content_type": "application/octet-stream",
        "data": base64.b64encode(data).decode(),
        "length": len(data),
    }
    body = {
        "_id": name,
        "name": name,
        "dist-tags": {tag: version},
        "versions": {version: {"name": name, "version": version, "_id": f"{name}@{version}", **manifest, "dist": dist}},
        "access": access,
        "_attachments": {f"{name}-{version}.tgz": attachment},
    }
    if provenance is not None:
        text = json.dumps(provenance)
        kind = "application/vnd.dev.sigstore.bundle+json;version=0.3"
        body["_attachments"][f"{name}-{version}.sigstore"] = {"content_type": kind, "data": text, "length": len(text)}
    return body


def escaped(name: str) -> str:
    return name.replace("/", "%2f")


@dataclass
class Elsewhere:
    """A registry in another process, as far as a client needs it."""

    url: str


@dataclass
class Client:
    """HTTP with one token."""

    registry: Registry | Elsewhere
    token: str | None = None
    session: requests.Session = field(default_factory=requests.Session)

    def ask(self, method: str, path: str, *, otp: str | None = None, headers=None, **rest) -> requests.Response:
        head = {
            **({"authorization": f"Bearer {self.token}"} if self.token else {}),
            **({"npm-otp": otp} if otp else {}),
        }
        return self.session.request(
            method, self.registry.url + path, headers={**head, **(headers or {})}, timeout=10, **rest
        )

    def get(self, path: str, **rest) -> requests.Response:
        return self.ask("GET", path, **rest)

    def stage(self, name="demo", version="1.0.0", **rest) -> requests.Response:
        return self.ask("POST", f"-/stage/package/{escaped(name)}", json=upload(name, version, **rest))

    def staged(self, name="demo", version="1.0.0", **rest) -> str:
        answer = self.stage(name, version, **rest)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["stageId"])

    def publish(self, name="demo", version="1.0.0", *, otp=None, **rest) -> requests.Response:
        return self.ask("PUT", escaped(name), json=upload(name, version, **rest), otp=otp)

    def approve(self, stage_id: str, *, otp: str | None = None, **rest) -> requests.Response:
        return self.ask("POST", f"-/stage/{stage_id}/approve", otp=otp, **rest)

    def reject(self, stage_id: str, *, otp: str | None = None, **rest) -> requests.Response:
        return self.ask("DELETE", f"-/stage/{stage_id}", otp=otp, **rest)


@dataclass
class Npm:
    """A real client, with nothing of this machine's configuration."""

    home: Path
    program: tuple[str, ...] = ("npm",)
    env: dict[str, str] = field(default_factory=dict)

    def login(self, registry: Registry, token: str | None) -> None:
        (self.home / ".npmrc").write_text("\n".join(registry.npmrc_lines(token)) + "\n")

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "npm_config_userconfig": str(self.home / ".npmrc"),
            "npm_config_cache": str(self.home / "cache"),
            "npm_config_update_notifier": "false",
            "npm_config_fund": "false",
            "npm_config_fetch_retries": "0",
            **self.env,
        }

    def run(self, *argv: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.program, *argv],
            cwd=cwd,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ok(self, *argv: str, cwd: Path) -> str:
        done = self.run(*argv, cwd=cwd)
        assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def fails(self, *argv: str, cwd: Path) -> dict[str, Any]:
        done = self.run(*argv, "--json", cwd=cwd)
        assert done.returncode == 1, f"{argv}\n{done.stdout}\n{done.stderr}"
        error: dict[str, Any] = json.loads(done.stdout)["error"]
        return error


def package(folder: Path, name="demo", version="1.0.0", **manifest) -> Path:
    """A package on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": name, "version": version, **manifest}))
    (folder / "index.js").write_text("module.exports = 1\n")
    return folder
