"""Read the configuration: file, then environment, then every check; each value knows where it came from."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vis_tasks.config.build import Builder
from vis_tasks.config.checks import check
from vis_tasks.config.environment import overrides
from vis_tasks.config.migrations import RENAMED, migrate
from vis_tasks.config.model import Config
from vis_tasks.config.problems import Problems
from vis_tasks.config.shape import Kind, dotted, options
from vis_tasks.config.sources import Source, read_source
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from vis_tasks.config.shape import KeyPath

__all__ = ["LoadedConfig", "Origin", "load_config", "spread_switches"]


@dataclass(frozen=True)
class Origin:
    """Where a value came from; as text: ``default``, ``vis.toml:12``, ``pyproject.toml:40`` or ``env VIS_…``.

    Attributes:
        kind: ``"default"``, ``"file"`` or ``"env"``.
        file: name of the file.
        line: line in it, from 1.
        variable: name of the environment variable.
    """

    kind: str
    file: str = ""
    line: int = 0
    variable: str = ""

    def __str__(self) -> str:
        if self.kind == "file":
            return f"{self.file}:{self.line}"
        return f"env {self.variable}" if self.kind == "env" else "default"


@dataclass(frozen=True)
class LoadedConfig:
    """A checked configuration and its provenance.

    Attributes:
        config: the values.
        path: the file it was read from; None when there is none.
        warnings: lines about renamed keys.
    """

    config: Config
    path: Path | None
    warnings: tuple[str, ...]
    _trace: _Trace = field(repr=False, compare=False)

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Every option's value by dotted TOML key; free names only as far as they are given."""
        return {dotted(path): value for path, value in _leaves(self.config, ())}

    @cached_property
    def origins(self) -> Mapping[str, Origin]:
        """Every option's origin, by the same keys. Scans the file for lines, so it is made on first use."""
        return {dotted(path): self._trace.origin(path) for path, _ in _leaves(self.config, ())}


@dataclass
class _Trace:
    """Who gave which path: the file, unless a variable did."""

    source: Source
    data: dict[str, Any]
    variables: dict[KeyPath, str] = field(default_factory=dict)
    moves: dict[KeyPath, KeyPath] = field(default_factory=dict)

    def _variable(self, path: KeyPath) -> str:
        return next((self.variables[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.variables), "")

    def _written(self, path: KeyPath) -> KeyPath:
        for length in range(len(path), 0, -1):
            if path[:length] in self.moves:
                return (*self.moves[path[:length]], *path[length:])
        return path

    def where(self, path: KeyPath) -> str:
        variable = self._variable(path)
        return f"env {variable}" if variable else self.source.where(self._written(path))

    def origin(self, path: KeyPath) -> Origin:
        variable = self._variable(path)
        if variable:
            return Origin("env", variable=variable)
        here: Any = self.data
        for part in path:
            if part not in here:
                return Origin("default")
            here = here[part]
        name = self.source.path.name if self.source.path else ""
        return Origin("file", name, self.source.line(self._written(path)))


def load_config(root: Path, env: Mapping[str, str], *, renamed: Mapping[KeyPath, KeyPath] = RENAMED) -> LoadedConfig:
    """Read ``vis.toml``, or ``[tool.vis]`` of ``pyproject.toml``, and the ``VIS_…__…`` variables over it.

    No file at all is fine: everything has a default. The file is parsed once; lines are only looked for when a problem or an
    origin needs one.

    Args:
        root: the workspace root.
        env: the environment, as `os.environ`.
        renamed: old keys that still work, for tests.

    Raises:
        ConfigError: with all problems at once, each with file and line or variable, the key, what is allowed and the nearest
            name; or, for broken TOML, with file, line and column.
    """
    source = read_source(root)
    problems = Problems()
    trace = _Trace(source, deepcopy(dict(source.data)))
    trace.moves, warnings = migrate(trace.data, source, problems, renamed)
    spread_switches(Config, trace.data)
    for path, name, value in overrides(env, problems, renamed, warnings.append):
        if _put(trace.data, path, value):
            trace.variables[path] = name
    config = Builder(trace.where, problems).build(Config, trace.data)
    check(config, lambda path, what, allowed: problems.add(trace.where(path), dotted(path), what, allowed=allowed))
    problems.refuse()
    return LoadedConfig(config, source.path, tuple(warnings), trace)


def spread_switches(table: type[Any], data: dict[str, Any]) -> None:
    """Write ``stage = true`` out as ``stage = {enabled = true}``, so that a variable can change one thing inside it."""
    for key, option in options(table).items():
        if option.kind is not Kind.TABLE or option.table is None or key not in data:
            continue
        if option.switch and isinstance(data[key], bool):
            data[key] = {options(option.table)[option.switch].key: data[key]}
        elif isinstance(data[key], dict):
            spread_switches(option.table, data[key])


def _put(data: dict[str, Any], path: KeyPath, value: Any) -> bool:
    """Set a value, making tables on the way; False when something that is no table stands there (the builder says so)."""
    here: Any = data
    for part in path[:-1]:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            return False
    here[path[-1]] = value
    return True


def _leaves(table: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for option in options(type(table)).values():
        value = getattr(table, option.name)
        here = (*path, option.key)
        if option.kind is Kind.TABLE:
            yield from _leaves(value, here)
        elif option.kind is Kind.TABLES:
            for name, inner in value.items():
                yield from _leaves(inner, (*here, name))
        else:
            yield here, value
