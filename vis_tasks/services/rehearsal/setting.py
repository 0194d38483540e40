"""Where and with what one scenario is played: plain data, made by the theatre and handed to the director."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from vis_tasks.registry.run import Registry
    from vis_tasks.services.rehearsal.copy import Stage
    from vis_tasks.services.rehearsal.tools import RehearsalTools

__all__ = ["MAINTAINER", "STRANGER", "Planned", "Setting"]

MAINTAINER = "maintainer"
STRANGER = "somebody-else"


@dataclass(frozen=True)
class Planned:
    """One version of the wave.

    Attributes:
        name: package.
        old: its version before.
        new: the version to be.
        path: its folder relative to the workspace root, POSIX style.
        staged: False for one that is published plainly.
        needs: names of the wave's packages it depends on; dev dependencies don't count.
    """

    name: str
    old: str
    new: str
    path: str
    staged: bool = True
    needs: frozenset[str] = frozenset()

    @property
    def spec(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.new}"


@dataclass(frozen=True)
class Setting:
    """Where and with what a scenario is played.

    Attributes:
        stage: repositories and folder.
        registry: the embedded registry, seeded.
        env: environment of every process.
        tools: the outside world.
        wave: what will be released, dependencies first.
        changes_dir: folder of change files, relative to the root.
        state_branch: the branch that holds staged.json.
        old_tags: tags that were there before.
        seeded: ``name@version`` that were live before.
        tag_for: ``(name, version) → git tag``.
        new_machine: makes a fresh clone and returns its workspace root.
        strike: takes a machine away with everything on it.
        decide: ``(verb, stage id) → None, or npm's words``, with the real npm and a real code.
        trusted: variables of a job whose only credential is its identity (trusted publishing, stage only).
        stage_by_stranger: ``(name, version)``: somebody else stages other bytes.
        say: prints a line.
    """

    stage: Stage
    registry: Registry
    env: Mapping[str, str]
    tools: RehearsalTools
    wave: tuple[Planned, ...]
    changes_dir: str
    state_branch: str
    old_tags: frozenset[str]
    seeded: frozenset[str]
    tag_for: Callable[[str, str], str]
    new_machine: Callable[[str], Path]
    strike: Callable[[str], None]
    decide: Callable[[str, str], str | None]
    trusted: Callable[[], dict[str, str]]
    stage_by_stranger: Callable[[str, str], None]
    say: Callable[[str], None]
