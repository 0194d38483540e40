"""The configuration as it is in force: as TOML that reads back to the same, and as data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.config.schema import plain
from vis_tasks.config.shape import toml_string

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vis_tasks.config.load import LoadedConfig

__all__ = ["document", "lines"]

_HIDDEN = "***"


def lines(loaded: LoadedConfig, *, origin: bool, hide: Callable[[str], bool]) -> tuple[str, ...]:
    """One line of TOML per option, in the model's order; what isn't set stands in a comment.

    Args:
        loaded: the configuration.
        origin: end each line with where the value came from.
        hide: whether an environment variable of this name holds a secret.
    """
    values = _values(loaded, hide)
    text = [
        f"# {key} is not set"
        if value is None
        else f"{key} = {_toml(value)}{f'  # {loaded.origins[key]}' if origin else ''}"
        for key, value in values.items()
    ]
    head = f"# from {loaded.path.name}" if loaded.path else "# no vis.toml and no [tool.vis]: defaults"
    return (head, *text)


def document(loaded: LoadedConfig, *, hide: Callable[[str], bool]) -> dict[str, Any]:
    """The same for ``--json``: values and origins by dotted key; the shape is stable."""
    return {
        "path": str(loaded.path) if loaded.path else None,
        "values": _values(loaded, hide),
        "origins": {key: str(origin) for key, origin in loaded.origins.items()},
        "warnings": list(loaded.warnings),
    }


def _values(loaded: LoadedConfig, hide: Callable[[str], bool]) -> dict[str, Any]:
    found = {}
    for key, value in loaded.values.items():
        shown = plain(value)
        if isinstance(shown, dict):
            shown = {name: _HIDDEN if hide(name) else text for name, text in shown.items()}
        found[key] = shown
    return found


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        pairs: Mapping[str, str] = value
        return "{" + ", ".join(f"{toml_string(name)} = {toml_string(text)}" for name, text in pairs.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return toml_string(value) if isinstance(value, str) else json.dumps(value)
