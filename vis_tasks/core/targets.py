"""Targets as declared data, and the graph they form. Running them is `vis_tasks.services.make`'s job.

A target says what must be done before it (``needs``), which targets must not start before it is done (``before``), how to
see that there is nothing to do (``look``), and what to run. Everything here is pure: no target is looked at or run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from vis_tasks.errors import ConfigError, UsageError
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Due", "Graph", "State", "Target", "UpToDate"]

C = TypeVar("C")


@dataclass(frozen=True)
class UpToDate:
    """There is nothing to do, and why."""

    reason: str


@dataclass(frozen=True)
class Due:
    """There is something to do, and why.

    Attributes:
        reason: one line.
        actions: what running it would do, one line each; shown by ``--plan-only`` and ``explain``.
    """

    reason: str
    actions: tuple[str, ...] = ()


State = UpToDate | Due


@dataclass(frozen=True)
class Target(Generic[C]):
    """One target.

    Attributes:
        name: as typed on the command line.
        run: does the work; called only after every need is done. Running it twice must be harmless.
        needs: names of targets that go first.
        before: names of targets that must not start before this one is done.
        look: sees whether there is something to do, without changing anything; None means: always due.
        doc: one line for ``--list``.
        mutates: False for targets that change nothing (they run under ``--plan-only`` too).
    """

    name: str
    run: Callable[[C], None]
    needs: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    look: Callable[[C], State] | None = field(default=None)
    doc: str = ""
    mutates: bool = True


BUILT_IN = ("guard", "version", "pack", "stage", "wait", "reconcile", "tag", "release")
"""The targets of a release."""

COMMANDS = frozenset(
    (
        *(
            "add",
            "changelog",
            "check",
            "ci",
            "config",
            "doctor",
            "explain",
            "generate",
            "init",
            "inspect",
            "next-version",
        ),
        *("notify", "plan", "pre", "registry", "rehearse", "snapshot", "status", "unlock"),
    )
)
"""Commands, and the groups of commands, whose names no target can have."""


def name_problem(name: str) -> tuple[str, str] | None:
    """What is wrong with a name for a target of the user's own, and what is allowed; None when it is fine.

    Each target is a command, too: dots are between a group and its commands there.
    """
    typed = name.replace("_", "-")
    if typed in BUILT_IN:
        return "has the name of a built-in target", f"any name but {', '.join(BUILT_IN)}"
    if typed in COMMANDS:
        return "has the name of a command", f"any name but {', '.join(sorted(COMMANDS))}"
    if not (
        name[:1].isascii()
        and name[:1].isalpha()
        and all(each.isascii() and (each.isalnum() or each in "-_") for each in name)
    ):
        return "can't be typed as a target", "a letter, then letters, digits, dashes and underscores"
    return None


@dataclass(frozen=True)
class Graph(Generic[C]):
    """A checked set of targets: every name known, no name twice, no cycle.

    Raises:
        vis_tasks.errors.ConfigError: with the names, and for a cycle its whole path.
    """

    targets: Mapping[str, Target[C]]
    needs: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, targets: Iterable[Target[C]]) -> Graph[C]:
        """Check the targets and resolve ``before`` into needs; the order of needs is the order of declaration."""
        by_name: dict[str, Target[C]] = {}
        for target in targets:
            if target.name in by_name:
                msg = f"two targets are named {target.name!r}"
                raise ConfigError(msg, code="TARGET_TWICE", hint="rename one of them")
            by_name[target.name] = target
        needs: dict[str, list[str]] = {name: list(target.needs) for name, target in by_name.items()}
        for target in by_name.values():
            for later in target.before:
                _known(later, by_name, f"target {target.name!r} goes before {later!r}")
                if target.name not in needs[later]:
                    needs[later].append(target.name)
            for need in target.needs:
                _known(need, by_name, f"target {target.name!r} needs {need!r}")
        graph = cls(by_name, {name: tuple(found) for name, found in needs.items()})
        for name in by_name:
            graph.order(name)
        return graph

    def order(self, *goals: str) -> tuple[Target[C], ...]:
        """The goals and all they need, each once, needs first.

        Raises:
            vis_tasks.errors.UsageError: for a goal that isn't a target, with the nearest name.
        """
        done: dict[str, Target[C]] = {}
        for goal in goals:
            if goal not in self.targets:
                raise UsageError(
                    f"there is no target {goal!r}{_nearest(goal, self.targets)}",
                    code="NO_SUCH_TARGET",
                    hint=f"targets: {', '.join(self.targets)}",
                )
            self._visit(goal, (), done)
        return tuple(done.values())

    def _visit(self, name: str, path: tuple[str, ...], done: dict[str, Target[C]]) -> None:
        if name in done:
            return
        if name in path:
            cycle = " → ".join((*path[path.index(name) :], name))
            msg = f"targets need each other in a circle: {cycle}"
            raise ConfigError(msg, code="TARGET_CYCLE", hint="take one `needs` or `before` out of the circle")
        for need in self.needs[name]:
            self._visit(need, (*path, name), done)
        done[name] = self.targets[name]


def _known(name: str, names: Iterable[str], saying: str) -> None:
    known = list(names)
    if name not in known:
        msg = f"{saying}, but there is no such target{_nearest(name, known)}"
        raise ConfigError(msg, code="NO_SUCH_TARGET", hint=f"targets: {', '.join(known)}")


def _nearest(name: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(names), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
