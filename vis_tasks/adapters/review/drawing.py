"""A review as lines of styled text: what is shown on a terminal, whoever paints it. No Rich here."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

from vis_tasks.adapters.redact import redact
from vis_tasks.adapters.review.words import LEVELS, change_of, human
from vis_tasks.adapters.terminal import harmless
from vis_tasks.core.review.model import Level
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.core.review.model import FileChange, Review

__all__ = ["Line", "draw"]

_MOST_DIFF_LINES = 60
_STYLES = {Level.DANGER: "bold red", Level.WARNING: "yellow", Level.NOTE: "dim"}
_MARKS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_GOOD = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("?", "yellow")}
_GAP = "  "
_NARROWEST_COLUMN = 12


@dataclass(frozen=True)
class Line:
    """One line to paint.

    Attributes:
        pieces: pairs of text and style (Rich's words: ``bold red``, or nothing). The texts hold no control characters.
        wrap: whether it may be broken between words; False for code.
    """

    pieces: tuple[tuple[str, str], ...] = ()
    wrap: bool = True

    @property
    def text(self) -> str:
        """Without style."""
        return "".join(text for text, _ in self.pieces)


def _clean(text: str) -> str:
    return harmless(redact(text)).replace("\t", "    ")


def draw(review: Review, width: int) -> Iterator[Line]:
    """One review.

    Args:
        review: what to show.
        width: columns there are, for the rule above it and the table in it.
    """
    title = _clean(f"{review.spec} → {review.tag}")
    yield Line(((title, "bold"), (" " + "─" * max(3, width - len(title) - 1), "bright_green")), wrap=False)
    if review.about:
        yield Line(((_clean(review.about), "dim"),))
    yield Line(((_clean(_against(review)), ""),))
    yield Line()
    for check in review.checks:
        mark, style = _GOOD[check.good]
        yield Line(((f"{mark} ", style), (_clean(check.text), "")))
    for flag in review.flags:
        yield Line(((f"{LEVELS[flag.level]}: ", _STYLES[flag.level]), (_clean(flag.text), "")))
    if not review.flags and review.sizes:
        yield Line((("✓ ", "green"), ("nothing that should make you stop", "")))
    yield from _manifest(review, width)
    yield from _files(review)
    yield from _story(review)


def _against(review: Review) -> str:
    against = f"compared with {review.against}" if review.against else "no version of it is live"
    if not review.sizes:
        return against
    before, now = review.sizes_before, review.sizes
    files = f"{before.files} → " if before and before.files != now.files else ""
    return (
        f"{against} · packed {change_of(before.packed if before else None, now.packed)}"
        f" · unpacked {change_of(before.unpacked if before else None, now.unpacked)} · {files}{now.files} files"
    )


def _manifest(review: Review, width: int) -> Iterator[Line]:
    if not review.manifest:
        return
    yield Line()
    rows = [
        (
            (_clean(change.field), _STYLES[change.level]),
            (_clean(change.before or "—"), "red"),
            (_clean(change.after or "—"), "green"),
        )
        for change in review.manifest
    ]
    yield from _table([(("package.json", "bold"), ("before", "bold"), ("after", "bold")), *rows], width)


def _table(rows: list[tuple[tuple[str, str], ...]], width: int) -> Iterator[Line]:
    """Columns as wide as they need to be; where that is too wide, the widest one gives way and its cells take several lines."""
    widths = [max(len(row[place][0]) for row in rows) for place in range(len(rows[0]))]
    room = width - len(_GAP) * len(widths)
    while sum(widths) > room and max(widths) > _NARROWEST_COLUMN:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        cells = [textwrap.wrap(text, columns) or [""] for (text, _), columns in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            pieces = [
                (part.ljust(columns) + _GAP, style)
                for part, columns, (_, style) in zip(parts, widths, row, strict=True)
            ]
            yield Line(tuple(pieces), wrap=False)


def _files(review: Review) -> Iterator[Line]:
    if not review.files:
        if review.sizes:
            yield Line((("no file differs", ""),))
        return
    yield Line()
    for file in review.files:
        mark, style = _MARKS[file.kind]
        yield Line(((f"{mark} ", style), (_clean(file.path), "bold"), (_clean(f"  {_size(file)}"), "dim")))
        yield from _diff(file)


def _size(file: FileChange) -> str:
    if file.kind == "removed":
        return human(file.before)
    return change_of(file.before, file.after) + (f", {file.note}" if file.note else "")


def _diff(file: FileChange) -> Iterator[Line]:
    for line in file.diff[:_MOST_DIFF_LINES]:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
        yield Line((("    ", ""), (_clean(line), style)), wrap=False)
    more = file.folded + max(0, len(file.diff) - _MOST_DIFF_LINES)
    if more:
        yield Line(((f"    … {more} more lines (--html shows more)", "dim"),))


def _story(review: Review) -> Iterator[Line]:
    if review.changelog:
        yield Line()
        yield Line((("changelog", "bold"),))
        for line in review.changelog.splitlines():
            yield Line(((_clean(f"  {line}"), ""),))
    if review.commits:
        yield Line()
        yield Line((("commits", "bold"),))
        for commit, subject in review.commits:
            yield Line(((_clean(f"  {commit} {subject}"), ""),))
    if review.provenance:
        yield Line()
        yield Line(((_clean(f"provenance: {review.provenance}"), "dim"),))
    yield Line()
