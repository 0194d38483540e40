"""What the registry says: stages, live versions, who we are. One request per page or version, on one kept-alive connection."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from vis_tasks.adapters.npm.auth import find_auth, nerf_dart, without_credentials
from vis_tasks.ports import (
    NO_STAGING,
    Live,
    NotLive,
    Packument,
    ReleasedVersion,
    StageList,
    StageRecord,
    Unknown,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.adapters.npm.config import NpmConfig
    from vis_tasks.adapters.npm.http import Reply
    from vis_tasks.adapters.npm.latest import LatestVersions
    from vis_tasks.adapters.npm.session import NpmSession
    from vis_tasks.ports import Clock

__all__ = ["HttpRegistryReader", "escaped_name"]

_PER_PAGE = 100  # npm's own page size, and the largest the registry takes
_MOST_PAGES = 200
_LARGEST_TARBALL = 256 * 1024 * 1024
_READINGS = 3
_STATUSES = frozenset({"published", "validating", "staged", "blocked", "deleted"})
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _NOT_ALLOWED = 200, 401, 403, 404, 405


def escaped_name(name: str) -> str:
    """A package name in a path: the slash of a scope escaped, its ``@`` kept (npm-package-arg's ``escapedName``)."""
    return quote(name, safe="@")


class HttpRegistryReader:
    """`vis_tasks.ports.RegistryReader` over HTTP, with npm's credentials, proxies and certificates.

    Args:
        config: npm's configuration.
        url: the registry; credentials in it are dropped.
        clock: for deadlines and ``Retry-After``.
        latest: where sizes are taken from, when uploads will look there too; a small request of their own without it.
    """

    def __init__(self, config: NpmConfig, url: str, clock: Clock, latest: LatestVersions | None = None) -> None:
        self._config = config
        self._latest = latest
        self._url = without_credentials(url)
        self._clock = clock

    @property
    def url(self) -> str:
        """Address of the registry, without credentials, with a trailing slash."""
        return self._url

    def ping(self) -> Unknown | None:
        """``GET /-/ping``; None when a registry answers."""
        reply = self._get("-/ping")
        if isinstance(reply, Unknown):
            return reply
        return None if reply.status == _OK else reply.unknown()

    def whoami(self) -> str | Unreadable | Unknown:
        """``GET /-/whoami``: the user the credentials belong to; no request without credentials."""
        if not self._sends_credentials():
            return self._no_credentials()
        reply = self._get("-/whoami")
        if isinstance(reply, Unknown):
            return reply
        if refusal := _refusal(reply):
            return refusal
        if reply.status != _OK:
            return reply.unknown()
        name = _text(reply.body, "username")
        return name or _unexpected("whoami without a username")

    def has_credentials(self) -> bool:
        """Whether npm would publish here: a token, user and password, or a client certificate under this very registry.

        npm's own check (``getCredentialsByURI``) looks at the registry's key alone, while its requests would also take what is
        configured for a path above: with only that, npm ends in ``ENEEDAUTH``.
        """
        place = nerf_dart(self._url)
        return find_auth(self._url, self._config.credentials).key.rpartition(":")[0] == place

    def stages(self, package: str | None = None) -> StageList | Unreadable | Unknown:
        """``GET /-/stage``, all pages of 100; no request without credentials.

        A list that moves while its pages are read could hide a record, so it is read again (three times at most) until its
        total holds still; a list that doesn't add up is `Unknown`.
        """
        if not self._sends_credentials():
            return self._no_credentials()
        found: StageList | Unreadable | Unknown | None = None
        for _ in range(_READINGS):
            found = self._read_stages(package)
            if found is not None:
                return found
        return Unknown("moving list", f"the list of stages changed during each of {_READINGS} readings")

    def live(self, name: str, version: str) -> Live | NotLive | Unknown:
        """``GET /{name}/{version}``: fresher than the packument at the registry's edge.

        A 404 counts only when it is JSON, as a registry's is; a page of some other server is `Unknown`.
        """
        reply = self._get(f"{escaped_name(name)}/{quote(version, safe='')}")
        if isinstance(reply, Unknown):
            return reply
        if reply.status == _NOT_FOUND:
            return NotLive() if reply.is_json else _unexpected("HTTP 404 from something that isn't a registry")
        if reply.status != _OK:
            return reply.unknown()
        if not isinstance(reply.body, dict) or reply.body.get("version") != version or reply.body.get("name") != name:
            return _unexpected(f"not the document of {name}@{version}")
        dist = reply.body.get("dist")
        if not isinstance(dist, dict):
            return _unexpected(f"the document of {name}@{version} has no dist")
        return Live(_text(dist, "integrity"), _text(dist, "shasum"))

    def status(self, name: str, version: str) -> str | Unreadable | NotLive | Unknown:
        """``GET /-/package/{name}/version/{v}/status``: published, validating, staged, blocked or deleted; NotLive on 404."""
        reply = self._get(f"-/package/{escaped_name(name)}/version/{quote(version, safe='')}/status")
        if isinstance(reply, Unknown):
            return reply
        if refusal := _refusal(reply):
            return refusal
        if reply.status == _NOT_FOUND:
            return NotLive() if reply.is_json else _unexpected("HTTP 404 from something that isn't a registry")
        if reply.status != _OK:
            return reply.unknown()
        status = _text(reply.body, "status")
        return status if status in _STATUSES else _unexpected(f"a version status that isn't known: {status}")

    def staged_tarball(self, stage_id: str) -> bytes | Unreadable | NotLive | Unknown:
        """``GET /-/stage/{id}/tarball``; `NotLive` when there is no such stage."""
        if not self._sends_credentials():
            return self._no_credentials()
        return self._download(f"{self._url}-/stage/{quote(stage_id, safe='')}/tarball")

    def live_tarball(self, url: str) -> bytes | Unreadable | NotLive | Unknown:
        """A tarball at the address that `packument` gave; `NotLive` when it isn't there (yet)."""
        if urlsplit(url).scheme not in {"http", "https"}:
            return _unexpected("a tarball address that isn't HTTP")
        return self._download(url)

    def packument(self, name: str) -> Packument | NotLive | Unknown:
        """``GET /{name}``: the versions that are live, as far as the registry's edge knows."""
        reply = self._get(escaped_name(name))
        if isinstance(reply, Unknown):
            return reply
        if reply.status == _NOT_FOUND and reply.is_json:
            return NotLive()
        if reply.status != _OK:
            return reply.unknown()
        body = reply.body if isinstance(reply.body, dict) else {}
        versions, tags, people = (body.get(key) for key in ("versions", "dist-tags", "maintainers"))
        if not isinstance(versions, dict) or not isinstance(tags, dict):
            return _unexpected(f"a packument of {name} without versions and dist-tags")
        return Packument(
            {version: found for version, document in versions.items() if (found := _released(document))},
            {str(tag): str(version) for tag, version in tags.items()},
            len(people) if isinstance(people, list) else None,
        )

    def unpacked_size(self, name: str, tag: str) -> int | None:
        """``GET /{name}/{tag}``: the ``dist.unpackedSize`` of the version that the dist-tag points at; a small document."""
        if tag == "latest" and self._latest is not None:
            known = self._latest.of(name)
            return known.unpacked_size if known else None
        reply = self._get(f"{escaped_name(name)}/{quote(tag, safe='')}")
        if isinstance(reply, Unknown) or reply.status != _OK or not isinstance(reply.body, dict):
            return None
        dist = reply.body.get("dist")
        size = dist.get("unpackedSize") if isinstance(dist, dict) else None
        return size if isinstance(size, int) and size > 0 else None

    def attestations(self, name: str, version: str) -> tuple[Mapping[str, object], ...] | NotLive | Unknown:
        """``GET /-/npm/v1/attestations/{name}@{version}``, the address in a live version's ``dist.attestations.url``.

        Whether it answers for a version that is only staged is documented nowhere; npm's API description has no other way.
        """
        reply = self._get(f"-/npm/v1/attestations/{escaped_name(name)}@{quote(version, safe='')}")
        if isinstance(reply, Unknown):
            return reply
        if reply.status in {_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND}:
            return NotLive()
        found = reply.body.get("attestations") if isinstance(reply.body, dict) else None
        if reply.status != _OK or not isinstance(found, list):
            return reply.unknown()
        return tuple(each for each in found if isinstance(each, dict))

    def _download(self, url: str) -> bytes | Unreadable | NotLive | Unknown:
        from vis_tasks.adapters.npm.http import get_bytes

        found = get_bytes(
            self._session, url, auth=self._config.auth_for(url), clock=self._clock, largest=_LARGEST_TARBALL
        )
        if not isinstance(found, int):
            return found
        if found in {_UNAUTHORIZED, _FORBIDDEN}:
            return Unreadable(f"HTTP {found}")
        return NotLive() if found == _NOT_FOUND else Unknown(f"http {found}", f"HTTP {found}")

    def _read_stages(self, package: str | None) -> StageList | Unreadable | Unknown | None:
        """One reading of all pages; None when the list moved meanwhile."""
        records: dict[str, StageRecord] = {}
        first_total: int | None = None
        for page in range(_MOST_PAGES):
            params = {"page": str(page), "perPage": str(_PER_PAGE)} | ({"package": package} if package else {})
            reply = self._get("-/stage", params)
            if isinstance(reply, Unknown):
                return reply
            if refusal := _refusal(reply):
                return refusal
            if reply.status in {_NOT_FOUND, _NOT_ALLOWED}:
                return Unknown(
                    NO_STAGING, f"{self._url} has no staging (HTTP {reply.status} {reply.words})".rstrip(" )") + ")"
                )
            if reply.status != _OK:
                return reply.unknown()
            parsed = _page(reply.body)
            if isinstance(parsed, Unknown):
                return parsed
            items, total = parsed
            if first_total is not None and total != first_total:
                return None
            first_total = total
            known = len(records)
            records |= {item.id: item for item in items}
            if len(records) >= total:
                return StageList(tuple(records.values()))
            if len(records) == known or len(items) < _PER_PAGE:
                return _unexpected(f"a stage list that ends after {len(records)} of {total}")
        return _unexpected(f"a stage list of more than {_MOST_PAGES} pages")

    def _get(self, path: str, params: dict[str, str] | None = None) -> Reply | Unknown:
        from vis_tasks.adapters.npm.http import get_json

        url = self._url + path
        return get_json(self._session, url, auth=self._config.auth_for(url), params=params or {}, clock=self._clock)

    def _sends_credentials(self) -> bool:
        return self._config.auth_for(self._url + "-/stage").present

    def _no_credentials(self) -> Unreadable:
        return Unreadable(f"npm has no credentials for {self._url}")

    @cached_property
    def _session(self) -> NpmSession:
        return self._config.session(self._url)


def _refusal(reply: Reply) -> Unreadable | None:
    if reply.status in {_UNAUTHORIZED, _FORBIDDEN}:
        return Unreadable(f"HTTP {reply.status} {reply.words}".strip())
    return None


def _page(body: Any) -> tuple[list[StageRecord], int] | Unknown:
    items = body.get("items") if isinstance(body, dict) else None
    total = body.get("total") if isinstance(body, dict) else None
    if not isinstance(items, list) or not isinstance(total, int):
        return _unexpected("a stage list without items and total")
    records = [_record(item) for item in items]
    if any(record is None for record in records):
        return _unexpected("a stage record without id, packageName or version")
    return [record for record in records if record], total


def _record(item: Any) -> StageRecord | None:
    stage_id, name, version = (_text(item, key) for key in ("id", "packageName", "version"))
    if not (stage_id and name and version):
        return None
    return StageRecord(
        id=stage_id,
        name=name,
        version=version,
        tag=_text(item, "tag") or "",
        created_at=_text(item, "createdAt") or "",
        actor=_text(item, "actor"),
        actor_type=_text(item, "actorType"),
        access=_text(item, "access"),
        shasum=_text(item, "shasum"),
        status=_text(item, "status"),
    )


def _released(document: Any) -> ReleasedVersion | None:
    dist = document.get("dist") if isinstance(document, dict) else None
    url = _text(dist, "tarball")
    attested = dist.get("attestations") if isinstance(dist, dict) else None
    return ReleasedVersion(url, _text(dist, "integrity"), bool(attested)) if url else None


def _text(body: Any, key: str) -> str | None:
    value = body.get(key) if isinstance(body, dict) else None
    return value if isinstance(value, str) and value else None


def _unexpected(why: str) -> Unknown:
    return Unknown("unexpected answer", why)
