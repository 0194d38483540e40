"""A configuration that was read, with the line of each of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Code", "Document", "Keys"]

Keys = tuple[str | int, ...]


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
