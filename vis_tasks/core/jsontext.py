"""Changing single values inside a JSON text and leaving every other byte alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["find", "line_of", "members", "replace_strings"]

_SPACE = regex(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Keys of the object that starts at ``at``, each with the span of its value.

    Args:
        text: a valid JSON document.
        at: index of the ``{``.
    """
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _root(text: str) -> int:
    return _skip(text, 1 if text.startswith("\ufeff") else 0)


def find(text: str, path: Sequence[str]) -> tuple[int, int] | None:
    """Span of the value at a path of keys, quotes included; the last one where a key is repeated, as JSON readers do."""
    span: tuple[int, int] | None = (_root(text), len(text))
    for key in path:
        if span is None or text[span[0]] != "{":
            return None
        found = None
        for name, start, end in members(text, span[0]):
            if name == key:
                found = (start, end)
        span = found
    return span


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
    spans: list[tuple[int, int, str]] = []
    for path, value in values.items():
        span = find(text, path)
        if span is None:
            raise KeyError(path)
        spans.append((*span, json.dumps(value, ensure_ascii=False)))
    return _splice(text, spans)


def _splice(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end, value in sorted(spans):
        parts += (text[at:start], value)
        at = end
    parts.append(text[at:])
    return "".join(parts)
