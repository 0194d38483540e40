"""Sizes and marks as all three forms write them."""

from __future__ import annotations

from vis_tasks.core.review.model import Level

__all__ = ["LEVELS", "change_of", "human"]

LEVELS = {Level.DANGER: "danger", Level.WARNING: "look at", Level.NOTE: "note"}


def human(size: int | None) -> str:
    """Bytes as people read them."""
    if size is None:
        return "—"
    for unit, factor in (("MiB", 1024**2), ("KiB", 1024)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def change_of(before: int | None, after: int | None) -> str:
    """``1.0 KiB → 1.2 KiB``, or the one there is."""
    if before is None or after is None or before == after:
        return human(after if after is not None else before)
    return f"{human(before)} → {human(after)}"
