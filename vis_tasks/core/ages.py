"""Spans of time for people: ``40 s``, ``12 min``, ``3 h``, ``5 days``."""

from __future__ import annotations

from datetime import datetime

__all__ = ["age", "age_since", "countdown"]


def age(seconds: float) -> str:
    """A span in its largest fitting unit, rounded down; what lies ahead counts as nothing."""
    whole = max(0, int(seconds))
    for size, unit in ((172_800, "days"), (7200, "h"), (120, "min")):
        if whole >= size:
            per = {"days": 86_400, "h": 3600, "min": 60}[unit]
            return f"{whole // per} {unit}"
    return f"{whole} s"


def age_since(moment: str, now: datetime) -> str | None:
    """How long ago an ISO 8601 moment was; None when it isn't one, or has no zone."""
    try:
        return age((now - datetime.fromisoformat(moment)).total_seconds())
    except (ValueError, TypeError):
        return None


def countdown(seconds: float) -> str:
    """What is left, to the second: ``4:05``, ``1:02:03``; nothing is ``0:00``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
