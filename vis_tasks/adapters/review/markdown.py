"""A review as Markdown, for a job summary or a comment."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from vis_tasks.adapters.ci_report import table
from vis_tasks.adapters.review.words import LEVELS, change_of
from vis_tasks.adapters.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vis_tasks.core.review.model import FileChange, Review

__all__ = ["review_markdown"]

_MOST_DIFF_LINES = 400
_GOOD = {True: "✓", False: "✗", None: "?"}


def review_markdown(reviews: Sequence[Review]) -> str:
    """One section for each stage; the diffs are folded away.

    Args:
        reviews: what to show.
    """
    return "\n".join(line for review in reviews for line in _section(review)) + "\n"


def plain(text: str) -> str:
    """Text that means nothing in Markdown or HTML, on one line."""
    text = harmless(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A zero-width space keeps a forge from taking @name for a mention and an address for a link.
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", text).replace("@", "@\u200b").replace("://", ":\u200b//")


def _section(review: Review) -> Iterator[str]:
    yield f"### {plain(review.spec)} → {plain(review.tag)}"
    yield ""
    if review.about:
        yield f"{plain(review.about)}  "
    yield f"Compared with {plain(review.against) if review.against else 'nothing: no version of it is live'}."
    yield ""
    if review.sizes:
        before = review.sizes_before
        yield table(
            ("", "packed", "unpacked", "files"),
            [
                (
                    "size",
                    change_of(before.packed if before else None, review.sizes.packed),
                    change_of(before.unpacked if before else None, review.sizes.unpacked),
                    f"{before.files} → {review.sizes.files}" if before else str(review.sizes.files),
                )
            ],
        )
    for check in review.checks:
        yield f"- {_GOOD[check.good]} {plain(check.text)}"
    for flag in review.flags:
        yield f"- **{LEVELS[flag.level]}**: {plain(flag.text)}"
    yield ""
    if review.manifest:
        rows = [(change.field, change.before or "—", change.after or "—") for change in review.manifest]
        yield table(("package.json", "before", "after"), rows)
    if review.files:
        yield table(("file", "what", "size"), [(file.path, file.kind, _size(file)) for file in review.files])
        yield from _diffs(review)
    yield from _story(review)


def _size(file: FileChange) -> str:
    return change_of(file.before, file.after) + (f" ({file.note})" if file.note else "")


def _diffs(review: Review) -> Iterator[str]:
    left = _MOST_DIFF_LINES
    for file in review.files:
        lines = [harmless(line) for line in file.diff][: max(0, left)]
        left -= len(lines)
        if not lines:
            continue
        fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0))
        yield f"<details><summary>{escape(harmless(file.path))}</summary>\n"
        yield from (f"{fence}diff", *(line.replace("\n", " ") for line in lines))
        if file.folded or len(lines) < len(file.diff):
            yield f" … {file.folded + len(file.diff) - len(lines)} more lines"
        yield f"{fence}\n\n</details>\n"


def _story(review: Review) -> Iterator[str]:
    if review.changelog:
        yield "**Changelog**\n"
        yield from (f"> {plain(line)}" for line in review.changelog.splitlines()[:100])
        yield ""
    if review.commits:
        yield "**Commits**\n"
        yield from (f"- `{commit}` {plain(subject)}" for commit, subject in review.commits)
        yield ""
    if review.provenance:
        yield f"Provenance: {plain(review.provenance)}."
        yield ""
