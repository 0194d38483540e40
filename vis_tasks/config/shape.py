"""The model, looked at: each table's options with their kinds. Loader, schema and reference page all read this."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from vis_tasks.config.model import Config
from vis_tasks.records import dataclass, fields, is_record

__all__ = ["KeyPath", "Kind", "Option", "dotted", "options", "toml_string", "walk"]

KeyPath = tuple[str | int, ...]
"""Where a value stands: TOML keys, and indices inside arrays."""


class Kind(Enum):
    """What TOML value an option takes; the enum's value is how people are told."""

    STRING = "a string"
    BOOLEAN = "true or false"
    INTEGER = "a whole number"
    DURATION = 'a duration such as "15s", "30m", "4h"'
    STRINGS = "a list of strings"
    GROUPS = "a list of lists of strings"
    COMMAND = "a string or a list of strings"
    STRING_MAP = "a table of strings"
    TABLE = "a table"
    TABLES = "a table of tables"


@dataclass(frozen=True)
class Option:
    """One field of a table of the model.

    Attributes:
        name: the Python attribute.
        key: the TOML key.
        kind: what it takes.
        table: the dataclass of a TABLE, or of the values of a TABLES.
        optional: None is its "not set".
        default: the value without any configuration.
        help: one line.
        choices: the allowed strings; of a list: of its items.
        rule: a name in `vis_tasks.config.rules.RULES`, or empty.
        minimum: lowest number or duration.
        maximum: highest.
        switch: for a TABLE: the field of it that a bare boolean sets.
    """

    name: str
    key: str
    kind: Kind
    table: type[Any] | None
    optional: bool
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    rule: str = ""
    minimum: Any = None
    maximum: Any = None
    switch: str = ""


_SIMPLE: dict[Any, Kind] = {
    str: Kind.STRING,
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    timedelta: Kind.DURATION,
    tuple[str, ...]: Kind.STRINGS,
    tuple[tuple[str, ...], ...]: Kind.GROUPS,
    tuple[str, ...] | str: Kind.COMMAND,
    Mapping[str, str]: Kind.STRING_MAP,
}


def _kind(hint: Any) -> tuple[Kind, type[Any] | None, bool]:
    """The kind, the inner dataclass if any, and whether None is allowed."""
    optional = False
    if isinstance(hint, UnionType) and NoneType in get_args(hint):
        optional = True
        (hint,) = (each for each in get_args(hint) if each is not NoneType)
    if hint in _SIMPLE:
        return _SIMPLE[hint], None, optional
    if is_record(hint) and isinstance(hint, type):
        return Kind.TABLE, hint, optional
    if get_origin(hint) is Mapping:
        return Kind.TABLES, get_args(hint)[1], optional
    msg = f"the model holds a type that configuration can't: {hint}"
    raise TypeError(msg)


_looked_at: dict[type[Any], Mapping[str, Option]] = {}


def options(table: type[Any]) -> Mapping[str, Option]:
    """The options of one table of the model, by TOML key, in the model's order."""
    if table in _looked_at:
        return _looked_at[table]
    hints = get_type_hints(table)
    found = {}
    for each in fields(table):
        more = dict(each.metadata)
        key = more.pop("key", each.name.replace("_", "-"))
        kind, inner, optional = _kind(hints[each.name])
        default = each.default_factory() if each.default_factory else each.default
        found[key] = Option(each.name, key, kind, inner, optional, default, **more)
    _looked_at[table] = found
    return found


def walk(table: type[Any] = Config, path: KeyPath = ()) -> list[tuple[KeyPath, type[Any]]]:
    """Every table of the model with its path, parents first; ``<name>`` stands for the free names of a TABLES."""
    found: list[tuple[KeyPath, type[Any]]] = [(path, table)]
    for option in options(table).values():
        if option.kind is Kind.TABLE and option.table:
            found += walk(option.table, (*path, option.key))
        elif option.kind is Kind.TABLES and option.table:
            found += walk(option.table, (*path, option.key, "<name>"))
    return found


def dotted(path: KeyPath) -> str:
    """A path as TOML writes it: ``release.packages."@acme/ui".stage``, and ``release.include[0]`` inside arrays."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part.isascii() and part.replace("-", "").replace("_", "").isalnum()
            quoted = part if bare or part == "<name>" else toml_string(part)
            text += f".{quoted}" if text else quoted
    return text


def toml_string(text: str) -> str:
    """A string as TOML writes it: what JSON escapes TOML reads; only DEL, which JSON leaves, must not stand in TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
