"""Durations as people write them: ``500ms``, ``15s``, ``30m``, ``4h``, ``1d``, ``1h30m``."""

from __future__ import annotations

import re
from datetime import timedelta

from vis_tasks.patterns import regex

__all__ = ["DURATION_PATTERN", "format_duration", "parse_duration"]

_MICROSECONDS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_LONGEST = 100  # characters; what `timedelta` holds has 23 digits

DURATION_PATTERN = "^(?=.)" + "".join(f"(?:{_NUMBER}{unit})?" for unit in _MICROSECONDS) + "$"
"""The same grammar as a regular expression of ECMA 262, for the JSON schema."""

_WHOLE = regex("".join(f"(?:({_NUMBER}){unit})?" for unit in _MICROSECONDS), re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Read a duration.

    Args:
        text: numbers with the units ``d h m s ms``, largest first, each at most once; decimals are fine.

    Raises:
        ValueError: anything else, a negative duration, or one beyond what `timedelta` holds or below a microsecond.
    """
    match = _WHOLE.fullmatch(text)
    if not text or match is None:
        raise ValueError(f'"{text[:40]}" is no duration; write it like "500ms", "15s", "30m", "4h", "1d" or "1h30m"')
    if len(text) > _LONGEST:
        raise ValueError(f'"{text[:40]}" is too long')
    # Whole numbers throughout: a float has too few digits, and `decimal` takes a command 2 ms to load.
    given = zip(match.groups(), _MICROSECONDS.values(), strict=True)
    numbers = [(*number.partition("."), size) for number, size in given if number]
    places = max(len(fraction) for _, _, fraction, _ in numbers)
    scaled = sum(int(whole + fraction.ljust(places, "0")) * size for whole, _, fraction, size in numbers)
    total, finer = divmod(scaled, 10**places)
    if finer:
        raise ValueError(f'"{text[:40]}" is finer than a microsecond')
    try:
        return timedelta(microseconds=total)
    except OverflowError:
        raise ValueError(f'"{text[:40]}" is too long') from None


def format_duration(duration: timedelta) -> str:
    """Write a duration the way `parse_duration` reads it, largest units first: ``1h30m``, ``0s``.

    Raises:
        ValueError: the duration is negative.
    """
    rest = duration // timedelta(microseconds=1)
    if rest < 0:
        raise ValueError("a duration can't be negative")
    parts = []
    for unit, size in _MICROSECONDS.items():
        count, rest = divmod(rest, size)
        if unit == "ms" and rest:
            parts.append(f"{count}.{rest:03}".rstrip("0") + unit)
        elif count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
