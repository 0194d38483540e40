"""What can be read of a configuration without running it: JSON, and the literals of JavaScript and TypeScript.

A value that only Node could work out becomes a `Code`; everything around it is still read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.tokens import Token, UnclosedError, number, tokens, unquote
from vis_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Code", "Document", "read_json", "read_module"]

Keys = tuple[str | int, ...]

_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_DEEPEST = 200
_END = Token("end", "", -1, -1)


@dataclass(frozen=True)
class Code:
    """A value that is no literal.

    Attributes:
        line: where it stands, from 1.
    """

    line: int


@dataclass(frozen=True)
class Document:
    """One configuration, read.

    Attributes:
        path: relative to the workspace root, for messages.
        value: what it holds; a `Code` when nothing of it could be read.
        lines: lines from 1, by keys and indices.
    """

    path: str
    value: Any
    lines: Mapping[Keys, int] = field(default_factory=dict)

    def where(self, keys: Keys = ()) -> str:
        """``path:line`` of a key, or of the nearest one around it."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.lines:
                return f"{self.path}:{self.lines[keys[:length]]}"
        return self.path

    def below(self, *keys: str | int) -> Document:
        """The document that one of its values is."""
        value = self.value
        for key in keys:
            value = value[key]
        depth = len(keys)
        return Document(self.path, value, {at[depth:]: line for at, line in self.lines.items() if at[:depth] == keys})


def read_json(path: str, text: str) -> Document:
    """Read JSON; comments and trailing commas are fine, as several tools allow them.

    Raises:
        ConfigError: code ``FOREIGN_CONFIG``, with file, line and column.
    """
    reader = _reader(path, text)
    value = reader.value(())
    if reader.peek() is not _END:
        reader.refuse("something stands behind the end of the document")
    code = next((at for at, each in _codes(value, ()) if each), None)
    if code is not None:
        line = reader.lines.get(code, 1)
        raise ConfigError(
            f"{path}:{line}: this is not JSON", code="FOREIGN_CONFIG", hint="mend the file, then run init again"
        )
    return Document(path, value, reader.lines)


def read_module(path: str, text: str) -> Document:
    """Read what ``module.exports =`` or ``export default`` says, as far as it is literal.

    Names of constants of the same file are followed, ``defineConfig({…})`` is looked into, a function's result is not known.

    Raises:
        ConfigError: code ``FOREIGN_CONFIG``: the file isn't JavaScript up to the place named.
    """
    reader = _reader(path, text)
    start = reader.exported()
    if start is None:
        return Document(path, Code(1))
    reader.at = start
    value = reader.value(())
    return Document(path, value, reader.lines)


def _codes(value: Any, at: Keys) -> list[tuple[Keys, bool]]:
    if isinstance(value, Code):
        return [(at, True)]
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in _codes(each, (*at, key))]
    if isinstance(value, list):
        return [found for index, each in enumerate(value) for found in _codes(each, (*at, index))]
    return []


def _reader(path: str, text: str) -> _Reader:
    try:
        return _Reader(path, text, list(tokens(text)))
    except (UnclosedError, RecursionError) as error:
        at = error.at if isinstance(error, UnclosedError) else 0
        raise _refusal(path, text, at, str(error)) from None


def _refusal(path: str, text: str, at: int, what: str) -> ConfigError:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return ConfigError(
        f"{path}:{line}:{column}: the file can't be read: {what}",
        code="FOREIGN_CONFIG",
        hint="mend the file, then run init again; `--tool=none` goes on without it",
    )


