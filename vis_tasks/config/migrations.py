"""Keys that were renamed: the old one goes on working, with a warning that says the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.config.shape import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vis_tasks.config.problems import Problems
    from vis_tasks.config.shape import KeyPath
    from vis_tasks.config.sources import Source

__all__ = ["RENAMED", "current", "migrate"]

RENAMED: Mapping[KeyPath, KeyPath] = {}
"""Old path to new path; ``<name>`` stands for a free name. A line stays here for at least one major version.

The old name goes on working in files and in environment variables, each time with a warning that says the new one.
"""

_ANY = "<name>"


def migrate(
    data: dict[str, Any], source: Source, problems: Problems, renamed: Mapping[KeyPath, KeyPath] = RENAMED
) -> tuple[dict[KeyPath, KeyPath], list[str]]:
    """Move values from old keys to new ones, in place.

    Args:
        data: our table, a copy that may be changed.
        source: tells lines.
        problems: notes an old and a new key given together.
        renamed: the table of renamed keys.

    Returns:
        The moves made, new path to old path, and one warning each.
    """
    moves: dict[KeyPath, KeyPath] = {}
    warnings = []
    for old, new in _spelled_out(data, renamed):
        home = _table(data, old[:-1])
        if home is None or old[-1] not in home:
            continue
        goal = _table(data, new[:-1], create=True)
        if goal is None or new[-1] in goal:
            problems.add(source.where(old), dotted(old), f"is the old name of {dotted(new)}, which is given too")
            del home[old[-1]]
            continue
        goal[new[-1]] = home.pop(old[-1])
        moves[new] = old
        warnings.append(f"{source.where(old)}: {dotted(old)} is now called {dotted(new)}")
    return moves, warnings


def current(path: KeyPath, renamed: Mapping[KeyPath, KeyPath] = RENAMED) -> KeyPath:
    """A path with its new name, where it or a table around it was renamed; the same path otherwise."""
    for old, new in renamed.items():
        if len(path) >= len(old) and all(part in (_ANY, path[at]) for at, part in enumerate(old)):
            return (*_filled(new, [path[at] for at, part in enumerate(old) if part == _ANY]), *path[len(old) :])
    return path


def _filled(path: KeyPath, names: Sequence[str | int]) -> KeyPath:
    rest = iter(names)
    return tuple(next(rest) if part == _ANY else part for part in path)


def _spelled_out(data: Mapping[str, Any], renamed: Mapping[KeyPath, KeyPath]) -> Iterator[tuple[KeyPath, KeyPath]]:
    """Old and new paths, every free name of the data put in for ``<name>``."""
    for old, new in renamed.items():
        if _ANY not in old:
            yield old, new
            continue
        at = old.index(_ANY)
        names = _table(dict(data), old[:at]) or {}
        for name in tuple(names):
            yield (*old[:at], name, *old[at + 1 :]), _filled(new, [name])


def _table(data: dict[str, Any], path: KeyPath, *, create: bool = False) -> dict[str | int, Any] | None:
    here: Any = data
    for part in path:
        if create and isinstance(here, dict):
            here.setdefault(part, {})
        here = here.get(part) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else None
