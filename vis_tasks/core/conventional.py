"""What conventional commits (conventionalcommits.org 1.0.0) ask for, with reverted ones cancelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vis_tasks.core.model import Level
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Header", "parse_header", "without_reverted"]

_HEADER = regex(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()]*)\))?(?P<bang>!)?:\s+(?P<text>\S.*)")
_EMOJI = regex(r"(?::\w+:|[^\w\s(\[\"'`]+)\s+")
_BREAKING = regex(r"^BREAKING[ -]CHANGE:\s*\S", re.MULTILINE)
_REVERT = regex(r'(?:Revert\s+"(?P<quoted>.+)"|revert(?:\([^()]*\))?!?:\s+(?P<plain>.+))', re.IGNORECASE)
_REVERTS_SHA = regex(r"(?:This reverts commit|Refs:?)\s+([0-9a-f]{7,40})", re.IGNORECASE)
_LEVELS = {"feat": Level.MINOR, "feature": Level.MINOR} | dict.fromkeys(
    ("fix", "perf", "refactor", "deps"), Level.PATCH
)


@dataclass(frozen=True)
class Header:
    """What one commit says.

    Attributes:
        type: such as ``feat``, in lower case.
        scope: in parentheses, or empty.
        text: the description.
        level: feat is minor, fix, perf, refactor and deps are patch, breaking is major; anything else releases nothing.
    """

    type: str
    scope: str
    text: str
    level: Level


def parse_header(subject: str, body: str = "") -> Header | None:
    """Read a commit message; None when its first line isn't a conventional one. A leading emoji or ``:code:`` is passed over."""
    emoji = _EMOJI.match(subject)
    match = _HEADER.fullmatch(subject[emoji.end() :] if emoji else subject)
    if match is None:
        return None
    type_ = match["type"].lower()
    breaking = bool(match["bang"]) or _BREAKING.search(body) is not None
    level = Level.MAJOR if breaking else _LEVELS.get(type_, Level.NONE)
    return Header(type_, match["scope"] or "", match["text"].strip(), level)


def without_reverted(commits: Iterable[tuple[str, str, str]]) -> list[str]:
    """Ids of the commits that still count: a revert takes away itself and what it reverts, and gives it back when reverted.

    A revert of something outside the list (released already) counts for nothing.

    Args:
        commits: id, subject and body, oldest first.
    """
    listed = list(commits)
    cancelled_by: dict[str, str] = {}
    reverts: set[str] = set()
    for sha, subject, body in listed:
        target = _reverted(sha, subject, body, listed)
        if target is False:
            continue
        reverts.add(sha)
        if isinstance(target, str):
            cancelled_by[target] = sha
    alive: dict[str, bool] = {}
    for sha, _, _ in reversed(listed):
        by = cancelled_by.get(sha)
        alive[sha] = by is None or not alive[by]
    return [sha for sha, _, _ in listed if sha not in reverts and alive[sha]]


def _reverted(sha: str, subject: str, body: str, listed: list[tuple[str, str, str]]) -> str | bool:
    """The id that a commit reverts, True when that isn't in the list, False when it is no revert."""
    match = _REVERT.fullmatch(subject.strip())
    if match is None:
        return False
    named = _REVERTS_SHA.search(body)
    earlier = []
    for other in listed:
        if other[0] == sha:
            break
        earlier.append(other)
    if named is not None:
        found = next((each for each, _, _ in earlier if each.startswith(named[1])), None)
        if found is not None:
            return found
    text = (match["quoted"] or match["plain"]).strip()
    return next((each for each, title, _ in reversed(earlier) if title.strip() == text), True)
