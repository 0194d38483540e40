"""make: walk a goal's needs in order, look at the world before each target, run only what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import VisError
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from vis_tasks.core.targets import Graph, State, Target

__all__ = ["Explained", "Reporter", "explain", "make"]

C = TypeVar("C")


class Reporter(Protocol):
    """Told about each target as it comes."""

    def up_to_date(self, name: str, reason: str) -> None:
        """The target has nothing to do."""
        ...

    def starting(self, name: str, reason: str) -> None:
        """The target begins."""
        ...

    def planned(self, name: str, state: Due) -> None:
        """The target would begin, but only a plan was asked for."""
        ...


@dataclass(frozen=True)
class Explained:
    """One target's place and state, for ``explain``."""

    name: str
    needs: tuple[str, ...]
    state: State
    doc: str


def make(
    graph: Graph[C], goals: tuple[str, ...], context: C, report: Reporter, *, plan_only: bool = False
) -> tuple[str, ...]:
    """Bring the goals about; each target once, needs first. Returns the names of the targets that ran.

    A target that raises ends the walk: nothing that needs it is run.

    Args:
        graph: the targets.
        goals: what was asked for.
        context: handed to each target's ``look`` and ``run``.
        report: told about each step.
        plan_only: look and tell, run only targets that change nothing.
    """
    ran: list[str] = []
    for target in graph.order(*goals):
        state = _look(target, context)
        if isinstance(state, UpToDate):
            report.up_to_date(target.name, state.reason)
        elif plan_only and target.mutates:
            report.planned(target.name, state)
        else:
            report.starting(target.name, state.reason)
            target.run(context)
            ran.append(target.name)
    return tuple(ran)


def explain(graph: Graph[C], goals: tuple[str, ...], context: C) -> tuple[Explained, ...]:
    """Every target on the way to the goals with its state now. Nothing is run; what can't be looked at says so."""
    return tuple(
        Explained(target.name, graph.needs[target.name], _try_to_look(target, context), target.doc)
        for target in graph.order(*goals)
    )


def _try_to_look(target: Target[C], context: C) -> State:
    try:
        return _look(target, context)
    except VisError as error:
        return Due(f"can't be told yet: {error.message.splitlines()[0]}")


def _look(target: Target[C], context: C) -> State:
    return target.look(context) if target.look else Due("always runs")
