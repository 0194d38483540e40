"""One run: the tools it works with, what it has seen of the world so far, and what it reports at the end."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from vis_tasks.records import dataclass, field
from vis_tasks.services.state import StateFiles
from vis_tasks.services.state_branch import StateBranch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from vis_tasks.config.model import Config, ReleaseConfig
    from vis_tasks.core.edits import FileEdit
    from vis_tasks.core.model import Change, Package, Plan, Workspace
    from vis_tasks.core.notice import Notice
    from vis_tasks.core.tarball_checks import Problem
    from vis_tasks.ports import (
        Clock,
        Console,
        Files,
        Forge,
        Git,
        Machine,
        Npm,
        Packer,
        RefCell,
        RemoteRefs,
        Runner,
        Tarball,
    )

__all__ = ["Outcome", "Report", "Run", "Tools"]


def _no_refs(remote: str, ref: str) -> RefCell:
    raise NotImplementedError(f"no way to reach {ref} on {remote}")


@dataclass(frozen=True)
class Tools:
    """The ports, and how to build those that cost something (`npm` starts a process, `forge` loads an HTTP library).

    `npm_soon` says that `npm` will be called: what it takes can begin beside other work.
    """

    root: Path
    env: Mapping[str, str]
    clock: Clock
    console: Console
    runner: Runner
    files: Files
    machine: Machine
    git: Git
    npm: Callable[[], Npm]
    forge: Callable[[], Forge | None]
    packer: Callable[[Workspace], Packer]
    read_tarball: Callable[[Path], Tarball]
    inspect_tarball: Callable[[Package, Path], tuple[Tarball, Sequence[Problem]]]
    read_workspace: Callable[[Path], Workspace]
    read_changes: Callable[[Path, ReleaseConfig, Workspace], Sequence[Change]]
    make_plan: Callable[[Workspace, Sequence[Change], str], Plan]
    plan_edits: Callable[[Workspace, Plan], Sequence[FileEdit]]
    refresh_lockfile: Callable[[Workspace], Sequence[str]]
    redact: Callable[[str], str] = str
    ref_cell: Callable[[str, str], RefCell] = _no_refs
    npm_soon: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Outcome:
    """How one package ended.

    Attributes:
        kind: ``"published"``, ``"skipped"``, ``"held"`` or ``"failed"``.
        why: for skipped ones ``stage-timeout``, ``stage-rejected``, ``stage-blocked``; else one line.
    """

    name: str
    version: str
    kind: str
    why: str = ""
    stage_id: str | None = None
    url: str = ""


@dataclass
class Report:
    """What the summary is made from; grows while the run goes on. ``unchecked`` is what a plan did without."""

    versioned: dict[str, tuple[str, str]] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    staged: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    steps: list[dict[str, object]] = field(default_factory=list)
    events: list[tuple[datetime, str]] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def put(self, outcome: Outcome) -> None:
        """Say how a package ended; the last word counts."""
        self.outcomes[outcome.name, outcome.version] = outcome

    def of(self, kind: str) -> tuple[Outcome, ...]:
        """All outcomes of one kind, by name: uploads and decisions end in any order."""
        found = (outcome for outcome in self.outcomes.values() if outcome.kind == kind)
        return tuple(sorted(found, key=lambda outcome: (outcome.name, outcome.version)))


class Run:
    """What the targets share. Reads are made once and kept until a target changes what they saw.

    Args:
        tools: the ports.
        config: the loaded configuration.
        reach: names of all targets on the way to the goal: a guard checks only what they will need.
        plan_only: nothing may be changed.
        handed_over: versioning and packing were done elsewhere; only what lies in ``dist/`` may be uploaded.
    """

    def __init__(
        self,
        tools: Tools,
        config: Config,
        *,
        reach: frozenset[str] = frozenset(),
        plan_only: bool = False,
        handed_over: bool = False,
    ) -> None:
        self.tools = tools
        self.config = config
        self.reach = reach
        self.plan_only = plan_only
        self.handed_over = handed_over
        self.report = Report()
        self.guarded = False
        self.versions_wait = False
        self.tell: Callable[[Notice], None] | None = None

    @property
    def release(self) -> ReleaseConfig:
        """``[release]``."""
        return self.config.release

    @cached_property
    def state(self) -> StateFiles:
        """The state files; staged.json on a branch of its own where ``state-branch`` names one."""
        release, elsewhere = self.release, None
        releasing = self.branch if release.channels and self.branch in release.channels else release.base_branch
        if release.state_branch:
            elsewhere = StateBranch(self.tools.git, release.remote, release.state_branch, releasing)
        return StateFiles(self.tools.files, self.tools.clock, release.changes_dir, elsewhere, releasing)

    @cached_property
    def npm(self) -> Npm:
        """The npm side (one npm process at first use)."""
        return self.tools.npm()

    @cached_property
    def workspace(self) -> Workspace:
        """The packages on disk (one read per package.json at first use)."""
        return self.tools.read_workspace(self.tools.root)

    @cached_property
    def changes(self) -> Sequence[Change]:
        """The change files on disk."""
        return self.tools.read_changes(self.tools.root, self.release, self.workspace)

    @cached_property
    def plan(self) -> Plan:
        """What `version` will do: computed once, executed as it is. Nothing while new versions wait for pending stages."""
        return self.tools.make_plan(self.workspace, () if self.versions_wait else self.changes, self.branch)

    @cached_property
    def refs(self) -> RemoteRefs:
        """The remote's branch and tags (one ``ls-remote``)."""
        return self.tools.git.remote_refs(self.release.remote, self.branch)

    @cached_property
    def branch(self) -> str:
        """The branch this run releases from."""
        return self.tools.git.branch() or self.release.base_branch

    def tag_name(self, name: str, version: str) -> str:
        """The git tag of one version, by ``tag-pattern``."""
        return self.release.tag_pattern.replace("{name}", name).replace("{version}", version)

    def happened(self, text: str) -> None:
        """Keep the moment of something for the report's time line."""
        self.report.events.append((self.tools.clock.now(), text))

    def forget(self, *names: str) -> None:
        """Drop what was seen, so that it is read anew."""
        for name in names:
            self.__dict__.pop(name, None)
