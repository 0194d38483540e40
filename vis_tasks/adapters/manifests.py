"""Reading a package.json: one read, and errors that say where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse_manifest", "refuse"]


def refuse(message: str, hint: str = "", **details: object) -> UsageError:
    """A workspace that can't be read as it stands."""
    return UsageError(message, code="WORKSPACE", hint=hint, details=details)


def _no_constant(name: str) -> Any:
    msg = f"{name} is no JSON value"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _decoded(text: str) -> Any:
    """As the decoder's own ``decode``, with half the calls for a text that begins and ends as most do."""
    if text.startswith("{"):
        value, end = _DECODER.raw_decode(text)
        if text[end:] in {"", "\n", "\r\n"}:
            return value
    return _DECODER.decode(text)


def parse_manifest(path: str, content: bytes) -> Mapping[str, Any]:
    """Parse the bytes of a package.json; a byte order mark is fine.

    Args:
        path: relative to the workspace root, for messages.
        content: the file's bytes.

    Raises:
        UsageError: code ``WORKSPACE``, with line and column.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refuse(f"{path}:{line}: the file is not UTF-8", "save it as UTF-8") from None
    try:
        value = _decoded(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise _explain(path, text.removeprefix("\ufeff"), error) from None
    except (ValueError, RecursionError) as error:
        raise refuse(f"{path}:1: the file is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise refuse(f"{path}:1: a package.json must be an object")
    return value


def _explain(path: str, text: str, error: json.JSONDecodeError) -> UsageError:
    at = error.pos
    line, column = error.lineno, error.colno
    rest = text[at:].lstrip()
    if rest.startswith(("//", "/*")):
        at = len(text) - len(rest)
        line = text.count("\n", 0, at) + 1
        column = at - text.rfind("\n", 0, at)
        what, hint = "comments are not allowed in JSON", "take the comment out: npm can't read the file either"
    else:
        what, hint = f"the file is not JSON: {error.msg}", "mend it there: npm can't read the file either"
    return refuse(f"{path}:{line}:{column}: {what}", hint, path=path, line=line, column=column)
