"""The YAML between the two ``---`` lines of a change file, read without trusting it.

Plain files (one ``name: level`` a line) never load PyYAML. The others go through its event stream first, where anchors and
aliases (the stuff of YAML bombs), deep nesting and repeated keys are refused before any object is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.errors import UsageError
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_BYTES", "FrontMatter", "split"]

MAX_BYTES = 1_048_576
"""A change file larger than this (1 MiB) is refused: nobody wrote it by hand."""

_MAX_FRONT = 65_536
_MAX_DEPTH = 4
_FENCE = regex(r"---[ \t]*")
_PLAIN = regex(
    r"""(?:"(?P<d>[^"\\]*)"|'(?P<s>[^']*)'|(?P<p>[A-Za-z0-9][A-Za-z0-9._/~-]*))[ ]*:[ ]+(?P<q>["']?)(?P<v>[a-z]+)(?P=q)[ ]*"""
)


@dataclass(frozen=True)
class FrontMatter:
    """What a change file says, still unjudged.

    Attributes:
        values: names and what stands behind them: text, None, or a nested mapping of the same kind.
        lines: line number (from 1) of each top-level name.
        body: everything below the front matter.
        body_line: line number of the body's first line.
    """

    values: Mapping[str, Any]
    lines: Mapping[str, int]
    body: str
    body_line: int


def _refuse(path: str, line: int, what: str, hint: str = "") -> UsageError:
    return UsageError(f"{path}:{line}: {what}", code="CHANGE_FILE", hint=hint, details={"path": path, "line": line})


_EXAMPLE = 'start the file with\n---\n"package-name": patch\n---\nand describe the change below'


def split(path: str, text: str) -> FrontMatter:
    """Take a change file apart.

    Args:
        path: for error messages, relative to the workspace root.
        text: the file's content; a byte order mark and CRLF line ends are fine.

    Raises:
        UsageError: code ``CHANGE_FILE``; no front matter, not YAML, or YAML that no change file needs.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = next((at for at, line in enumerate(lines) if line.strip()), None)
    if start is None:
        raise _refuse(path, 1, "the change file is empty", _EXAMPLE)
    if not _FENCE.fullmatch(lines[start]):
        raise _refuse(path, start + 1, "the front matter is missing", _EXAMPLE)
    end = next((at for at in range(start + 1, len(lines)) if _FENCE.fullmatch(lines[at].lstrip())), None)
    if end is None:
        raise _refuse(path, start + 1, "the front matter has no closing ---", _EXAMPLE)
    inner = lines[start + 1 : end]
    values, at = _plain(inner, start + 2) or _yaml(path, "\n".join(inner), start + 2)
    return FrontMatter(values, at, "\n".join(lines[end + 1 :]), end + 2)


def _plain(lines: list[str], first: int) -> tuple[dict[str, Any], dict[str, int]] | None:
    values: dict[str, Any] = {}
    at: dict[str, int] = {}
    for offset, line in enumerate(lines):
        if not line.strip():
            continue
        match = _PLAIN.fullmatch(line)
        if match is None:
            return None
        name = match["d"] or match["s"] or match["p"]
        if not name or name in values or match["v"] in {"null", "true", "false"}:
            return None
        values[name] = match["v"]
        at[name] = first + offset
    return values, at


def _yaml(path: str, text: str, first: int) -> tuple[dict[str, Any], dict[str, int]]:
    import yaml

    if len(text) > _MAX_FRONT:
        raise _refuse(path, first, f"the front matter is larger than {_MAX_FRONT // 1024} KiB")
    try:
        _check_events(path, text, first)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first + (mark.line if mark else 0)
        hint = 'a name that starts with @ needs quotes: "@scope/name": patch' if "'@'" in str(error.problem) else ""
        raise _refuse(path, line, f"the front matter is not YAML: {error.problem}", hint) from None
    except yaml.YAMLError as error:
        raise _refuse(path, first, f"the front matter is not YAML: {error}") from None
    if node is None:
        return {}, {}
    if not isinstance(node, yaml.MappingNode):
        raise _refuse(path, first, "the front matter must map package names to levels", _EXAMPLE)
    values = _mapping(path, node, first)
    return values, {key.value: first + key.start_mark.line for key, _ in node.value}


def _check_events(path: str, text: str, first: int) -> None:
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = first + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refuse(path, line, "anchors and aliases are not allowed in a change file", "write the values out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise _refuse(path, line, "the front matter is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _mapping(path: str, node: Any, first: int) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = {}
    where: dict[str, int] = {}
    for key, value in node.value:
        line = first + key.start_mark.line
        if not isinstance(key, yaml.ScalarNode) or not key.value.strip():
            raise _refuse(path, line, "a package name must be plain text")
        if key.value in found:
            what = f'"{key.value}" is named twice, here and on line {where[key.value]}'
            raise _refuse(path, line, what, "keep one of the two levels")
        where[key.value] = line
        if isinstance(value, yaml.MappingNode):
            found[key.value] = _mapping(path, value, first)
        elif isinstance(value, yaml.ScalarNode):
            found[key.value] = None if value.tag == "tag:yaml.org,2002:null" else value.value
        else:
            raise _refuse(path, line, f'"{key.value}" must be a level, not a list')
    return found
