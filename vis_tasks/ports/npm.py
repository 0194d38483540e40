"""npm as it is configured here: what uploads, what decides, and which registry is meant."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.ports.packing import Tarball
    from vis_tasks.ports.registry import RegistryReader

__all__ = ["Decided", "Deciding", "Desk", "Npm", "StageOutcome", "Staged", "Stager"]


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
