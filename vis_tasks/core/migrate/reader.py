"""Reads the literals of JavaScript and TypeScript, of which JSON is a part; follows nothing that would have to run."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.document import Code
from vis_tasks.core.migrate.tokens import Token, UnclosedError, number, tokens, unquote
from vis_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.core.migrate.document import Keys

__all__ = ["Reader", "reader_of"]

_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_DEEPEST = 200
_END = Token("end", "", -1, -1)


def reader_of(path: str, text: str) -> Reader:
    """A reader that stands at the file's first token.

    Raises:
        ConfigError: code ``FOREIGN_CONFIG``, with file, line and column, where a string or a comment has no end.
    """
    try:
        return Reader(path, text, list(tokens(text)))
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


class Reader:
    """A recursive descent over the tokens: values are read, and everything else is skipped to its end.

    Args:
        path: relative to the workspace root, for messages.
        text: the file.
        found: its tokens.

    Attributes:
        lines: lines from 1, by keys and indices of what was read.
    """

    def __init__(self, path: str, text: str, found: Sequence[Token]) -> None:
        self._path = path
        self._text = text
        self._found = found
        self._at = 0
        self.lines: dict[Keys, int] = {}
        self._following: tuple[str, ...] = ()
        self._starts: list[int] = []
        self._line_ends = [place for place, each in enumerate(text) if each == "\n"]

    def whole(self) -> Any:
        """The value that the whole file is, as JSON has it.

        Raises:
            ConfigError: code ``FOREIGN_CONFIG``, with file, line and column.
        """
        read = self._value(())
        if self._peek() is not _END:
            self._refuse("something stands behind the end of the document")
        return read

    def export(self) -> Any:
        """The value behind ``module.exports =`` or ``export default``; a `Code` where the file has neither.

        Raises:
            ConfigError: code ``FOREIGN_CONFIG``: the file isn't JavaScript up to the place named.
        """
        start = self._exported()
        if start is None:
            return Code(1)
        self._at = start
        return self._value(())

    # --- tokens ---

    def _peek(self, ahead: int = 0) -> Token:
        place = self._at + ahead
        return self._found[place] if place < len(self._found) else _END

    def _is_mark(self, text: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token.text == text and token.kind == "mark"

    def _refuse(self, what: str) -> None:
        token = self._peek()
        raise _refusal(self._path, self._text, len(self._text) if token is _END else token.start, what)

    def _expect(self, text: str) -> None:
        if not self._is_mark(text):
            self._refuse(f'"{text}" is missing here')
        self._at += 1

    def _line(self) -> int:
        return self._line_of(self._peek())

    def _line_of(self, token: Token) -> int:
        return bisect_left(self._line_ends, token.start if token is not _END else len(self._text)) + 1

    # --- where the configuration begins ---

    def _exported(self) -> int | None:
        for at, token in enumerate(self._found):
            text = [each.text for each in self._found[at : at + 4]]
            if token.text == "module" and text[1:4] == [".", "exports", "="]:
                return at + 4
            if token.text == "export" and text[1:2] == ["default"]:
                return at + 2
        return None

    def _constant(self, name: str) -> int | None:
        """Where the value of ``const name = …`` begins; a type may stand between."""
        for at, token in enumerate(self._found):
            if token.text in {"const", "let", "var"} and self._found[at + 1 : at + 2]:
                if self._found[at + 1].text != name:
                    continue
                place = at + 2
                while place < len(self._found) and self._found[place].text not in {"=", ";"}:
                    place += 1
                return place + 1 if place < len(self._found) and self._found[place].text == "=" else None
        return None

    # --- values ---

    def _value(self, path: Keys) -> Any:
        if len(path) > _DEEPEST:
            self._refuse("this is nested too deeply")
        line, start = self._line(), self._at
        self.lines.setdefault(path, line)
        read = self._primary(path)
        if isinstance(read, int | float) and not isinstance(read, bool) and self._is_mark("*"):
            read = self._product(read)
        if self._peek().text in {"as", "satisfies"} and self._peek().kind == "word":
            self._skip()
        if not self._ended():
            self._at = start
            self._skip()
            return Code(line)
        return read

    def _ended(self) -> bool:
        token = self._peek()
        return token is _END or token.text in {",", "}", "]", ")", ";"} or (token.kind == "word" and self._statement())

    def _statement(self) -> bool:
        """Whether a word begins a new statement: only between statements, where no bracket is open."""
        return not self._starts

    def _primary(self, path: Keys) -> Any:
        token = self._peek()
        if token is _END:
            self._refuse("a value is missing here")
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
        self._at += 1
        return self._scalar(token)

    def _scalar(self, token: Token) -> Any:
        if token.kind == "number":
            return number(token.text)
        if token.kind == "string" or (token.kind == "template" and "${" not in token.text):
            return unquote(token.text)
        return Code(self._line_of(token))

    def _negative(self) -> Any:
        self._at += 1
        token = self._peek()
        if token.kind != "number":
            return self._code()
        self._at += 1
        return -number(token.text)

    def _product(self, first: float) -> Any:
        total: int | float = first
        while self._is_mark("*"):
            self._at += 1
            token = self._peek()
            if token.kind != "number":
                return self._code()
            self._at += 1
            total *= number(token.text)
        return total

    def _brackets(self, path: Keys) -> Any:
        """``({…})``; anything with an arrow behind the bracket is a function."""
        start = self._at
        self._at += 1
        if not self._is_mark(")"):
            self._starts.append(self._at)
            read = self._value(path)
            self._starts.pop()
            if self._is_mark(")"):
                self._at += 1
                return read
        self._at = start
        return self._code()

    def _word(self, token: Token, path: Keys) -> Any:
        following = self._peek(1).text
        if token.text in _CONSTANTS and following not in {".", "(", "["}:
            self._at += 1
            return _CONSTANTS[token.text]
        if following == "(" and token.text not in {"function", "async", "require", "import", "new"}:
            self._at += 1
            return self._call(path)
        if following in {".", "(", "[", "=>", "?."}:
            return self._code()
        start = self._constant(token.text)
        self._at += 1
        if start is None or token.text in self._following:
            return Code(self._line())
        here, open_, self._starts = self._at, self._starts, []
        self._at, self._following = start, (*self._following, token.text)
        read = self._value(path)
        self._at, self._following, self._starts = here, self._following[:-1], open_
        return read

    def _call(self, path: Keys) -> Any:
        """``defineConfig({…})``: functions of this kind give back what they are given."""
        line = self._line()
        self._expect("(")
        self._starts.append(self._at)
        read: Any = None if self._is_mark(")") else self._value(path)
        if self._is_mark(","):
            self._at += 1
        known = isinstance(read, dict) and self._is_mark(")")
        while not self._is_mark(")"):
            if self._peek() is _END:
                self._refuse('")" is missing here')
            self._skip()
            if self._is_mark(","):
                self._at += 1
        self._starts.pop()
        self._at += 1
        return read if known else Code(line)

    def _code(self) -> Code:
        line = self._line()
        self._skip()
        return Code(line)

    def _skip(self) -> None:
        """Go to the end of the expression: a comma, a semicolon or a closing bracket that isn't its own."""
        depth, start = 0, self._at
        while (token := self._peek()) is not _END:
            if token.kind == "mark" and depth == 0 and token.text in {",", ";", *_CLOSE}:
                break
            if token.kind == "mark":
                depth += (token.text in _OPEN) - (token.text in _CLOSE)
            self._at += 1
        if self._at == start:
            self._refuse("a value is missing here")

    def _array(self, path: Keys) -> list[Any]:
        self._at += 1
        self._starts.append(self._at)
        items: list[Any] = []
        while not self._is_mark("]"):
            if self._is_mark("..."):
                items.append(self._code())
            else:
                items.append(self._value((*path, len(items))))
            if not self._is_mark("]"):
                self._expect(",")
        self._starts.pop()
        self._at += 1
        return items

    def _object(self, path: Keys) -> dict[str, Any]:
        self._at += 1
        self._starts.append(self._at)
        found: dict[str, Any] = {}
        while not self._is_mark("}"):
            self._member(found, path)
            if not self._is_mark("}"):
                self._expect(",")
        self._starts.pop()
        self._at += 1
        return found

    def _member(self, found: dict[str, Any], path: Keys) -> None:
        token = self._peek()
        line = self._line()
        if self._is_mark("..."):
            self._at += 1
            spread = self._value(path)
            if isinstance(spread, dict):
                found.update(spread)
            else:
                found["..."] = Code(line)
            return
        if token.kind not in {"word", "string", "number"}:
            if not self._is_mark("["):
                self._refuse("a key is missing here")
            self._skip()
            found["[…]"] = Code(line)
            return
        if token.text in {"async", "get", "set"} and self._peek(1).kind in {"word", "string"}:
            self._at += 1
            token = self._peek()
        key = unquote(token.text) if token.kind == "string" else token.text
        self.lines[(*path, key)] = line
        if token.kind == "word" and self._peek(1).text in {",", "}"}:
            found[key] = self._value((*path, key))
            return
        self._at += 1
        if not self._is_mark(":"):
            if token.kind != "word":
                self._expect(":")
            self._skip()  # a method, a getter
            found[key] = Code(line)
            return
        self._at += 1
        found[key] = self._value((*path, key))
