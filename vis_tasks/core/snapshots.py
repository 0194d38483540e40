"""Names of throw-away versions: ``0.0.0-<tag>-<sha>``. They are for trying out a branch and are never staged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vis_tasks.core.versions import is_valid
from vis_tasks.errors import UsageError
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["TEMPLATE", "is_snapshot", "snapshot_suffix"]

TEMPLATE = "{tag}-{commit-short}"
"""Ours, where changesets' configuration names none: ``0.0.0-<tag>-<sha>``."""

_PLACE = regex(r"\{([a-z-]+)\}")
# What ends in a commit, or (changesets) in a moment: YYYYMMDDHHMMSS or milliseconds. Only 0.0.0 may go without a tag.
_SNAPSHOT = regex(
    r"\d+\.\d+\.\d+-[0-9A-Za-z-]+-(?:[0-9a-f]{7}|[0-9a-f]{40}|\d{13,14})|0\.0\.0-(?:[0-9a-f]{7}|[0-9a-f]{40}|\d{13,14})"
)


def is_snapshot(version: str) -> bool:
    """Whether a version is a snapshot's: ``0.0.0-pr-12-1a2b3c4``, or as changesets writes them, ``0.0.0-20260102030405``."""
    return _SNAPSHOT.fullmatch(version) is not None


def snapshot_suffix(tag: str, commit: str, now: datetime, template: str = TEMPLATE) -> str:
    """What follows ``0.0.0-``.

    Args:
        tag: name of the snapshot, such as a branch or ``pr-12``; what a version can't hold becomes a ``-``.
        commit: full commit id.
        now: moment of the snapshot, UTC.
        template: may use changesets' places ``{tag}``, ``{commit}``, ``{commit-short}``, ``{datetime}``, ``{timestamp}``.

    Raises:
        UsageError: the template has an unknown place, or the result can't stand in a version.
    """
    values = {
        "tag": re.sub(r"[^0-9A-Za-z-]+", "-", tag).strip("-"),
        "commit": commit,
        "commit-short": commit[:7],
        "datetime": now.strftime("%Y%m%d%H%M%S"),
        "timestamp": str(int(now.timestamp() * 1000)),
    }
    unknown = sorted({name for name in _PLACE.findall(template) if name not in values})
    if unknown:
        allowed = ", ".join("{" + name + "}" for name in values)
        raise UsageError(f"the snapshot template has {{{unknown[0]}}}; allowed are {allowed}", code="SNAPSHOT")
    suffix = _PLACE.sub(lambda match: values[match[1]], template).strip("-")
    if not is_valid(f"0.0.0-{suffix}"):
        raise UsageError(f'"0.0.0-{suffix}" is not a version', code="SNAPSHOT", hint="use letters, digits and dashes")
    return suffix
