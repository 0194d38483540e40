"""The registry, read: every answer is a value, "we don't know" among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ASKED_AT_ONCE",
    "NO_STAGING",
    "Live",
    "NotLive",
    "Packument",
    "RegistryReader",
    "ReleasedVersion",
    "StageList",
    "StageRecord",
    "Unknown",
    "Unreadable",
]


@dataclass(frozen=True)
class Unreadable:
    """The registry refused to tell: 401, 403, or no credentials at all."""

    why: str


@dataclass(frozen=True)
class Unknown:
    """No answer that says anything: network trouble, 5xx, 429, timeout, bad JSON.

    Attributes:
        kind: a short stable name for counting, such as ``"http 503"`` or ``"connection reset"``.
        why: one line for people.
        retry_after: seconds the registry asked us to wait, if it did.
    """

    kind: str
    why: str
    retry_after: float | None = None


ASKED_AT_ONCE = 15
"""How many questions a registry is asked at the same time, as by npm: its ``maxsockets`` (``@npmcli/config`` of npm 11.19)."""
NO_STAGING = "no staging"
"""`Unknown.kind` of a registry that answers, and has no staging."""


@dataclass(frozen=True)
class StageRecord:
    """One item of ``GET /-/stage``; the fields are npm's (reference: npm's API description, StagePackageVersion)."""

    id: str
    name: str
    version: str
    tag: str
    created_at: str
    actor: str | None
    actor_type: str | None
    access: str | None
    shasum: str | None
    status: str | None = None


@dataclass(frozen=True)
class StageList:
    """Every staged version the credentials may see, newest first."""

    records: tuple[StageRecord, ...]


@dataclass(frozen=True)
class Live:
    """The version is installable. ``integrity`` is its ``dist.integrity`` (``sha512-…``), None when the registry has none."""

    integrity: str | None
    shasum: str | None = None


@dataclass(frozen=True)
class NotLive:
    """An authoritative answer (200 without it, or 404) that the version is not installable now."""


@dataclass(frozen=True)
class ReleasedVersion:
    """One live version, as its packument has it: where its tarball lies, its integrity, whether attestations are published."""

    tarball: str
    integrity: str | None
    attested: bool


@dataclass(frozen=True)
class Packument:
    """What is live of one package. ``maintainers`` is how many the registry names; None when it doesn't say."""

    versions: Mapping[str, ReleasedVersion]
    dist_tags: Mapping[str, str]
    maintainers: int | None


class RegistryReader(Protocol):
    """Questions to the registry. Each call is one request per page or version; none changes anything."""

    @property
    def url(self) -> str:
        """Address of the registry, without credentials, with a trailing slash."""
        ...

    def ping(self) -> Unknown | None:
        """``GET /-/ping``; None when it answers."""
        ...

    def whoami(self) -> str | Unreadable | Unknown:
        """``GET /-/whoami``: the user the credentials belong to."""
        ...

    def has_credentials(self) -> bool:
        """Whether npm would send any (token, basic auth or client certificate). No request."""
        ...

    def stages(self, package: str | None = None) -> StageList | Unreadable | Unknown:
        """``GET /-/stage``, all pages of 100."""
        ...

    def live(self, name: str, version: str) -> Live | NotLive | Unknown:
        """``GET /{name}/{version}``: fresher than the packument at the registry's edge."""
        ...

    def staged_tarball(self, stage_id: str) -> bytes | Unreadable | NotLive | Unknown:
        """The bytes of a stage, at most 256 MiB; `NotLive` when there is no such stage."""
        ...

    def live_tarball(self, url: str) -> bytes | Unreadable | NotLive | Unknown:
        """The bytes at the address that `packument` gave for a version, at most 256 MiB."""
        ...

    def packument(self, name: str) -> Packument | NotLive | Unknown:
        """``GET /{name}``: the live versions; `NotLive` when there is no such package."""
        ...

    def unpacked_size(self, name: str, tag: str) -> int | None:
        """``GET /{name}/{tag}``: bytes of what the dist-tag serves, unpacked; None when that isn't told."""
        ...

    def attestations(self, name: str, version: str) -> tuple[Mapping[str, object], ...] | NotLive | Unknown:
        """``GET /-/npm/v1/attestations/{name}@{version}``, as they are; `NotLive` when the registry shows none."""
        ...

    def status(self, name: str, version: str) -> str | Unreadable | NotLive | Unknown:
        """``GET /-/package/{name}/version/{v}/status``: published, validating, staged, blocked or deleted; NotLive on 404."""
        ...
