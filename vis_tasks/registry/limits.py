"""Rate limits: so many requests per window, token and route."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vis_tasks.registry.problems import Problem

if TYPE_CHECKING:
    from vis_tasks.registry.settings import Settings

__all__ = ["RateLimiter"]


class RateLimiter:
    """Fixed windows, by the registry's clock."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, route: str, who: str) -> None:
        """Count a request.

        Args:
            route: its route's name.
            who: whom to count it for.

        Raises:
            Problem: 429 with ``Retry-After`` in whole seconds.
        """
        limits = self._settings.rate_limits
        limit = limits.get(route) or limits.get("*")
        if limit is None:
            return
        now = self._settings.now()
        start, used = self._windows.get((route, who), (now, 0))
        if now - start >= limit.seconds:
            start, used = now, 0
        if used >= limit.requests:
            wait = max(1, math.ceil(start + limit.seconds - now))
            raise Problem(429, "Too Many Requests - Rate limit exceeded.", {"retry-after": str(wait)})
        self._windows[route, who] = (start, used + 1)
