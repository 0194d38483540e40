"""The nearest name to a mistyped one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like ``name``, or None when nothing is close.

    A name that differs only by its scope counts as close.
    """
    import difflib

    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return close[0]
    bare = name.rpartition("/")[2]
    return next((each for each in names if each.rpartition("/")[2] == bare), None)
