"""Uploads of our own over npm's documented HTTP API: no process, one kept connection per thread. Imports sockets lazily.

The request is the one that ``libnpmpublish/lib/publish.js`` of npm 11.19 makes. What it can't do is sign provenance.
"""

from __future__ import annotations

import base64
import json
import posixpath
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from vis_tasks.adapters.npm.auth import Auth
from vis_tasks.adapters.npm.identity import can_identify
from vis_tasks.adapters.npm.latest import LatestVersions
from vis_tasks.adapters.npm.manifest import prepared_manifest, wanted_files
from vis_tasks.adapters.npm.reader import escaped_name
from vis_tasks.adapters.npm.tarball import read_texts
from vis_tasks.core.versions import compare, is_prerelease
from vis_tasks.ports import Staged, StageOutcome, Unknown, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vis_tasks.adapters.npm.config import NpmConfig
    from vis_tasks.adapters.npm.http import Reply
    from vis_tasks.adapters.npm.oidc import TrustedPublisher
    from vis_tasks.adapters.npm.session import NpmSession
    from vis_tasks.ports import Clock, Tarball

__all__ = ["DirectStager", "publish_packument"]

_CHUNK = 3 * 64 * 1024  # a multiple of three, so that the parts of the base64 text join without padding
_CONNECT_TIMEOUT = 10.0
_TIMEOUT = 300.0  # npm's fetch-timeout
_LIVE_WORDS = ("cannot publish over", "already present")
_TRANSIENT = frozenset({408, 420, 425, 429})


