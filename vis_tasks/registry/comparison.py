"""A staged tarball against the last live one, file by file, for a person to read before deciding."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

__all__ = ["FileChange", "compare"]

LARGEST_SHOWN = 400_000  # bytes of a file beyond which a diff helps nobody and costs seconds
MOST_LINES = 6_000
KINDS = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True)
class FileChange:
    """One path.

    Attributes:
        path: inside the package.
        size: bytes now; 0 when removed.
        change: ``"added"``, ``"removed"``, ``"changed"`` or ``"same"``.
        lines: ``(kind, text)`` of a unified diff; kind is ``added``, ``removed``, ``place`` or ``same``.
        note: why there are no lines.
    """

    path: str
    size: int
    change: str
    lines: tuple[tuple[str, str], ...] = ()
    note: str = ""


def compare(old: dict[str, bytes], new: dict[str, bytes]) -> list[FileChange]:
    """Every path of either side, sorted.

    Args:
        old: content by path of the live version; empty for a first version.
        new: content by path of the staged one.
    """
    changes = []
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        change = "added" if before is None else "removed" if after is None else "same" if before == after else "changed"
        lines, note = ((), "") if change == "same" else _lines(before or b"", after or b"")
        changes.append(FileChange(path, len(after or b""), change, lines, note))
    return changes


def _lines(before: bytes, after: bytes) -> tuple[tuple[tuple[str, str], ...], str]:
    if len(before) > LARGEST_SHOWN or len(after) > LARGEST_SHOWN:
        return (), f"too large to show: {len(before)} bytes before, {len(after)} now"
    if b"\0" in before or b"\0" in after:
        return (), f"binary: {len(before)} bytes before, {len(after)} now"
    old, new = (side.decode("utf-8", "replace").splitlines() for side in (before, after))
    if len(old) + len(new) > MOST_LINES:
        return (), f"too long to show: {len(old)} lines before, {len(new)} now"
    diff = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    return tuple((KINDS.get(line[:1], "same"), line) for line in diff), ""
