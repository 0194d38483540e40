"""Words of JavaScript, as far as configuration files need them: where strings, comments and regular expressions end."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Token", "UnclosedError", "number", "tokens", "unquote"]

_SKIP = regex(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = regex(r"0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?")
_WORD = regex(r"[A-Za-z_$\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*")
_STRING = regex(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
_REGEX = regex(r"/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_MARK = regex(r"=>|\.\.\.|\?\?|\?\.|[=!]==?|&&|\|\||[-+*/%<>=!?:;,.(){}\[\]&|^~@#]")
# After these a slash begins a regular expression, after anything else it divides (ECMA-262, 12.9.5).
_BEFORE_REGEX = frozenset("(,=:[!&|?{};+-*%<>~^") | {"=>", "&&", "||", "??", "==", "===", "!=", "!==", "return", "..."}


@dataclass(frozen=True)
class Token:
    """One word.

    Attributes:
        kind: ``string``, ``template``, ``number``, ``word``, ``regex`` or ``mark``.
        text: as written.
        start: index of its first character.
        end: index behind it.
    """

    kind: str
    text: str
    start: int
    end: int


class UnclosedError(ValueError):
    """A string, a template or a character that begins no word.

    Args:
        at: index in the text.
        what: what is wrong there.
    """

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at


def tokens(text: str) -> Iterator[Token]:
    """Split a text; comments and space fall away.

    Raises:
        UnclosedError: a string, a template or a comment has no end, or a character begins nothing.
    """
    at, before = 0, "("
    while True:
        skipped = _SKIP.match(text, at)
        at = skipped.end() if skipped else at
        if at >= len(text):
            return
        found = _next(text, at, before)
        yield found
        at, before = found.end, found.text


def _next(text: str, at: int, before: str) -> Token:
    first = text[at]
    if first == "`":
        end = _template(text, at)
        return Token("template", text[at:end], at, end)
    kinds = [("string", _STRING), ("number", _NUMBER), ("word", _WORD), ("mark", _MARK)]
    if first == "/" and before in _BEFORE_REGEX:
        kinds = [("regex", _REGEX)]
    for kind, pattern in kinds:
        match = pattern.match(text, at)
        if match and match.end() > at:
            return Token(kind, match[0], at, match.end())
    if text.startswith("/*", at):
        raise UnclosedError(at, "this comment has no end")
    raise UnclosedError(at, "this string has no end" if first in "\"'" else f"{first!r} is not expected here")


def _template(text: str, at: int) -> int:
    """The end of a template; what stands in its ``${}`` is passed over, templates in templates too."""
    start, at = at, at + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == "`":
            return at + 1
        elif text.startswith("${", at):
            at, depth = at + 2, 1
            while at < len(text) and depth:
                if text[at] == "`":
                    at = _template(text, at)
                    continue
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
        else:
            at += 1
    raise UnclosedError(start, "this template has no end")


def number(text: str) -> int | float:
    """A number's value, rounded as JavaScript rounds it."""
    text = text.replace("_", "")
    if text[:2] in {"0x", "0X"}:
        return int(text, 16)
    value = float(text)
    return int(value) if value.is_integer() and "." not in text and "e" not in text.lower() else value


def unquote(text: str) -> str:
    r"""A string's value. JSON's ``\/`` and a dollar sign are the two escapes that Python doesn't share."""
    body = text[1:-1].replace("\\/", "/").replace("\\$", "$").replace("\\`", "`").replace("\\\n", "")
    if "\\" not in body:
        return body
    quoted = body.replace('"', '\\"').replace('\\\\"', '\\"').replace("\n", "\\n")
    try:
        value = ast.literal_eval(f'"{quoted}"')
    except (ValueError, SyntaxError):
        return body
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else body
