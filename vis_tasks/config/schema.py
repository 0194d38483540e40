"""The JSON schema of ``vis.toml``, for editors (Taplo, Even Better TOML): made from the model, never written by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from vis_tasks.config.durations import DURATION_PATTERN, format_duration
from vis_tasks.config.model import Config
from vis_tasks.config.rules import RULES
from vis_tasks.config.shape import Kind, Option, options

__all__ = ["json_schema", "plain", "schema_text"]


def json_schema() -> dict[str, Any]:
    """The schema, draft 7 (the newest that Taplo reads). It knows no checks across options; the loader does."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "vis.toml",
        "description": "Configuration of vis-tasks.",
        **_table(Config),
    }


def schema_text() -> str:
    """The content of ``vis.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def plain(value: Any) -> Any:
    """A value of the model as JSON and TOML hold it: durations as text, tuples as lists."""
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


def _table(table: type[Any]) -> dict[str, Any]:
    properties = {key: _option(option) for key, option in options(table).items()}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _option(option: Option) -> dict[str, Any]:
    schema = {"description": option.help, **_value(option)}
    if option.kind not in {Kind.TABLE, Kind.TABLES} and option.default is not None:
        schema["default"] = plain(option.default)
    return schema


def _value(option: Option) -> dict[str, Any]:
    if option.table is not None:
        table = _table(option.table)
        if option.kind is Kind.TABLES:
            return {"type": "object", "additionalProperties": table}
        return {"anyOf": [{"type": "boolean"}, table]} if option.switch else table
    text = _text(option)
    return {
        Kind.STRING: text,
        Kind.BOOLEAN: {"type": "boolean"},
        Kind.INTEGER: {"type": "integer", **_bounds(option)},
        Kind.DURATION: {"type": "string", "pattern": DURATION_PATTERN},
        Kind.STRINGS: {"type": "array", "items": text},
        Kind.GROUPS: {"type": "array", "items": {"type": "array", "items": text}},
        Kind.COMMAND: {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        Kind.STRING_MAP: {"type": "object", "additionalProperties": {"type": "string"}},
    }[option.kind]


def _text(option: Option) -> dict[str, Any]:
    if option.choices:
        booleans = [choice == "true" for choice in option.choices if choice in {"true", "false"}]
        return {"enum": [*option.choices, *booleans]}
    return {"type": "string", **({"pattern": RULES[option.rule].pattern} if option.rule else {})}


def _bounds(option: Option) -> dict[str, Any]:
    found = {"minimum": option.minimum, "maximum": option.maximum}
    return {name: value for name, value in found.items() if value is not None}