class DirectStager:
    """`vis_tasks.ports.Stager` over HTTP. One POST an upload, and one GET before it where npm's guard for ``latest`` applies.

    That GET isn't made where packing has read the same packument.

    Credentials are npm's for the registry; in CI with trusted publishing, a token exchanged for each package, as npm does it.

    Args:
        config: npm's configuration.
        registry: where everything goes.
        clock: for deadlines and expiry.
        latest: what is known of live versions; one of its own without it.
    """

    def __init__(self, config: NpmConfig, registry: str, clock: Clock, latest: LatestVersions | None = None) -> None:
        self._latest = latest or LatestVersions(config, registry, clock)
        self._config = config
        self._registry = registry
        self._clock = clock
        self._local = threading.local()
        self._publisher: TrustedPublisher | None = None
        self._lock = threading.Lock()

    def stage(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """``POST /-/stage/package/{name}``, sent once. A connection that breaks is AMBIGUOUS."""
        return self._upload("POST", f"-/stage/package/{escaped_name(tarball.name)}", tarball, tag=tag, access=access)

    def publish(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """``PUT /{name}``, sent once. A connection that breaks is AMBIGUOUS."""
        return self._upload("PUT", escaped_name(tarball.name), tarball, tag=tag, access=access)

    def _upload(self, method: str, path: str, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        access = access or self._configured_access(tarball)
        refusal = self._refused_by_npm(tarball, access)
        if refusal is not None:
            return refusal
        auth = self._auth(tarball.name)
        if isinstance(auth, Staged):
            return auth
        guard = self._would_lower_latest(tarball, tag, auth)
        if guard is not None:
            return guard
        staging = method == "POST"
        reply = self._send(method, self._registry + path, tarball, auth, tag=tag, access=access, staging=staging)
        if not isinstance(reply, Unknown) and reply.status == 401 and self._publisher is not None:
            self._publisher.forget(tarball.name)
        return _outcome(reply, staging=staging)

    def _configured_access(self, tarball: Tarball) -> str | None:
        own = _table(tarball.manifest, "publishConfig").get("access") or self._config.values.get("access")
        return str(own) if own else None

    @staticmethod
    def _refused_by_npm(tarball: Tarball, access: str | None) -> Staged | None:
        if tarball.manifest.get("private"):
            return Staged(StageOutcome.REFUSED, why=f"{tarball.name} is marked as private", code="EPRIVATE")
        if access == "restricted" and not tarball.name.startswith("@"):
            return Staged(StageOutcome.REFUSED, why="access to unscoped packages can't be restricted", code="EUNSCOPED")
        if _table(tarball.manifest, "publishConfig").get("provenance") in {True, "true"}:
            why = 'its publishConfig asks for provenance, which only the npm client signs: set client = "npm" or "auto"'
            return Staged(StageOutcome.REFUSED, why=why, code="EUSAGE")
        return None

    def _would_lower_latest(self, tarball: Tarball, tag: str, auth: Auth) -> Staged | None:
        """Npm's own guard: ``latest`` is not moved to a version below the highest live one unless somebody says so.

        As with npm, a packument that can't be had guards nothing. Versions that are live already are left to the registry.
        """
        named = "tag" in _table(tarball.manifest, "publishConfig") or any(
            "tag" in layer for _, layer in self._config.layers
        )
        if tag != "latest" or named or is_prerelease(tarball.version):
            return None
        known = self._latest.of(tarball.name, auth)
        if known is None or known.highest is None or compare(known.highest, tarball.version) <= 0:
            return None
        why = (
            f'"latest" is not moved to {tarball.version}, because the live version {known.highest} is higher; '
            "name another dist-tag in `[release.publish] tag`"
        )
        return Staged(StageOutcome.REFUSED, why=why)

    def _auth(self, package: str) -> Auth | Staged:
        """An exchanged token goes before configured credentials, and those stand in when there is none, as in npm."""
        configured = self._config.auth_for(self._registry)
        if not can_identify(self._config.env):
            if configured.present:
                return configured
            return Staged(StageOutcome.REFUSED, why=f"npm has no credentials for {self._registry}", code="ENEEDAUTH")
        from vis_tasks.adapters.npm.oidc import TrustedPublisher

        with self._lock:
            if self._publisher is None:
                self._publisher = TrustedPublisher(self._registry, self._config.env, self._clock)
        token = self._publisher.token(self._session(), package)
        if isinstance(token, str):
            return Auth(f"Bearer {token}", configured.client_cert, "oidc")
        if configured.present:
            return configured
        why = f"no token for {package} in exchange for CI's identity: {token.why}"
        if isinstance(token, Unreadable):
            return Staged(StageOutcome.REFUSED, why=why, code="ENEEDAUTH")
        return Staged(StageOutcome.AMBIGUOUS, why=why, code=token.kind)

    def _send(
        self, method: str, url: str, tarball: Tarball, auth: Auth, *, tag: str, access: str | None, staging: bool
    ) -> Reply | Unknown:
        from vis_tasks.adapters.npm.http import TROUBLE, read_reply, trouble_of

        document = publish_packument(tarball, self._registry, tag=tag, access=access)
        body = _Body(document, tarball.path, tarball.size)
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "npm-command": "stage" if staging else "publish",
            **({"Authorization": auth.header} if auth.header else {}),
            **({"npm-otp": str(self._config.values["otp"])} if self._config.values.get("otp") else {}),
        }
        try:
            with self._session().send(
                method, url, headers=headers, body=body, timeout=(_CONNECT_TIMEOUT, _TIMEOUT)
            ) as response:
                return _lenient(read_reply(response, self._clock), response.status, staging=staging)
        except TROUBLE as error:
            return trouble_of(error)

    def _session(self) -> NpmSession:
        if not hasattr(self._local, "session"):
            self._local.session = self._config.session(self._registry)
        session: NpmSession = self._local.session
        return session


def publish_packument(tarball: Tarball, registry: str, *, tag: str, access: str | None) -> dict[str, Any]:
    """The body of an upload, but for the tarball's bytes: ``_attachments`` holds an empty ``data``.

    Args:
        tarball: what is uploaded.
        registry: its address, for ``dist.tarball``.
        tag: dist-tag; a top-level ``tag`` in package.json goes before it, as in npm.
        access: ``public``, ``restricted`` or None.
    """
    unread = [name for name in wanted_files(tarball.files) if name not in tarball.texts]
    texts = {**tarball.texts, **(read_texts(tarball.path, unread) if unread else {})}
    manifest = prepared_manifest(tarball.manifest, tarball.files, texts.get)
    name, version = manifest["name"], manifest["version"]
    file = f"{name}-{version}.tgz"
    manifest["_id"] = f"{name}@{version}"
    manifest["dist"] = {
        **_table(manifest, "dist"),
        "integrity": tarball.integrity,
        "shasum": tarball.shasum,
        "tarball": _tarball_url(registry, f"{name}/-/{file}"),
    }
    return {
        "_id": name,
        "name": name,
        **({"description": manifest["description"]} if "description" in manifest else {}),
        "dist-tags": {str(manifest.get("tag") or tag): version},
        "versions": {version: manifest},
        "access": access,
        "_attachments": {file: {"content_type": "application/octet-stream", "data": "", "length": tarball.size}},
    }


def _tarball_url(registry: str, path: str) -> str:
    """Npm writes http whatever the registry's protocol is, so that mirrors work; clients use the registry's own."""
    url = urljoin(registry, posixpath.normpath(path))
    return urlsplit(url)._replace(scheme="http").geturl() if url.startswith("https:") else url


class _Body:
    """The request's JSON with the tarball streamed into it as base64 from the file; never whole in memory."""

    def __init__(self, document: Mapping[str, Any], path: Path, size: int) -> None:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="surrogatepass")
        before, self._mark, after = text.rpartition(b'"data":""')
        self._before, self._after = before + b'"data":"', b'"' + after
        self._path = path
        self._length = len(self._before) + 4 * ((size + 2) // 3) + len(self._after)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        if self._length <= _CHUNK:  # each part would be a packet
            yield b"".join([self._before, base64.b64encode(self._path.read_bytes()), self._after])
            return
        yield self._before
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield base64.b64encode(chunk)
        yield self._after


def _lenient(reply: Reply | Unknown, status: int, *, staging: bool) -> Reply | Unknown:
    """A plain publish is done with any 2xx; only staging owes us something in the body."""
    from vis_tasks.adapters.npm.http import Reply

    if isinstance(reply, Unknown) and not staging and 200 <= status < 300:
        return Reply(status, None, is_json=False, retry_after=None)
    return reply


def _outcome(reply: Reply | Unknown, *, staging: bool) -> Staged:
    from vis_tasks.adapters.npm.client import is_stage_id

    if isinstance(reply, Unknown):
        return Staged(StageOutcome.AMBIGUOUS, why=reply.why, code=reply.kind)
    code, words = f"E{reply.status}", reply.words or f"HTTP {reply.status}"
    if 200 <= reply.status < 300:
        if not staging:
            return Staged(StageOutcome.STAGED)
        stage_id = reply.body.get("stageId") if isinstance(reply.body, dict) else None
        if isinstance(stage_id, str) and is_stage_id(stage_id):
            return Staged(StageOutcome.STAGED, stage_id=stage_id)
        return Staged(StageOutcome.AMBIGUOUS, why="the registry took the upload but gave no stage id")
    if reply.status in {403, 409} and any(each in words.lower() for each in _LIVE_WORDS):
        return Staged(StageOutcome.ALREADY_LIVE, why=words, code=code)
    if reply.status == 409:
        return Staged(StageOutcome.ALREADY_STAGED, why=words, code=code)
    if reply.status in _TRANSIENT or reply.status >= 500 or reply.status < 400:
        return Staged(StageOutcome.AMBIGUOUS, why=words, code=code)
    return Staged(StageOutcome.REFUSED, why=words, code=code)


def _table(data: Any, key: str) -> dict[str, Any]:
    """A table inside, or the value itself for an empty key; empty when it is none."""
    value = data if not key else data.get(key) if hasattr(data, "get") else None
    return value if isinstance(value, dict) else {}
