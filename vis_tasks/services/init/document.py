"""Writing settings as TOML: a new vis.toml with a comment on every key, or the missing keys added to one that exists."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vis_tasks.config.locate import section_ends
from vis_tasks.config.shape import dotted
from vis_tasks.services.init.settings import default_of, option_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vis_tasks.core.migrate.mapping import Setting

__all__ = ["SCHEMA_LINE", "SCHEMA_PATH", "add_missing", "missing", "new_document"]

SCHEMA_PATH = ".vis/vis.schema.json"
SCHEMA_LINE = f"#:schema ./{SCHEMA_PATH}"
"""Taplo's directive: the schema's path, relative to the document."""

_HEAD = f"""\
{SCHEMA_LINE}
# How this repository is released. Every key with its default: `vis-tasks config --reference`.
# What is in force, and where each value comes from: `vis-tasks config --origin`.
"""


def new_document(settings: Sequence[Setting]) -> str:
    """A whole vis.toml.

    Args:
        settings: in the model's order.
    """
    parts = [_HEAD]
    table: tuple[str, ...] | None = None
    for setting in settings:
        if setting.path[:-1] != table:
            table = setting.path[:-1]
            parts.append(f"\n[{dotted(table)}]\n")
        else:
            parts.append("\n")
        parts += [f"# {line}\n" for line in comment(setting)]
        parts.append(f"{dotted(setting.path[-1:])} = {_value(setting.value)}\n")
    return "".join(parts)


def comment(setting: Setting) -> tuple[str, ...]:
    """What a key does, in the model's words, and where its value was found."""
    option = option_at(setting.path)
    lines = [option.help] if option else []
    if setting.source:
        lines.append(f"From {setting.source}.")
    return tuple(lines)


def _value(value: Any) -> str:
    import tomlkit

    text: str = tomlkit.item(value).as_string()
    return text


def missing(settings: Sequence[Setting], data: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Settings that a configuration doesn't give and that aren't the default anyway.

    Args:
        settings: what could be set.
        data: the configuration's tables.
    """
    return tuple(
        setting for setting in settings if not _given(data, setting.path) and setting.value != default_of(setting.path)
    )


def _given(data: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    here: Any = data
    for part in path:
        if not isinstance(here, dict):
            return True  # `stage = false` speaks for all below it
        if part not in here:
            return False
        here = here[part]
    return True


def add_missing(text: str, settings: Sequence[Setting], *, table: tuple[str, ...] = ()) -> str:
    """The same text with these settings added; every line that was there stays as it is.

    A key goes to the end of its table; where the table has no header of its own it gets one at the end of the document, or the
    key is written dotted beside the others. What is tried is read back, so nothing but these settings can change.

    Args:
        text: a TOML document that has been read without an error.
        settings: keys that it doesn't have.
        table: where our tables stand in it, such as ``("tool", "vis")``.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.replace("\r\n", "\n")
    for setting in settings:
        wanted = _with(tomllib.loads(text), (*table, *setting.path), setting.value)
        for attempt in _attempts(text, (*table, *setting.path), setting):
            with suppress(tomllib.TOMLDecodeError):
                if tomllib.loads(attempt) == wanted:
                    text = attempt
                    break
    return text.replace("\n", newline)


def _with(data: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    here = data
    for part in path[:-1]:
        here = here.setdefault(part, {})
    here[path[-1]] = value
    return data


def _attempts(text: str, path: tuple[str, ...], setting: Setting) -> Iterator[str]:
    """Ways to write a key, the plainest first."""
    ends = section_ends(text)
    remarks = "".join(f"# {line}\n" for line in comment(setting))
    value = _value(setting.value)
    if path[:-1] in ends:
        yield _inserted(text, ends[path[:-1]], f"{remarks}{dotted(path[-1:])} = {value}\n")
    end = text.rstrip("\n")
    yield f"{end}\n\n[{dotted(path[:-1])}]\n{remarks}{dotted(path[-1:])} = {value}\n".lstrip("\n")
    for length in range(len(path) - 1, -1, -1):
        if path[:length] in ends:
            yield _inserted(text, ends[path[:length]], f"{remarks}{dotted(path[length:])} = {value}\n")
    yield _inline(text, path, setting.value)


def _inserted(text: str, at: int, lines: str) -> str:
    before = text[:at]
    return before + ("\n" if before and not before.endswith("\n") else "") + lines + text[at:]


def _inline(text: str, path: tuple[str, ...], value: Any) -> str:
    """Into a table that stands on one line; only a writer that knows TOML can do that."""
    import tomlkit

    document = tomlkit.parse(text)
    here: Any = document
    for part in path[:-1]:
        if part not in here:
            here[part] = tomlkit.inline_table()
        here = here[part]
    here[path[-1]] = value
    return tomlkit.dumps(document)
