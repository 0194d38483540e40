"""Which files differ, and how, as far as that is worth showing."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from vis_tasks.core.review.model import FileChange

if TYPE_CHECKING:
    from vis_tasks.core.review.model import Contents, PackedContent

__all__ = ["changed_files", "text_of"]

_LARGEST_DIFF = 256 * 1024
_MOST_LINES = 4000
_SHOWN_LINES = 200
_LONGEST_LINE = 400
_MINIFIED_LINE = 1000
_MINIFIED_AVERAGE = 200
_MOST_DIFFS = 300


def text_of(data: bytes | None) -> str | None:
    """The text of a file, or None when it is binary, not UTF-8, or wasn't kept."""
    if data is None or b"\0" in data[:8192]:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def changed_files(before: Contents | None, after: Contents) -> tuple[FileChange, ...]:
    """Files added, removed and changed, by path; diffs for at most 300 of them, 200 lines each.

    Args:
        before: the live version; None when there is none.
        after: the staged one.
    """
    old = dict(before.files) if before else {}
    found: list[FileChange] = []
    for path in sorted({*old, *after.files}):
        one, two = old.get(path), after.files.get(path)
        if one and two and one.digest == two.digest:
            continue
        kind = "added" if one is None else "removed" if two is None else "changed"
        sizes = (one.size if one else None, two.size if two else None)
        if len(found) >= _MOST_DIFFS:
            found.append(FileChange(path, kind, *sizes, note="not shown: too many files changed"))
            continue
        note, lines = _difference(one, two)
        shown = tuple(_short(line) for line in lines[:_SHOWN_LINES])
        found.append(FileChange(path, kind, *sizes, note, shown, max(0, len(lines) - _SHOWN_LINES)))
    return tuple(found)


def _difference(one: PackedContent | None, two: PackedContent | None) -> tuple[str, list[str]]:
    texts = []
    for side in (one, two):
        if side is None:
            texts.append("")
            continue
        if side.size > _LARGEST_DIFF:
            return "too large", []
        text = text_of(side.data)
        if text is None:
            return "binary", []
        if _minified(text):
            return "minified", []
        texts.append(text)
    lines = [text.split("\n") for text in texts]
    if one is None or two is None:
        mark, side_lines = ("+", lines[1]) if one is None else ("-", lines[0])
        return "", [f"{mark}{line}" for line in (side_lines[:-1] if side_lines[-1] == "" else side_lines)]
    if max(map(len, lines)) > _MOST_LINES:
        return "too large", []
    if lines[0][-1] == lines[1][-1] == "":
        lines = [side[:-1] for side in lines]  # both end in a newline: there is no line after it
    return "", list(difflib.unified_diff(lines[0], lines[1], n=3, lineterm=""))[2:]


def _minified(text: str) -> bool:
    lines = text.split("\n")
    return max(map(len, lines)) > _MINIFIED_LINE and len(text) / len(lines) > _MINIFIED_AVERAGE


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} … ({len(line) - _LONGEST_LINE} more)"