class _Reader:
    def __init__(self, path: str, text: str, found: Sequence[Token]) -> None:
        self.path = path
        self.text = text
        self.found = found
        self.at = 0
        self.lines: dict[Keys, int] = {}
        self._following: tuple[str, ...] = ()
        self._starts: list[int] = []

    # --- tokens ---

    def peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.found[place] if place < len(self.found) else _END

    def is_mark(self, text: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.text == text and token.kind == "mark"

    def refuse(self, what: str) -> None:
        token = self.peek()
        raise _refusal(self.path, self.text, len(self.text) if token is _END else token.start, what)

    def expect(self, text: str) -> None:
        if not self.is_mark(text):
            self.refuse(f'"{text}" is missing here')
        self.at += 1

    def line(self) -> int:
        token = self.peek()
        return self.text.count("\n", 0, token.start if token is not _END else len(self.text)) + 1

    # --- where the configuration begins ---

    def exported(self) -> int | None:
        for at, token in enumerate(self.found):
            text = [each.text for each in self.found[at : at + 4]]
            if token.text == "module" and text[1:4] == [".", "exports", "="]:
                return at + 4
            if token.text == "export" and text[1:2] == ["default"]:
                return at + 2
        return None

    def _constant(self, name: str) -> int | None:
        """Where the value of ``const name = …`` begins; a type may stand between."""
        for at, token in enumerate(self.found):
            if token.text in {"const", "let", "var"} and self.found[at + 1 : at + 2]:
                if self.found[at + 1].text != name:
                    continue
                place = at + 2
                while place < len(self.found) and self.found[place].text not in {"=", ";"}:
                    place += 1
                return place + 1 if place < len(self.found) and self.found[place].text == "=" else None
        return None

    # --- values ---

    def value(self, path: Keys) -> Any:
        if len(path) > _DEEPEST:
            self.refuse("this is nested too deeply")
        line, start = self.line(), self.at
        self.lines.setdefault(path, line)
        read = self._primary(path)
        if isinstance(read, int | float) and not isinstance(read, bool) and self.is_mark("*"):
            read = self._product(read)
        if self.peek().text in {"as", "satisfies"} and self.peek().kind == "word":
            self._skip()
        if not self._ended():
            self.at = start
            self._skip()
            return Code(line)
        return read

    def _ended(self) -> bool:
        token = self.peek()
        return token is _END or token.text in {",", "}", "]", ")", ";"} or (token.kind == "word" and self._statement())

    def _statement(self) -> bool:
        """Whether a word begins a new statement: only between statements, where no bracket is open."""
        return not self._starts

    def _primary(self, path: Keys) -> Any:
        token = self.peek()
        if token is _END:
            self.refuse("a value is missing here")
        simple: Mapping[str, Callable[[], Any]] = {
            "{": lambda: self._object(path),
            "[": lambda: self._array(path),
            "-": self._negative,
            "(": lambda: self._brackets(path),
        }
        if token.kind == "mark":
            return simple[token.text]() if token.text in simple else self._code()
        if token.kind == "word":
            return self._word(token, path)
        self.at += 1
        return self._scalar(token)

    def _scalar(self, token: Token) -> Any:
        if token.kind == "number":
            return number(token.text)
        if token.kind == "string" or (token.kind == "template" and "${" not in token.text):
            return unquote(token.text)
        return Code(self.text.count("\n", 0, token.start) + 1)

    def _negative(self) -> Any:
        self.at += 1
        token = self.peek()
        if token.kind != "number":
            return self._code()
        self.at += 1
        return -number(token.text)

    def _product(self, first: float) -> Any:
        total: int | float = first
        while self.is_mark("*"):
            self.at += 1
            token = self.peek()
            if token.kind != "number":
                return self._code()
            self.at += 1
            total *= number(token.text)
        return total

    def _brackets(self, path: Keys) -> Any:
        """``({…})``; anything with an arrow behind the bracket is a function."""
        start = self.at
        self.at += 1
        if not self.is_mark(")"):
            self._starts.append(self.at)
            read = self.value(path)
            self._starts.pop()
            if self.is_mark(")"):
                self.at += 1
                return read
        self.at = start
        return self._code()

    def _word(self, token: Token, path: Keys) -> Any:
        following = self.peek(1).text
        if token.text in _CONSTANTS and following not in {".", "(", "["}:
            self.at += 1
            return _CONSTANTS[token.text]
        if following == "(" and token.text not in {"function", "async", "require", "import", "new"}:
            self.at += 1
            return self._call(path)
        if following in {".", "(", "[", "=>", "?."}:
            return self._code()
        start = self._constant(token.text)
        self.at += 1
        if start is None or token.text in self._following:
            return Code(self.line())
        here, open_, self._starts = self.at, self._starts, []
        self.at, self._following = start, (*self._following, token.text)
        read = self.value(path)
        self.at, self._following, self._starts = here, self._following[:-1], open_
        return read

    def _call(self, path: Keys) -> Any:
        """``defineConfig({…})``: functions of this kind give back what they are given."""
        line = self.line()
        self.expect("(")
        self._starts.append(self.at)
        read: Any = None if self.is_mark(")") else self.value(path)
        if self.is_mark(","):
            self.at += 1
        known = isinstance(read, dict) and self.is_mark(")")
        while not self.is_mark(")"):
            if self.peek() is _END:
                self.refuse('")" is missing here')
            self._skip()
            if self.is_mark(","):
                self.at += 1
        self._starts.pop()
        self.at += 1
        return read if known else Code(line)

    def _code(self) -> Code:
        line = self.line()
        self._skip()
        return Code(line)

    def _skip(self) -> None:
        """Go to the end of the expression: a comma, a semicolon or a closing bracket that isn't its own."""
        depth, start = 0, self.at
        while (token := self.peek()) is not _END:
            if token.kind == "mark" and depth == 0 and token.text in {",", ";", *_CLOSE}:
                break
            if token.kind == "mark":
                depth += (token.text in _OPEN) - (token.text in _CLOSE)
            self.at += 1
        if self.at == start:
            self.refuse("a value is missing here")

    def _array(self, path: Keys) -> list[Any]:
        self.at += 1
        self._starts.append(self.at)
        items: list[Any] = []
        while not self.is_mark("]"):
            if self.is_mark("..."):
                items.append(self._code())
            else:
                items.append(self.value((*path, len(items))))
            if not self.is_mark("]"):
                self.expect(",")
        self._starts.pop()
        self.at += 1
        return items

    def _object(self, path: Keys) -> dict[str, Any]:
        self.at += 1
        self._starts.append(self.at)
        found: dict[str, Any] = {}
        while not self.is_mark("}"):
            self._member(found, path)
            if not self.is_mark("}"):
                self.expect(",")
        self._starts.pop()
        self.at += 1
        return found

    def _member(self, found: dict[str, Any], path: Keys) -> None:
        token = self.peek()
        line = self.line()
        if self.is_mark("..."):
            self.at += 1
            spread = self.value(path)
            if isinstance(spread, dict):
                found.update(spread)
            else:
                found["..."] = Code(line)
            return
        if token.kind not in {"word", "string", "number"}:
            if not self.is_mark("["):
                self.refuse("a key is missing here")
            self._skip()
            found["[…]"] = Code(line)
            return
        if token.text in {"async", "get", "set"} and self.peek(1).kind in {"word", "string"}:
            self.at += 1
            token = self.peek()
        key = unquote(token.text) if token.kind == "string" else token.text
        self.lines[(*path, key)] = line
        if token.kind == "word" and self.peek(1).text in {",", "}"}:
            found[key] = self.value((*path, key))
            return
        self.at += 1
        if not self.is_mark(":"):
            if token.kind != "word":
                self.expect(":")
            self._skip()  # a method, a getter
            found[key] = Code(line)
            return
        self.at += 1
        found[key] = self.value((*path, key))
