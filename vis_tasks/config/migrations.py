"""Keys that were renamed: the old one goes on working, with a warning that says the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.config.shape import dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.config.problems import Problems
    from vis_tasks.config.shape import KeyPath
    from vis_tasks.config.sources import Source

__all__ = ["RENAMED", "migrate"]

RENAMED: Mapping[KeyPath, KeyPath] = {}
"""Old path to new path. A line stays here for at least one major version."""


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
    for old, new in renamed.items():
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


def _table(data: dict[str, Any], path: KeyPath, *, create: bool = False) -> dict[str | int, Any] | None:
    here: Any = data
    for part in path:
        if create and isinstance(here, dict):
            here.setdefault(part, {})
        here = here.get(part) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else None
