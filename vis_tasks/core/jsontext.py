"""Changing single values inside a JSON text and leaving every other byte alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

__all__ = ["find", "line_of", "members", "replace_strings"]

_SPACE = regex(r"[ \t\r\n]*")
_KEY = regex(r'[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:[ \t\r\n]*')
_NEXT = regex(r"[ \t\r\n]*,")
_DECODER = json.JSONDecoder()


def members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Keys of the object that starts at ``at``, each with the span of its value.

    Args:
        text: a valid JSON document.
        at: index of the ``{``.
    """
    at += 1
    while key := _KEY.match(text, at):
        start = key.end()
        _, end = _DECODER.raw_decode(text, start)
        yield (json.loads(key[1]) if "\\" in key[1] else key[1][1:-1]), start, end
        following = _NEXT.match(text, end)
        if following is None:
            break
        at = following.end()


def _root(text: str) -> int:
    space = _SPACE.match(text, 1 if text.startswith("\ufeff") else 0)
    return space.end() if space else 0


def find(text: str, path: Sequence[str]) -> tuple[int, int] | None:
    """Span of the value at a path of keys, quotes included; the last one where a key is repeated, as JSON readers do."""
    span: tuple[int, int] | None = (_root(text), len(text))
    for key in path:
        span = _places(text, span[0], {key}).get(key) if span else None
    return span


def _places(text: str, at: int, keys: Collection[str]) -> dict[str, tuple[int, int]]:
    """Where the values of some keys of an object are; nothing for what is no object."""
    if text[at] != "{":
        return {}
    return {key: (start, end) for key, start, end in members(text, at) if key in keys}


def line_of(text: str, path: Sequence[str]) -> int:
    """Line number, from 1, of the value at a path of keys; 1 when it isn't there."""
    span = find(text, path)
    return 1 if span is None else text.count("\n", 0, span[0]) + 1


def replace_strings(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    """Put new strings at paths of keys; everything else stays byte for byte.

    Args:
        text: a valid JSON document, possibly with a byte order mark.
        values: new string by path of keys.

    Raises:
        KeyError: a path isn't in the document.
    """
    return _splice(text, _spans(text, _root(text), values))


def _spans(text: str, at: int, values: Mapping[tuple[str, ...], str]) -> Iterator[tuple[int, int, str]]:
    """Where the values are, and what comes there; an object is walked once for all inside it (a lock file has thousands)."""
    below: dict[str, dict[tuple[str, ...], str]] = {}
    for (key, *rest), value in values.items():
        below.setdefault(key, {})[tuple(rest)] = value
    places = _places(text, at, below)
    for key, inside in below.items():
        start, end = places[key]
        if () in inside:
            yield start, end, json.dumps(inside[()], ensure_ascii=False)
        else:
            yield from _spans(text, start, inside)


def _splice(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, value in sorted(spans):
        parts += (text[at:start], value)
        at = end
    parts.append(text[at:])
    return "".join(parts)
