"""What can be read of a configuration without running it: JSON, and the literals of JavaScript and TypeScript.

A value that only Node could work out becomes a `Code`; everything around it is still read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.document import Code, Document
from vis_tasks.core.migrate.reader import reader_of
from vis_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.core.migrate.document import Keys

__all__ = ["read_json", "read_module"]


def read_json(path: str, text: str) -> Document:
    """Read JSON; comments and trailing commas are fine, as several tools allow them.

    Raises:
        ConfigError: code ``FOREIGN_CONFIG``, with file, line and column.
    """
    reader = reader_of(path, text)
    value = reader.whole()
    code = next(_codes(value, ()), None)
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
    reader = reader_of(path, text)
    return Document(path, reader.export(), reader.lines)


def _codes(value: Any, at: Keys) -> Iterator[Keys]:
    """Where code stands in a value."""
    if isinstance(value, Code):
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from _codes(each, (*at, key))
