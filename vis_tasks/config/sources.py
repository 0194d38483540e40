"""Where configuration is read from: the file, and where in it each value stands."""

from __future__ import annotations

import re
import tomllib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vis_tasks.config.locate import locate
from vis_tasks.errors import ConfigError
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vis_tasks.config.shape import KeyPath

__all__ = ["CONFIG_FILE", "Source", "read_source"]

CONFIG_FILE = "vis.toml"
_PYPROJECT = "pyproject.toml"


@dataclass(frozen=True)
class Source:
    """What a file says, before it is checked.

    Attributes:
        path: the file; None when there is none.
        text: its text.
        table: the keys that lead to our table inside it.
        data: our table.
    """

    path: Path | None
    text: str
    table: KeyPath
    data: Mapping[str, Any]

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        return locate(self.text)

    def line(self, path: KeyPath) -> int:
        """The line of a key of ours, or of the nearest table around it that is written down."""
        whole = (*self.table, *path)
        for length in range(len(whole), 0, -1):
            if whole[:length] in self._lines:
                return self._lines[whole[:length]]
        return 1

    def where(self, path: KeyPath) -> str:
        """``vis.toml:12`` for a key of ours."""
        return f"{self.path.name if self.path else CONFIG_FILE}:{self.line(path)}"


def read_source(root: Path) -> Source:
    """Read ``vis.toml``, or ``[tool.vis]`` of ``pyproject.toml``; an empty source when there is neither.

    One file is read, two when both are there; ``pyproject.toml`` is parsed only when the word ``vis`` is in it.

    Args:
        root: the workspace root.

    Raises:
        ConfigError: both are there, the file can't be read, isn't UTF-8 or isn't TOML (with file:line:column).
    """
    own, shared = root / CONFIG_FILE, root / _PYPROJECT
    text = _read(own)
    shared_text = _read(shared)
    shared_data: Any = None
    if shared_text is not None and "vis" in shared_text:
        try:
            tool = _parse(shared, shared_text).get("tool")
            shared_data = tool.get("vis") if isinstance(tool, dict) else None
        except ConfigError:
            if text is None:
                raise
    if text is None:
        if shared_data is None or shared_text is None:
            return Source(None, "", (), {})
        source = Source(shared, shared_text, ("tool", "vis"), shared_data)
        if not isinstance(shared_data, dict):
            msg = f"{source.where(())}: tool.vis must be a table"
            raise ConfigError(msg, hint="write [tool.vis.release] and the keys below it")
        return source
    if shared_data is not None:
        line = Source(shared, shared_text or "", ("tool", "vis"), {}).line(())
        msg = f"configuration stands in two places: {CONFIG_FILE} and [tool.vis] in {_PYPROJECT}:{line}"
        raise ConfigError(msg, code="CONFIG_TWICE", hint=f"move everything into {CONFIG_FILE} and delete [tool.vis]")
    return Source(own, text, (), _parse(own, text))


def _read(path: Path) -> str | None:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"{path}: can't be read: {error.strerror}"
        raise ConfigError(msg, hint="make it a readable file") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        msg = f"{path.name}:{line}: is not UTF-8 text"
        raise ConfigError(msg, hint="save the file as UTF-8") from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # "… (at line 3, column 5)" or "… (at end of document)"; TOMLDecodeError has no attributes before Python 3.14.
        message = str(error)
        place = re.search(r" \(at line (\d+), column (\d+)\)$", message)
        if place:
            line, column = place[1], place[2]
        else:
            line, column = str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
        what = re.sub(r" \(at [^()]*\)$", "", message)
        # The message can quote the document ("Invalid value"): never more than a few characters, but a key may be long.
        raise ConfigError(
            f"{path.name}:{line}:{column}: not valid TOML: {what[:120]}",
            hint="correct the line; strings need quotes in TOML",
        ) from None
    except RecursionError:
        msg = f"{path.name}: nested too deeply"
        raise ConfigError(msg, hint="the deepest table of ours is three levels down") from None
