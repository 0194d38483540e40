"""Which job of a split release runs which of the user's own targets. Pure.

The job that stages, waits and tags holds what the registry and the forge trust; nothing of the repository is run there. So
targets up to uploading run in the job that packs, what comes after tagging in a job of its own, and for what stands in between
there is no place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Refused
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vis_tasks.core.targets import Graph

__all__ = ["Places", "places"]

_POWERFUL = frozenset({"stage", "wait", "reconcile", "tag"})


@dataclass(frozen=True)
class Places:
    """The user's targets by job; those that packing itself needs are in none of these lists, for `pack` brings them along.

    Attributes:
        packing: goals for the job that packs, beside `pack`.
        between: those that run after staging and before tagging is done; no job of a split release runs them.
        after: those that a whole release runs once everything is tagged.
    """

    packing: tuple[str, ...]
    between: tuple[str, ...]
    after: tuple[str, ...]

    def demand_none_between(self) -> None:
        """Refuse a split layout that would have to leave a target out.

        Raises:
            vis_tasks.errors.Refused: code ``CI_TARGET``, with the targets' names.
        """
        if self.between:
            raise Refused(
                f"no job of the layout split can run {', '.join(self.between)}: between staging and tagging no command of "
                "the repository is run, for that job may publish",
                code="CI_TARGET",
                hint='move it before `stage` (before = ["stage"] without needs on later targets) or after `tag` '
                '(needs = ["tag"], before = ["release"]), or set layout = "single" under [ci]',
                details={"targets": list(self.between)},
            )


def places(graph: Graph[Any], standard: Iterable[str]) -> Places:
    """Sort the user's targets of a whole release.

    Args:
        graph: all targets.
        standard: names of those that are ours.
    """
    ours = frozenset(standard)
    packed = _names(graph, "pack")
    tagged = [name for name in _names(graph, "tag") if name not in ours and name not in packed]
    between = tuple(name for name in tagged if _POWERFUL.intersection(_names(graph, name)))
    after = tuple(name for name in _names(graph, "release") if name not in ours and name not in {*packed, *tagged})
    return Places(tuple(name for name in tagged if name not in between), between, after)


def _names(graph: Graph[Any], goal: str) -> list[str]:
    return [target.name for target in graph.order(goal)]
