"""A review on a terminal, by Rich; plain text where colour isn't wanted. Imports rich: import this lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vis_tasks.adapters.redact import redact
from vis_tasks.adapters.review.words import LEVELS, change_of, human
from vis_tasks.adapters.terminal import harmless, wants_colour
from vis_tasks.core.review.model import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from vis_tasks.core.review.model import FileChange, Review

__all__ = ["draw", "print_reviews"]

_MOST_DIFF_LINES = 60
_STYLES = {Level.DANGER: "bold red", Level.WARNING: "yellow", Level.NOTE: "dim"}
_MARKS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_PLAIN_WIDTH = 120
_NARROWEST = 40


def print_reviews(reviews: Sequence[Review], stream: TextIO, env: Mapping[str, str]) -> None:
    """Print reviews where people read.

    Args:
        reviews: what to show.
        stream: standard output, or another text stream.
        env: for ``NO_COLOR``, ``FORCE_COLOR`` and ``TERM``.
    """
    colour = wants_colour(stream, env)
    terminal = stream.isatty()
    console = Console(
        file=stream,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        width=None if terminal else _columns(env),
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False if not terminal else None,
    )
    for review in reviews:
        draw(review, console)


def _columns(env: Mapping[str, str]) -> int:
    """Where nobody knows the width, ``COLUMNS`` may say it."""
    named = env.get("COLUMNS", "")
    return max(_NARROWEST, int(named)) if named.isascii() and named.isdecimal() else _PLAIN_WIDTH


def _clean(text: str, style: str = "") -> Text:
    return Text(harmless(redact(text)).replace("\t", "    "), style=style)


def draw(review: Review, console: Console) -> None:
    """Draw one review.

    Args:
        review: what to show.
        console: Rich's.
    """
    console.rule(_clean(f"{review.spec} → {review.tag}", "bold"), align="left")
    if review.about:
        console.print(_clean(review.about, "dim"))
    against = f"compared with {review.against}" if review.against else "no version of it is live"
    if review.sizes:
        before, now = review.sizes_before, review.sizes
        against += (
            f" · packed {change_of(before.packed if before else None, now.packed)}"
            f" · unpacked {change_of(before.unpacked if before else None, now.unpacked)}"
            f" · {f'{before.files} → ' if before and before.files != now.files else ''}{now.files} files"
        )
    console.print(_clean(against))
    console.print()
    for check in review.checks:
        mark, style = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("?", "yellow")}[check.good]
        console.print(Text(f"{mark} ", style), _clean(check.text), sep="")
    for flag in review.flags:
        console.print(Text(f"{LEVELS[flag.level]}: ", _STYLES[flag.level]), _clean(flag.text), sep="")
    if not review.flags and review.sizes:
        console.print(Text("✓ ", "green"), "nothing that should make you stop", sep="")
    _manifest(review, console)
    _files(review, console)
    _story(review, console)


def _manifest(review: Review, console: Console) -> None:
    if not review.manifest:
        return
    console.print()
    grid = Table("package.json", "before", "after", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for change in review.manifest:
        grid.add_row(
            _clean(change.field, _STYLES[change.level]),
            _clean(change.before or "—", "red"),
            _clean(change.after or "—", "green"),
        )
    console.print(grid)


def _files(review: Review, console: Console) -> None:
    if not review.files:
        if review.sizes:
            console.print("no file differs")
        return
    console.print()
    for file in review.files:
        mark, style = _MARKS[file.kind]
        console.print(Text(f"{mark} ", style), _clean(file.path, "bold"), _clean(f"  {_size(file)}", "dim"), sep="")
        _diff(file, console)


def _size(file: FileChange) -> str:
    if file.kind == "removed":
        return human(file.before)
    return change_of(file.before, file.after) + (f", {file.note}" if file.note else "")


def _diff(file: FileChange, console: Console) -> None:
    for line in file.diff[:_MOST_DIFF_LINES]:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
        console.print(Text("    "), _clean(line, style), sep="", soft_wrap=True)
    more = file.folded + max(0, len(file.diff) - _MOST_DIFF_LINES)
    if more:
        console.print(_clean(f"    … {more} more lines (--html shows more)", "dim"))


def _story(review: Review, console: Console) -> None:
    if review.changelog:
        console.print()
        console.print(Text("changelog", "bold"))
        for line in review.changelog.splitlines():
            console.print(_clean(f"  {line}"))
    if review.commits:
        console.print()
        console.print(Text("commits", "bold"))
        for commit, subject in review.commits:
            console.print(_clean(f"  {commit} {subject}"))
    if review.provenance:
        console.print()
        console.print(_clean(f"provenance: {review.provenance}", "dim"))
    console.print()
