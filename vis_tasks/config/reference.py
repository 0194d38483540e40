"""The reference page of the configuration (``docs/reference/config.md``): made from the model, never written by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from vis_tasks.config.environment import variable
from vis_tasks.config.rules import RULES
from vis_tasks.config.schema import plain
from vis_tasks.config.shape import KeyPath, Kind, Option, dotted, options, walk

__all__ = ["reference_page"]

_HEAD = """\
# Configuration

<!-- Made from the model by `vis-tasks config --reference`; edit vis_tasks/config/model.py instead. -->

One file, `vis.toml`, in the workspace root; or the same tables below `[tool.vis]` in `pyproject.toml` (never both). Everything
has a default, so an empty file, or none, is a complete configuration. `vis-tasks config --origin` shows every value and
where it came from.

An unknown key, a wrong type or an impossible value stops every command with exit code 2 before anything is touched; all
problems are shown at once, each with file and line, what is allowed, and the nearest name.

**Durations** are numbers with units, largest first: `500ms`, `15s`, `30m`, `4h`, `1d`, `1h30m`.

**Commands** are a list of strings, or a string that is split into words like a shell would; no shell runs unless a target says
`shell = true`.

**The environment wins over the file**: `VIS_RELEASE__PUBLISH__STAGE__TIMEOUT=4h`. Two underscores go one table down, one
underscore is a dash. Lists are comma separated or TOML (`[]` empties one); tables of strings and lists of lists are TOML. An
empty variable counts as not given. Free names (`<name>` below) can be reached when they consist of lower-case letters, digits and
dashes; scoped package names can't be spelled in a variable and belong in the file.

**In an editor**: `vis-tasks init` writes the schema to `.vis/vis.schema.json` and names it on the first line of `vis.toml`
(`#:schema ./.vis/vis.schema.json`); Taplo and Even Better TOML then complete and check it. After an upgrade, `init` renews it.
`vis-tasks config --schema` prints it.

**Renamed keys** go on working, in the file and in variables, with a warning that says the new name.
"""


def reference_page() -> str:
    """The whole page, Markdown."""
    sections = [_section(path, table) for path, table in walk()]
    return "\n".join([_HEAD, *(section for section in sections if section)])


def _section(path: KeyPath, table: type[Any]) -> str:
    rows = [_row(option) for option in options(table).values() if option.kind not in {Kind.TABLE, Kind.TABLES}]
    if not rows:
        return ""
    head = f"## `[{dotted(path)}]`\n\n{_intro(table, path)}\n"
    return "\n".join([head, "| key | takes | default | |", "|---|---|---|---|", *rows, ""])


def _intro(table: type[Any], path: KeyPath) -> str:
    text = " ".join((table.__doc__ or "").replace("``", "`").split())
    text = text.partition(": ")[2] or text.partition("; ")[2]
    first = f"{text[:1].upper()}{text[1:]}\n\n" if text else ""
    example = tuple("next" if part == "<name>" else part for part in (*path, next(iter(options(table)))))
    return f"{first}From the environment: `{str(variable(example)).replace('NEXT', '<NAME>')}` and so on."


def _row(option: Option) -> str:
    rule = f" Must be {RULES[option.rule].allowed}." if option.rule not in {"", "text"} else ""
    cells = (f"`{option.key}`", _takes(option), _default(option), option.help + rule)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _takes(option: Option) -> str:
    if option.choices:
        one = ", ".join(f"`{json.dumps(choice)}`" for choice in option.choices)
        return f"a list of {one}" if option.kind is Kind.STRINGS else one
    text = "a duration" if option.kind is Kind.DURATION else option.kind.value
    if option.minimum is not None:
        text += f", {_bound(option.minimum)}" + (
            " or more" if option.maximum is None else f" to {_bound(option.maximum)}"
        )
    return text


def _bound(value: Any) -> str:
    return str(plain(value)) if isinstance(value, timedelta) else str(value)


def _default(option: Option) -> str:
    if option.default is None or option.default in ((), "", {}):
        return "" if option.kind is Kind.STRING or option.optional else f"`{json.dumps(plain(option.default))}`"
    return f"`{json.dumps(plain(option.default))}`"
