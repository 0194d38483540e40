"""Overrides from the environment: ``VIS_RELEASE__PUBLISH__STAGE__TIMEOUT=4h``.

Two underscores go one table down, one underscore is a dash. An empty value means: not given (that is what CI systems pass for a
variable nobody set). Lists are comma separated or TOML (``[]`` empties one), tables of strings are TOML. Free names (channels,
targets, packages) can be reached when they are made of lower-case letters, digits and dashes; an npm name with a scope can't
be spelled in a variable's name and belongs in the file.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from vis_tasks.config.migrations import current
from vis_tasks.config.model import Config
from vis_tasks.config.problems import Problems, nearest
from vis_tasks.config.shape import Kind, Option, dotted, options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vis_tasks.config.shape import KeyPath

__all__ = ["PREFIX", "overrides", "variable"]

PREFIX = "VIS_"

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def variable(path: KeyPath) -> str | None:
    """The variable that sets the option at ``path``, or None when a name in it can't be spelled in one."""
    if not all(isinstance(part, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", part) for part in path):
        return None
    return PREFIX + "__".join(str(part).replace("-", "_").upper() for part in path)


def overrides(
    env: Mapping[str, str],
    problems: Problems,
    renamed: Mapping[KeyPath, KeyPath] | None = None,
    warn: Callable[[str], None] = lambda _line: None,
) -> Iterator[tuple[KeyPath, str, Any]]:
    """Read every override.

    Args:
        env: the environment.
        problems: where unknown names and unreadable values are noted. Values are not shown: they may be secret.
        renamed: old keys that still work.
        warn: told about a variable with an old name.

    Yields:
        ``(path, variable name, value as TOML would give it)``, tables before what is inside them.
    """
    for name in sorted(env):
        if not name.startswith(PREFIX) or "__" not in name or not env[name].strip():
            continue
        words = [word.lower().replace("_", "-") for word in name.removeprefix(PREFIX).split("__")]
        path_now = current(tuple(words), renamed or {})
        # Other tools may have variables with our prefix: only what begins like one of our sections is judged.
        if not nearest(str(path_now[0]).strip("-"), options(Config)):
            continue
        if path_now != tuple(words):
            warn(f"env {name}: this is now called {variable(path_now) or dotted(path_now)}")
        found = _find([str(part) for part in path_now], name, problems)
        if found is None:
            continue
        path, option = found
        try:
            yield path, name, _value(option, env[name].strip())
        except ValueError as error:
            problems.add(f"env {name}", dotted(path), f"can't be read: {error}", allowed=_written(option))


def _find(words: list[str], name: str, problems: Problems) -> tuple[KeyPath, Option] | None:
    """Follow the words through the model."""
    table: type[Any] = Config
    path: KeyPath = ()
    rest = list(words)
    while rest:
        known = options(table)
        word = rest.pop(0)
        if word not in known:
            near = nearest(word.strip("-"), known)
            suggestion = variable((*path, near, *rest)) if near else ""
            problems.add(
                f"env {name}", "", f"names no option: {dotted((*path, word))} is unknown",
                allowed=", ".join(known), suggestion=suggestion or "",
            )  # fmt: skip
            return None
        option = known[word]
        path = (*path, word)
        if option.kind is Kind.TABLES and rest:
            free = rest.pop(0)
            if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", free):
                problems.add(
                    f"env {name}", dotted(path), f"has a name that a variable can't spell: {free!r}",
                    allowed="names of letters, digits and dashes; set others (such as scoped packages) in the file",
                )  # fmt: skip
                return None
            path = (*path, free)
        if option.table is None:
            if not rest:
                return path, option
            problems.add(f"env {name}", dotted(path), f"has nothing inside it: it is {option.kind.value}")
            return None
        table = option.table
        if not rest and option.switch:
            return (*path, options(table)[option.switch].key), options(table)[option.switch]
    problems.add(
        f"env {name}", dotted(path), "is a table: name one option inside it", allowed=", ".join(options(table))
    )
    return None


def _value(option: Option, text: str) -> Any:
    kind = option.kind
    if kind is Kind.BOOLEAN:
        if text.lower() not in _BOOLEANS:
            raise ValueError("it is neither true nor false")
        return _BOOLEANS[text.lower()]
    if kind is Kind.INTEGER:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise ValueError("it is not a whole number")
        return int(text)
    if kind is Kind.STRINGS and not text.startswith("["):
        return [item.strip() for item in text.split(",") if item.strip()]
    if kind in {Kind.STRINGS, Kind.GROUPS, Kind.STRING_MAP} or (kind is Kind.COMMAND and text.startswith("[")):
        return _literal(text)
    return text


def _literal(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        read = {}
    if list(read) != ["value"]:
        raise ValueError("it is not a TOML value")
    return read["value"]


def _written(option: Option) -> str:
    how = {
        Kind.STRINGS: 'a comma separated list, or TOML such as ["a", "b"]',
        Kind.GROUPS: 'TOML such as [["a", "b"]]',
        Kind.STRING_MAP: 'TOML such as {NAME = "value"}',
        Kind.COMMAND: 'a command line, or TOML such as ["npm", "run", "build"]',
    }
    return how.get(option.kind, option.kind.value)
