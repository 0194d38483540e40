"""Who depends on whom inside one workspace."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from vis_tasks.core.model import DEPENDENCY_TABLES
from vis_tasks.core.ranges import is_range, satisfies
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.core.model import Package, Workspace

__all__ = [
    "Edge",
    "dependent_packages",
    "dependents",
    "edges",
    "edges_between",
    "effective_range",
    "in_dependency_order",
    "is_local",
]


@dataclass(frozen=True)
class Edge:
    """One entry of one dependency table that names a member of the workspace.

    Attributes:
        dependent: package whose package.json has the entry.
        table: which of `vis_tasks.core.model.DEPENDENCY_TABLES`.
        dependency: the member it names.
        spec: as written.
    """

    dependent: str
    table: str
    dependency: str
    spec: str


def effective_range(spec: str, *, version: str, path: str) -> str | None:
    """What a spec means as a plain range, or None when it says nothing about versions.

    ``workspace:*`` and ``workspace:<path>`` are the exact current version, ``workspace:^`` and ``workspace:~`` start at it (pnpm
    and Yarn put exactly that into the packed package.json).

    Args:
        spec: as written in a dependency table.
        version: the dependency's current version.
        path: the dependency's folder, relative to the workspace root.
    """
    if spec.startswith("workspace:"):
        inner = spec.removeprefix("workspace:")
        if inner == "*":
            return version
        if inner in {"^", "~"}:
            return inner + version
        if is_range(inner):
            return inner
        return version if posixpath.normpath(inner) == path else None
    return spec if is_range(spec) else None


def is_local(spec: str, package: Package) -> bool:
    """Whether a spec resolves to the member itself and not to a published version of the same name.

    A range that the member's current version doesn't fit is served by the registry.
    """
    if spec.startswith("workspace:"):
        return True
    if spec.startswith(("file:", "link:", "portal:")):
        return True
    return bool(package.version) and satisfies(package.version, spec, include_prerelease=True)


def edges(workspace: Workspace) -> tuple[Edge, ...]:
    """Every entry of a dependency table that names a member, in the order of the packages and their tables."""
    names = workspace.by_name
    found: list[Edge] = []
    for package in workspace.packages:
        for table in DEPENDENCY_TABLES:
            entries = package.table(table)
            if entries:
                found.extend(
                    Edge(package.name, table, name, spec)
                    for name, spec in entries.items()
                    if name in names and isinstance(spec, str)
                )
    return tuple(found)


def dependents(workspace: Workspace) -> Mapping[str, tuple[Edge, ...]]:
    """Edges by the package they point to; packages nobody depends on are missing. O(packages + edges)."""
    found: dict[str, list[Edge]] = {}
    for edge in edges(workspace):
        found.setdefault(edge.dependency, []).append(edge)
    return {name: tuple(each) for name, each in found.items()}


def dependent_packages(workspace: Workspace) -> Mapping[str, Sequence[Package]]:
    """Packages by the name of a member they mention in any dependency table, each once.

    Lighter than `dependents` where most edges are never looked at.
    """
    found: dict[str, list[Package]] = {}
    for package, _, mentioned in workspace.mentions:
        for name in mentioned:
            before = found.get(name)
            if before is None:
                found[name] = [package]
            elif before[-1] is not package:
                before.append(package)
    return found


def edges_between(dependent: Package, dependency: str) -> tuple[Edge, ...]:
    """One package's entries for another, in the order of `DEPENDENCY_TABLES`."""
    found = []
    for table in DEPENDENCY_TABLES:
        entries = dependent.manifest.get(table)
        if entries and isinstance(entries, dict) and isinstance(spec := entries.get(dependency), str):
            found.append(Edge(dependent.name, table, dependency, spec))
    return tuple(found)


def in_dependency_order(workspace: Workspace, names: frozenset[str] | set[str]) -> tuple[str, ...]:
    """Names with dependencies before their dependents; members of a cycle stand in path order. Dev dependencies don't count."""
    needs: dict[str, list[str]] = {package.name: [] for package in workspace.packages if package.name in names}
    for edge in edges(workspace):
        if edge.dependent in needs and edge.dependency in needs and edge.table != "devDependencies":
            needs[edge.dependent].append(edge.dependency)
    done: dict[str, None] = {}
    for start, first in needs.items():
        stack = [(start, iter(first))]
        open_now = {start}
        while stack:
            name, rest = stack[-1]
            following = next((each for each in rest if each not in done and each not in open_now), None)
            if following is None:
                done.setdefault(name)
                open_now.discard(name)
                stack.pop()
            else:
                open_now.add(following)
                stack.append((following, iter(needs[following])))
    return tuple(done)
