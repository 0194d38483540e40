"""What was asked of the registry, for tests and rehearsals to look at. No secrets: no headers, no bodies, no tokens."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vis_tasks.registry.clock import iso

if TYPE_CHECKING:
    from vis_tasks.registry.settings import Settings

__all__ = ["LoggedRequest", "RequestLog"]

KEPT = 100_000


@dataclass(frozen=True)
class LoggedRequest:
    """One request and its answer.

    Attributes:
        method: ``GET``, …
        route: the route's name; ``"unknown"`` when no route matched.
        path: decoded path.
        query: the raw query string.
        status: what was answered; 0 when the connection was cut instead.
        token_kind: kind of the token; None without one, ``"invalid"`` for a bad one.
        user: who the token stands for.
        command: the client's ``npm-command`` header.
        fault: whether a fault of the plan struck.
        at: ISO 8601, UTC.
    """

    method: str
    route: str
    path: str
    query: str
    status: int
    token_kind: str | None
    user: str | None
    command: str | None
    fault: bool
    at: str


class RequestLog:
    """The last 100,000 requests, oldest first; kept in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._requests: deque[LoggedRequest] = deque(maxlen=KEPT)

    def add(
        self, method: str, route: str, path: str, query: str, status: int, *,
        token_kind: str | None, user: str | None, command: str | None, fault: bool,
    ) -> None:  # fmt: skip
        """Remember one."""
        at = iso(self._settings.now())
        self._requests.append(LoggedRequest(method, route, path, query, status, token_kind, user, command, fault, at))

    def all(self) -> list[LoggedRequest]:
        """Everything remembered."""
        return list(self._requests)

    def clear(self) -> None:
        """Forget everything."""
        self._requests.clear()
