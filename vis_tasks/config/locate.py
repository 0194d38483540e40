"""On which line each key of a TOML document stands. Only needed for error messages and ``--origin``.

Neither `tomllib` nor `tomlkit` tells positions, so this scans a document that `tomllib` has already accepted: it may trust the
grammar and only has to find keys, not to judge values.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from vis_tasks.config.shape import KeyPath

__all__ = ["locate", "section_ends"]

_BLANK = regex(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = regex(r"[ \t]*")
_BARE_KEY = regex(r"[A-Za-z0-9_-]+")
_STRING = regex(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_PLAIN_VALUE = regex(r"[^,\]}#\r\n]*")


def locate(text: str) -> dict[KeyPath, int]:
    """Map every key, table and array item of a valid TOML document to its line.

    Args:
        text: what `tomllib` has parsed without an error.

    Returns:
        Line numbers from 1, by path. An implied table has the line of the first key that implies it. Items of arrays of tables
        share the path of the array.
    """
    return _Scanner(text).document()


def section_ends(text: str) -> dict[KeyPath, int]:
    """Where each table that is written with a header of its own ends, the top level among them as ``()``.

    Args:
        text: what `tomllib` has parsed without an error.

    Returns:
        Indices behind the last line that belongs to a table, by its path. Arrays of tables are left out.
    """
    scanner = _Scanner(text)
    scanner.document()
    return {path: text.find("\n", end) + 1 or len(text) for path, end in scanner.ends.items()}


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.ends: dict[KeyPath, int] = {}
        self._line = 1
        self._counted = 0

    def document(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        plain = True
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                brackets = 2 if self.text.startswith("[[", self.at) else 1
                self.at += brackets
                table = self._key(())
                self.at += brackets
                plain = brackets == 1
            else:
                self._pair(table)
            if plain:
                self.ends[table] = self.at - 1
        return self.lines

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _note(self, path: KeyPath) -> None:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], self._line)

    def _pair(self, table: KeyPath) -> None:
        path = self._key(table)
        self.at += 1  # the "="
        self._skip(_SPACE)
        self._value(path)

    def _key(self, table: KeyPath) -> KeyPath:
        path = table
        while True:
            self._skip(_SPACE)
            start = self.at
            quoted = self.text[start] in "\"'"
            self._skip(_STRING if quoted else _BARE_KEY)
            word = self.text[start : self.at]
            path = (*path, tomllib.loads(f"key = {word}")["key"] if quoted else word)
            self._skip(_SPACE)
            if self.text[self.at] != ".":
                self._note(path)
                return path
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self._skip(_STRING)
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_PLAIN_VALUE)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._skip(_BLANK) < len(self.text) and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            item = (*path, index)
            self._note(item)
            self._value(item)
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip(_BLANK) < len(self.text) and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)
        self.at += 1
