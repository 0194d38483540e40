"""What a rehearsal needs of the outside world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.config.model import Config, ReleaseConfig
    from vis_tasks.core.model import Change, Package, Plan, Workspace
    from vis_tasks.core.tarball_checks import Problem
    from vis_tasks.ports import Clock, Console, Git, Machine, Runner, Tarball
    from vis_tasks.services.run import Run

__all__ = ["Program", "RehearsalTools"]


class Program(Protocol):
    """A program under way."""

    @property
    def running(self) -> bool:
        """Whether it hasn't ended."""
        ...

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        ...

    def interrupt(self) -> None:
        """Ask it to end, as a cancelled job does."""
        ...

    def kill(self) -> None:
        """End it and everything it started, as when the machine is lost."""
        ...

    def end(self) -> None:
        """Ask it to end, then make it."""
        ...


@dataclass(frozen=True)
class RehearsalTools:
    """What a rehearsal needs of the outside world.

    Attributes:
        env: the real environment.
        console: where people read.
        clock: time.
        machine: this machine and process.
        runner: starts programs in the real environment.
        runner_with: a runner whose programs see only the given environment.
        git_at: git in a folder, through a runner.
        start: starts a program and hands its lines on.
        command: ``(folder, goals, environment) → how vis-tasks makes them there``, through a tasks.py that has our tasks.
        npm_at: ``folder → (how npm is started, variables it needs)``; refuses one that is missing or too old.
        decide_with: ``(npm, folder, environment, address, verb, stage id, code) → None, or npm's words``.
        end_marked: kills all processes with a variable of this name and value; returns their numbers.
        read_workspace: reads the packages below a root.
        read_changes: reads the change files.
        make_plan: plans a release on a branch.
        inspect_tarball: looks inside a tarball.
        real_run: a run over the user's own repository, for looking only.
    """

    env: Mapping[str, str]
    console: Console
    clock: Clock
    machine: Machine
    runner: Runner
    runner_with: Callable[[Mapping[str, str]], Runner]
    git_at: Callable[[Runner, Path], Git]
    start: Callable[..., Program]
    command: Callable[[Path, Sequence[str], Mapping[str, str]], Sequence[str]]
    npm_at: Callable[[Path], tuple[Sequence[str], Mapping[str, str]]]
    decide_with: Callable[[Sequence[str], Path, Mapping[str, str], str, str, str, str], str | None]
    end_marked: Callable[[str, str], Sequence[int]]
    read_workspace: Callable[[Path], Workspace]
    read_changes: Callable[[Path, ReleaseConfig, Workspace], Sequence[Change]]
    make_plan: Callable[[Path, ReleaseConfig, Workspace, Sequence[Change], str], Plan]
    inspect_tarball: Callable[[Package, Path], tuple[Tarball, Sequence[Problem]]]
    real_run: Callable[[Path, Config], Run]
