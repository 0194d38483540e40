"""Which dependency ranges move with a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.graph import effective_range
from vis_tasks.core.model import DEPENDENCY_TABLES, Level
from vis_tasks.core.ranges import is_range, satisfies
from vis_tasks.core.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.bumps import Bumps
    from vis_tasks.core.model import Package, Workspace
    from vis_tasks.core.rules import Rules

__all__ = ["moved_ranges"]


def moved_ranges(
    workspace: Workspace, bumps: Bumps, versions: Mapping[str, str], *, exact: bool = False
) -> dict[str, dict[str, dict[str, str]]]:
    """New ranges, ``{package: {table: {dependency: range}}}``.

    Only packages that are released or touched are looked at, and the root package.json (its key is ``"."`` without a name).
    A range that the new version left always moves; one that still
    fits moves as `Rules.ranges_from` and its neighbours say.

    Args:
        workspace: all packages.
        bumps: a finished run.
        versions: new (or unchanged) version of every package in the run.
        exact: write the version itself instead of a range (snapshots).
    """
    result: dict[str, dict[str, dict[str, str]]] = {}
    written = [package for package in workspace.packages if package.name in bumps.levels]
    if workspace.root_package is not None and bumps.rules.root_ranges:
        written.append(workspace.root_package)
    for package in written:
        tables: dict[str, dict[str, str]] = {}
        for table in DEPENDENCY_TABLES:
            entries = package.table(table)
            for name in sorted(entries.keys() & versions.keys()) if entries else ():
                spec = entries[name]
                if isinstance(spec, str):
                    moved = _moved(bumps, versions, package, table, name, spec, exact=exact)
                    if moved is not None:
                        tables.setdefault(table, {})[name] = moved
        if tables:
            result[package.name or "."] = tables
    return result


def _moved(
    bumps: Bumps,
    versions: Mapping[str, str],
    package: Package,
    table: str,
    name: str,
    spec: str,
    *,
    exact: bool,
) -> str | None:
    rules = bumps.rules
    if not spec or spec.startswith(("file:", "link:")) or not bumps.packages[name].version:
        return None
    if rules.workspace_protocol_only and not spec.startswith("workspace:"):
        return None
    if not _should_move(bumps, versions[name], package, table, name):
        return None
    moved = rewrite(spec, versions[name], keep_style=rules.keep_style)
    if moved is None or not exact:
        return moved
    plain = ("workspace:" if spec.startswith("workspace:") else "") + versions[name]
    return None if plain == spec else plain


def _should_move(bumps: Bumps, version: str, package: Package, table: str, name: str) -> bool:
    rules, spec = bumps.rules, package.table(table)[name]
    level = bumps.levels[name]
    range_ = effective_range(spec, version=bumps.base(name), path=bumps.packages[name].path)
    if range_ is None:
        return False
    if not rules.changesets and (level is Level.NONE or not is_range(range_) or not _is_ours(bumps, name, range_)):
        return False
    if not satisfies(version, range_):
        return True
    released = bumps.levels.get(package.name, Level.NONE) is not Level.NONE
    return _moves_in_range(rules, level, table) and (rules.changesets or released)


def _is_ours(bumps: Bumps, name: str, range_: str) -> bool:
    """Whether the range resolved to the member so far; another range is served by the registry and stays."""
    return satisfies(bumps.packages[name].version, range_, include_prerelease=True)


def _moves_in_range(rules: Rules, level: Level, table: str) -> bool:
    if table == "peerDependencies":
        return rules.peer_ranges
    if table == "devDependencies" and not rules.dev_ranges:
        return False
    return not level < rules.ranges_from
