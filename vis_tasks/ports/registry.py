"""The registry: read it, pack for it, upload to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "NO_STAGING",
    "Decided",
    "Deciding",
    "Desk",
    "Live",
    "NotLive",
    "Npm",
    "Packer",
    "Packument",
    "RegistryReader",
    "ReleasedVersion",
    "StageList",
    "StageOutcome",
    "StageRecord",
    "Staged",
    "Stager",
    "Tarball",
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


@dataclass(frozen=True)
class Tarball:
    """One packed package: the only bytes that may be uploaded for it.

    Attributes:
        name: npm name.
        version: exact version.
        path: the ``.tgz`` file.
        integrity: ``sha512-<base64>`` of the file.
        shasum: sha1 hex of the file.
        size: bytes of the file.
        unpacked_size: bytes of its contents.
        files: paths inside, without the leading ``package/``.
        manifest: the package.json inside the tarball, parsed.
    """

    name: str
    version: str
    path: Path
    integrity: str
    shasum: str
    size: int
    unpacked_size: int
    files: tuple[str, ...]
    manifest: Mapping[str, object] = field(repr=False, hash=False)


class Packer(Protocol):
    """The project's own package manager, packing."""

    def pack(self, package_dir: Path, destination: Path) -> Path:
        """Pack one package into ``destination`` and return the tarball's path; its pack scripts run exactly once."""
        ...

    def pack_many(self, package_dirs: Sequence[Path], destination: Path) -> Iterator[Path]:
        """Pack several, in as few processes as the package manager allows; yields in the order given."""
        ...


class StageOutcome(Enum):
    """How an upload ended."""

    STAGED = "staged"
    ALREADY_STAGED = "already-staged"
    ALREADY_LIVE = "already-live"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Staged:
    """The answer to one upload.

    Attributes:
        outcome: STAGED; ALREADY_STAGED (409); ALREADY_LIVE; REFUSED (an authoritative no); AMBIGUOUS (the connection broke, the
            registry may or may not have it).
        stage_id: the registry's id, a UUID; None unless STAGED.
        why: the registry's or the client's own words, for people.
        code: npm's error code (``E409``, ``E401``, …) or an HTTP status, for scripts.
    """

    outcome: StageOutcome
    stage_id: str | None = None
    why: str = ""
    code: str = ""


class Stager(Protocol):
    """An engine that uploads: the npm client, or our own."""

    def stage(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """Upload to the staging area. Never asks for 2FA. Never raises for what the registry says."""
        ...

    def publish(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """Publish plainly (packages with ``stage = false``); STAGED then means: it is live or on its way."""
        ...


class Deciding(Enum):
    """How an approval or a rejection ended."""

    DONE = "done"
    GONE = "gone"
    CONFLICT = "conflict"
    NEEDS_OTP = "needs-otp"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Decided:
    """The answer to one approval or rejection.

    Attributes:
        outcome: DONE; GONE (no such stage for these credentials); CONFLICT (409: not decidable now, or live already);
            NEEDS_OTP (no code, or a wrong one); REFUSED; AMBIGUOUS (it may or may not have happened).
        why: npm's words.
        code: npm's error code.
        auth_url: where the registry wants a web confirmation, when it offers one.
    """

    outcome: Deciding
    why: str = ""
    code: str = ""
    auth_url: str | None = None


class Desk(Protocol):
    """A maintainer's decisions, made through the real npm client."""

    def approve(self, stage_id: str, otp: str | None = None) -> Decided:
        """Approve one stage: it goes live, or on its way there."""
        ...

    def reject(self, stage_id: str, otp: str | None = None) -> Decided:
        """Reject one stage: its record and its tarball are deleted for good."""
        ...

    def in_foreground(self, verb: str, stage_id: str) -> Decided:
        """``approve`` or ``reject`` with npm at the person's terminal: it asks, opens the browser, waits for the security key."""
        ...


class Npm(Protocol):
    """The npm side of the world, as npm itself is configured in the workspace. Building it costs one npm process."""

    @property
    def version(self) -> str:
        """The npm client's version."""
        ...

    def url_for(self, package: str, manifest: Mapping[str, object]) -> str:
        """The registry a package goes to: publishConfig.registry, the scope's, else the default one. With a trailing slash."""
        ...

    def reader(self, url: str) -> RegistryReader:
        """Questions to the registry at that address; the same object for the same address."""
        ...

    def stager(self, url: str) -> Stager:
        """The engine that uploads there."""
        ...

    def desk(self, url: str) -> Desk:
        """Where stages at that registry are approved and rejected."""
        ...

    def problems(self) -> tuple[str, ...]:
        """What npm will stumble over in its configuration, a line each. No request."""
        ...

    def review_page(self, url: str, *, name: str, version: str, stage_id: str | None) -> str | None:
        """Where people look at a stage in a browser; None when that can't be known for the registry at ``url``."""
        ...

    def oidc(self) -> bool:
        """Whether this environment can hand out an OIDC identity for npm's trusted publishing (no request)."""
        ...
