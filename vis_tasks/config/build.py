"""From raw TOML values to the model's dataclasses, noting every problem on the way."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar

from vis_tasks.config.durations import format_duration, parse_duration
from vis_tasks.config.model import Config
from vis_tasks.config.problems import Problems, nearest
from vis_tasks.config.rules import RULES
from vis_tasks.config.shape import Kind, Option, dotted, options, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vis_tasks.config.shape import KeyPath

__all__ = ["Builder", "toml_type"]

T = TypeVar("T")

_WRONG = object()
_SHOWN = 40


class Builder:
    """Builds tables of the model.

    Args:
        where: tells where a path was written, as ``file:line`` or ``env NAME``.
        problems: what is wrong goes here; a wrong value leaves the default in its place.
    """

    def __init__(self, where: Callable[[KeyPath], str], problems: Problems) -> None:
        self._where = where
        self._problems = problems

    def build(self, table: type[T], data: Mapping[str, Any], path: KeyPath = ()) -> T:
        """Make one table from what was written for it."""
        known = options(table)
        values = {}
        for key, raw in data.items():
            if key not in known:
                self._unknown(table, key, path)
                continue
            value = self._convert(known[key], raw, (*path, key))
            if value is not _WRONG:
                values[known[key].name] = value
        return table(**values)

    def _unknown(self, table: type[Any], key: str, path: KeyPath) -> None:
        known = options(table)
        suggestion = nearest(key, known)
        if not suggestion:
            tables = [(home, options(other)) for home, other in walk() if "<name>" not in home]
            homes = [dotted((*home, key)) for home, other in tables if key in other]
            homes = homes or [dotted((*home, near)) for home, other in tables if (near := nearest(key, other))]
            suggestion = homes[0] if len(homes) == 1 else ""
        here = f"in [{dotted(path)}]" if path else "at the top level"
        self._add((*path, key), "is unknown", allowed=f"{here}: {', '.join(known)}", suggestion=suggestion)

    def _add(self, path: KeyPath, what: str, *, allowed: str = "", suggestion: str = "") -> Any:
        self._problems.add(self._where(path), dotted(path), what, allowed=allowed, suggestion=suggestion)
        return _WRONG

    def _convert(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if isinstance(raw, bool) and str(raw).lower() in option.choices:
            raw = str(raw).lower()  # provenance = true reads better than "true"
        convert = getattr(self, f"_{option.kind.name.lower()}")
        return convert(option, raw, path)

    def _mistyped(self, option: Option, raw: Any, path: KeyPath) -> Any:
        allowed = option.kind.value
        if option.switch:
            allowed = f"true, false or {allowed}"
        elif isinstance(path[-1], int):
            allowed = "a list of strings" if isinstance(path[-2], str) and option.kind is Kind.GROUPS else "a string"
        elif option.choices and option.kind is Kind.STRING:
            allowed = _choices(option)
        return self._add(path, f"is {toml_type(raw)}", allowed=allowed)

    def _string(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, str):
            return self._mistyped(option, raw, path)
        if option.choices and raw not in option.choices:
            near = nearest(raw, option.choices)
            return self._add(
                path, f'is "{raw[:_SHOWN]}"', allowed=_choices(option), suggestion=f'"{near}"' if near else ""
            )
        if option.rule and not RULES[option.rule].test(raw):
            return self._add(path, "has an impossible value", allowed=RULES[option.rule].allowed)
        return raw

    def _boolean(self, option: Option, raw: Any, path: KeyPath) -> Any:
        return raw if isinstance(raw, bool) else self._mistyped(option, raw, path)

    def _integer(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, int) or isinstance(raw, bool):
            return self._mistyped(option, raw, path)
        return self._bounded(option, raw, path, str)

    def _duration(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, str):
            return self._mistyped(option, raw, path)
        try:
            duration = parse_duration(raw)
        except ValueError as error:
            return self._add(path, f"can't be read: {error}")
        return self._bounded(option, duration, path, format_duration)

    def _bounded(self, option: Option, value: Any, path: KeyPath, written: Callable[[Any], str]) -> Any:
        low, high = option.minimum, option.maximum
        if (low is None or value >= low) and (high is None or value <= high):
            return value
        allowed = f"{written(low)} or more" if high is None else f"{written(low)} to {written(high)}"
        return self._add(path, f"is {written(value)}", allowed=allowed)

    def _strings(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, list):
            return self._mistyped(option, raw, path)
        items = [self._string(option, item, (*path, index)) for index, item in enumerate(raw)]
        return _WRONG if any(item is _WRONG for item in items) else tuple(items)

    def _groups(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, list):
            return self._mistyped(option, raw, path)
        if raw and all(isinstance(item, str) for item in raw):
            return self._add(path, "is one list", allowed=f'{option.kind.value}, such as [["{raw[0][:_SHOWN]}", "…"]]')
        groups = [self._strings(option, item, (*path, index)) for index, item in enumerate(raw)]
        return _WRONG if any(group is _WRONG for group in groups) else tuple(groups)

    def _command(self, option: Option, raw: Any, path: KeyPath) -> Any:
        return raw if isinstance(raw, str) else self._strings(option, raw, path)

    def _string_map(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, dict):
            return self._mistyped(option, raw, path)
        wrong = [key for key, item in raw.items() if not isinstance(item, str)]
        for key in wrong:
            self._add((*path, key), f"is {toml_type(raw[key])}", allowed="a string: put quotes around it")
        return _WRONG if wrong else dict(raw)

    def _table(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, dict):
            return self._mistyped(option, raw, path)
        return self.build(option.table or Config, raw, path)

    def _tables(self, option: Option, raw: Any, path: KeyPath) -> Any:
        if not isinstance(raw, dict):
            return self._mistyped(option, raw, path)
        for key in [key for key, item in raw.items() if not isinstance(item, dict)]:
            here = (*path, key)
            self._add(here, f"is {toml_type(raw[key])}", allowed=f"a table: [{dotted(here)}], with its keys below")
        tables = {key: self._table(option, item, (*path, key)) for key, item in raw.items() if isinstance(item, dict)}
        return {key: table for key, table in tables.items() if table is not _WRONG}


def _choices(option: Option) -> str:
    return ", ".join(f'"{choice}"' for choice in option.choices)


def toml_type(value: Any) -> str:
    """What TOML calls a value, with its article."""
    names: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "a boolean"),
        (int, "a whole number"),
        (float, "a decimal number"),
        (str, "a string"),
        (list, "a list"),
        (dict, "a table"),
        ((datetime, date, time), "a date or time"),
    ]
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)
