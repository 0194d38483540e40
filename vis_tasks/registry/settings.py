"""Everything about the registry that can be turned, while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vis_tasks.registry.clock import Clock, SystemClock

__all__ = ["RateLimit", "Settings"]

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class RateLimit:
    """So many requests in so many seconds, counted per token and route.

    Attributes:
        requests: how many are answered in one window.
        seconds: length of the window; the refusal's ``Retry-After`` is what is left of it.
    """

    requests: int
    seconds: float


@dataclass
class Settings:
    """How the registry behaves. Every field may be changed while it runs; the next request sees it.

    Attributes:
        clock: where time comes from.
        staging: False makes it a registry without staged publishing (every staging route is 404).
        scan_delay: seconds between publish or approval and the version being live (``validating`` until then; npm's automated
            scan takes about 300).
        stage_scan_delay: seconds after staging in which the item is ``validating`` and can't be approved yet.
        edge_lag: seconds by which packuments are stale (npm's edge caches them for about 300).
        document_lag: seconds by which per-version documents are stale.
        tarball_lag: seconds after going live in which the tarball is still 404.
        blocked: ``name`` or ``name@version``: what the scan will not let pass once it is published or approved.
        new_packages: ``"placeholder"``: staging creates the package with a public ``0.0.0-stage``; ``"refuse"``: 404, as older
            registries answer.
        stage_item_status: whether stage items carry ``status``.
        staged_attestations: True shows the provenance statement of a version that is only staged, to its maintainers; no registry
            promises to.
        status_endpoint: False answers 403 on the version status route.
        packument_max_age: seconds in ``cache-control``; npm clients keep a packument that long without asking.
        otp_single_use: True refuses a TOTP code the second time.
        rate_limits: by route name; ``"*"`` for every route without an own limit.
        max_body: bytes of a request body; more is 413.
        max_unpacked: bytes a tarball may unpack to; more is 400.
        oidc_token_lifetime: seconds an exchanged token lives.
        web_auth_lifetime: seconds in which a browser must finish a web login or a web 2FA.
        web_auth_retry_after: seconds a client is told to wait before it asks ``doneUrl`` again.
    """

    clock: Clock = field(default_factory=SystemClock)
    staging: bool = True
    scan_delay: float = 0.0
    stage_scan_delay: float = 0.0
    edge_lag: float = 0.0
    document_lag: float = 0.0
    tarball_lag: float = 0.0
    blocked: set[str] = field(default_factory=set)
    new_packages: Literal["placeholder", "refuse"] = "placeholder"
    stage_item_status: bool = True
    staged_attestations: bool = False
    status_endpoint: bool = True
    packument_max_age: int = 300
    otp_single_use: bool = False
    rate_limits: dict[str, RateLimit] = field(default_factory=dict)
    max_body: int = 128 * MEBIBYTE
    max_unpacked: int = 512 * MEBIBYTE
    oidc_token_lifetime: float = 3600.0
    web_auth_lifetime: float = 300.0
    web_auth_retry_after: int = 1

    def now(self) -> float:
        """Seconds since the epoch, by the registry's clock."""
        return self.clock.now().timestamp()
