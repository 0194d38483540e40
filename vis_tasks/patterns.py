"""Patterns that are compiled when they are first used: a hundred are declared and a command uses few (20 ms of each `stage`)."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

__all__ = ["regex"]


class _Pattern:
    """What `re.compile` gives, from the first time that something of it is asked for."""

    def __init__(self, text: Any, flags: int) -> None:
        self._given = (text, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what `copy` and `pickle` look for before there is anything to compile
            raise AttributeError(name)
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)  # what is used in a loop is looked up once
        return found


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, but not yet; for the top of a module. `re`'s own functions don't take it: call its methods.

    Args:
        text: the pattern.
        flags: as for `re.compile`.

    Raises:
        re.error: at the first use, where it is no pattern.
    """
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
