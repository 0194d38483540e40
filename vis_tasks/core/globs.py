"""Glob patterns for package names and for workspace folders."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["compile_glob", "expand", "has_magic", "matches", "takes_away"]

_MAGIC = frozenset("*?[]{}!()+@|")
_EXTENDED = {"?": "?", "*": "*", "+": "+", "@": ""}


def has_magic(pattern: str) -> bool:
    """Whether the pattern is more than a plain name (a leading scope's ``@`` doesn't count)."""
    return any(char in _MAGIC for char in pattern.removeprefix("@"))


@lru_cache(maxsize=1024)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression to use with ``fullmatch``.

    ``*`` and ``?`` stay inside one path segment, ``**`` as a whole segment crosses them, ``{a,b}`` and ``[abc]`` choose, and
    the extended forms ``@(a|b)``, ``?(…)``, ``*(…)``, ``+(…)``, ``!(…)`` are understood, as in minimatch and picomatch.
    """
    return re.compile(_Translator(pattern).run(), re.DOTALL)


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0

    def run(self) -> str:
        return self._until("")

    def _until(self, stop: str) -> str:
        out: list[str] = []
        while self.at < len(self.text) and self.text[self.at] not in stop:
            out.append(self._next(stop))
        return "".join(out)

    def _next(self, stop: str) -> str:
        char = self.text[self.at]
        if char in "?*+@!" and self.text[self.at + 1 : self.at + 2] == "(":
            return self._extended(char)
        self.at += 1
        if char == "*":
            return self._star()
        if char == "?":
            return "[^/]"
        if char == "[":
            return self._choice_of_characters()
        if char == "{":
            return self._braces(stop)
        if char == "\\" and self.at < len(self.text):
            self.at += 1
            return re.escape(self.text[self.at - 1])
        return re.escape(char)

    def _star(self) -> str:
        start = self.at - 1
        while self.text[self.at : self.at + 1] == "*":
            self.at += 1
        whole_segment = self.at - start > 1 and (start == 0 or self.text[start - 1] == "/")
        after = self.text[self.at : self.at + 1]
        if whole_segment and after == "/":
            self.at += 1
            return "(?:[^/]+/)*"
        if whole_segment and after == "":
            return ".*"
        return "[^/]*"

    def _choice_of_characters(self) -> str:
        end = self.text.find("]", self.at + 1)
        if end < 0:
            return r"\["
        body = self.text[self.at : end].replace("\\", "\\\\")
        self.at = end + 1
        if body[:1] in {"!", "^"}:
            body = "^" + body[1:]
        return f"[{body}]"

    def _braces(self, stop: str) -> str:
        start = self.at
        options = [self._until(",}" + stop)]
        while self.text[self.at : self.at + 1] == ",":
            self.at += 1
            options.append(self._until(",}" + stop))
        if self.text[self.at : self.at + 1] != "}":
            self.at = start
            return r"\{"
        self.at += 1
        return f"(?:{'|'.join(options)})"

    def _extended(self, kind: str) -> str:
        self.at += 2
        options = [self._until("|)")]
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            options.append(self._until("|)"))
        self.at += 1
        body = "|".join(options)
        if kind != "!":
            return f"(?:{body}){_EXTENDED[kind]}"
        # What names a folder inside crosses folders, as in picomatch (``lib/parse.js``, ``extglobClose``).
        return f"(?:(?!(?:{body})(?:/|$)){'.*' if '/' in body.replace('[^/]', '') else '[^/]*'})"


def _one(name: str, pattern: str) -> bool:
    if pattern in {"*", "**"}:
        return True
    if not has_magic(pattern):
        return name == pattern
    return compile_glob(pattern).fullmatch(name) is not None


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a package name is chosen by a list of globs.

    The last pattern that fits decides; a leading ``!`` takes away. A list of takings-away only starts from everything. A lone
    ``*`` is every name; elsewhere ``*`` stops at the slash after a scope.

    Args:
        name: npm name, scope included.
        patterns: such as ``("@acme/*", "!@acme/internal")``; an empty list chooses nothing.
    """
    if not patterns or (len(patterns) == 1 and patterns[0] == "*"):
        return bool(patterns)
    chosen = all(takes_away(pattern) for pattern in patterns)
    for pattern in patterns:
        if takes_away(pattern):
            chosen = chosen and not _one(name, pattern[1:])
        elif not chosen:
            chosen = _one(name, pattern)
    return chosen


def takes_away(pattern: str) -> bool:
    """Whether a pattern takes names away from what others choose; ``!(…)`` chooses."""
    return pattern.startswith("!") and not pattern.startswith("!(")


def expand(names: Iterable[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The names that `matches` chooses, in their own order."""
    return tuple(name for name in names if matches(name, patterns))
