"""Files that are generated again and again, and edited in between: the header that tells, and what to do with each file."""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import TYPE_CHECKING

from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Fate", "Merged", "Planned", "base_path", "decide", "is_ours", "is_untouched", "obsolete", "with_header"]

_HEADER = regex(
    r"# Made by vis-tasks \S+ from vis\.toml; template (?P<template>\d+), sha256 (?P<hash>[0-9a-f]{64})\.\n"
    r"(?:# .*\n)*?# --\n"
)
_WORDS = "# Edit it freely: `vis-tasks ci.generate` keeps your edits, and `vis-tasks ci.check` says when to run it.\n"


class Fate(Enum):
    """What becomes of one file."""

    SAME = "as it should be"
    NEW = "new"
    UPDATED = "updated"
    MERGED = "merged with your edits"
    CONFLICT = "conflicts with your edits"
    FOREIGN = "was not made by vis-tasks"
    REMOVED = "no longer made"


@dataclass(frozen=True)
class Merged:
    """What a three-way merge gave.

    Attributes:
        text: the result; with conflict markers where there are any.
        conflicts: how many.
    """

    text: str
    conflicts: int


@dataclass(frozen=True)
class Planned:
    """One file's fate.

    Attributes:
        path: from the repository's top.
        fate: what becomes of it.
        before: what stands there; None for nothing.
        after: what should; None for nothing. Of a conflict: the merge with its markers.
        fresh: what the templates give, to be kept as the base of the next merge; None to drop the base.
        forced: what ``--force`` writes.
    """

    path: str
    fate: Fate
    before: str | None
    after: str | None
    fresh: str | None
    forced: str | None = None

    @property
    def stuck(self) -> bool:
        """Whether it stays as it is until somebody decides."""
        return self.fate in {Fate.CONFLICT, Fate.FOREIGN}


def base_path(path: str) -> str:
    """Where the base of a file is kept, from the workspace root: no folder there has a name that a forge looks into."""
    return f".vis/ci/{path.lstrip('.').replace('/', '.')}"


def with_header(body: str, *, version: str, template: int) -> str:
    """The file: a header that tells who made it, and the body's hash, by which an edit is noticed."""
    digest = hashlib.sha256(body.encode()).hexdigest()
    first = f"# Made by vis-tasks {version} from vis.toml; template {template}, sha256 {digest}.\n"
    return f"{first}{_WORDS}# --\n{body}"


def is_ours(text: str) -> bool:
    """Whether the header is there."""
    return _HEADER.match(_unix(text)) is not None


def is_untouched(text: str) -> bool:
    """Whether nobody has edited it since it was made. Line ends don't count: git may have changed them."""
    text = _unix(text)
    found = _HEADER.match(text)
    return found is not None and hashlib.sha256(text[found.end() :].encode()).hexdigest() == found["hash"]


def template_of(text: str | None) -> int | None:
    """Version of the templates it was made with."""
    found = _HEADER.match(_unix(text or ""))
    return int(found["template"]) if found else None


def decide(
    path: str, *, current: str | None, base: str | None, fresh: str, merge: Callable[[str, str, str], Merged]
) -> Planned:
    """What becomes of a file that the templates give.

    Args:
        path: from the repository's top.
        current: what stands there.
        base: what the templates gave the last time.
        fresh: what they give now.
        merge: three-way merge of current, base, fresh.
    """
    if current is None:
        return Planned(path, Fate.NEW, None, fresh, fresh)
    if _unix(current) == fresh:
        return Planned(path, Fate.SAME, current, current, fresh)
    if is_untouched(current):
        return Planned(path, Fate.UPDATED, current, fresh, fresh)
    if not is_ours(current) and base is None:
        return Planned(path, Fate.FOREIGN, current, current, None, forced=fresh)
    if base is None:
        return Planned(path, Fate.CONFLICT, current, current, fresh, forced=fresh)
    merged = merge(_unix(current), _unix(base), fresh)
    if merged.conflicts:
        return Planned(path, Fate.CONFLICT, current, merged.text, fresh, forced=merged.text)
    fate = Fate.SAME if merged.text == _unix(current) else Fate.MERGED
    return Planned(path, fate, current, current if fate is Fate.SAME else merged.text, fresh)


def obsolete(path: str, *, current: str | None) -> Planned:
    """What becomes of a file that was made once and that no option asks for any more; an edited one stays until forced."""
    if current is None or is_untouched(current):
        return Planned(path, Fate.REMOVED, current, None, None)
    return Planned(path, Fate.CONFLICT, current, current, None, forced=None)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")
