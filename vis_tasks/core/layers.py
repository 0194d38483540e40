"""Dependency layers: everything in one layer may go at the same time, once the layers before it are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.graph import edges

if TYPE_CHECKING:
    from collections.abc import Collection

    from vis_tasks.core.model import Workspace

__all__ = ["layers", "needs_first"]


def layers(workspace: Workspace, names: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Split the names so that each package's dependencies (dev dependencies don't count) lie in earlier layers.

    Members of a cycle share the layer in which the first of them would have come. Names that aren't in the workspace are left
    out. O(packages + edges) for a graph without cycles.
    """
    needs = _needs(workspace, names)
    present = list(needs)
    result: list[tuple[str, ...]] = []
    while needs:
        ready = [name for name, found in needs.items() if not found]
        if not ready:
            # Only cycles and what hangs on them are left: break the cycle at the package with the fewest open needs.
            ready = [min(needs, key=lambda name: (len(needs[name]), present.index(name)))]
        result.append(tuple(ready))
        for name in ready:
            del needs[name]
        for found in needs.values():
            found.difference_update(ready)
    return tuple(result)


def needs_first(workspace: Workspace, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """By name, which of the others go before it: its dependencies among them (dev dependencies don't count), without circles.

    A circle is cut where `layers` cuts it; the same workspace gives the same answer in every process. Names that aren't in the
    workspace are left out.
    """
    place = {name: number for number, layer in enumerate(layers(workspace, names)) for name in layer}
    return {
        name: tuple(sorted(each for each in found if place[each] < place[name]))
        for name, found in _needs(workspace, names).items()
    }


def _needs(workspace: Workspace, names: Collection[str]) -> dict[str, set[str]]:
    needs: dict[str, set[str]] = {package.name: set() for package in workspace.packages if package.name in names}
    for edge in edges(workspace):
        if edge.table != "devDependencies" and edge.dependent in needs and edge.dependency in needs:
            needs[edge.dependent].add(edge.dependency)
    for name, found in needs.items():
        found.discard(name)
    return needs
