"""What the tasks do, for plain Python: no Invoke, nothing printed, typed values and `vis_tasks.errors` instead of exit codes.

    from vis_tasks.api import open_repository

    repository = open_repository(".")
    for release in repository.plan().releases:
        print(release.name, release.old, "→", release.new)

What is imported from here, and what ``docs/reference/api.md`` says of it, stays as it is until a major version; the rooms
below may be rearranged at any time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.core.model import Change, Level, Package, Plan, Reason, Release, Workspace
from vis_tasks.core.targets import Due, Target, UpToDate
from vis_tasks.errors import (
    ConfigError,
    Failed,
    Interrupted,
    Locked,
    MissingExtra,
    Refused,
    UsageError,
    VisError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from vis_tasks.config.model import Config
    from vis_tasks.ports import Console
    from vis_tasks.services.make import Explained
    from vis_tasks.services.run import Report, Run
    from vis_tasks.services.stage_list import Listing
    from vis_tasks.services.standing import Standing

__all__ = [
    "Change",
    "ConfigError",
    "Due",
    "Failed",
    "Interrupted",
    "Level",
    "Locked",
    "MissingExtra",
    "Package",
    "Plan",
    "Reason",
    "Refused",
    "Release",
    "Repository",
    "Target",
    "UpToDate",
    "UsageError",
    "VisError",
    "Workspace",
    "open_repository",
]


def open_repository(
    root: str | PathLike[str] = ".", *, targets: Iterable[Target[Run]] = (), console: Console | None = None
) -> Repository:
    """Open a workspace: reads its configuration, starts nothing.

    Args:
        root: the workspace root, where ``vis.toml`` is or would be.
        targets: targets of your own, as `vis_tasks.release_namespace` takes them.
        console: where progress is told; nowhere without it. `vis_tasks.ports.Console` says what it must know.

    Raises:
        ConfigError: the configuration can't be read as written.
    """
    from vis_tasks.adapters.console import PlainConsole
    from vis_tasks.config.load import load_config

    place = Path(root).resolve()
    return Repository(place, load_config(place, os.environ).config, tuple(targets), console or PlainConsole(None))


class Repository:
    """One workspace. Every call looks at the world anew, so that what it says is so when it says it.

    Made by `open_repository`.

    Attributes:
        root: the workspace root.
        config: the configuration in force, environment included.
    """

    def __init__(self, root: Path, config: Config, targets: tuple[Target[Run], ...], console: Console) -> None:
        self.root = root
        self.config = config
        self._targets = targets
        self._console = console

    def workspace(self) -> Workspace:
        """The packages on disk: one read for each package.json.

        Raises:
            UsageError: it is no workspace.
        """
        return self._run().workspace

    def changes(self) -> Sequence[Change]:
        """The change files on disk.

        Raises:
            UsageError: one can't be read as written.
        """
        return self._run().changes

    def plan(self) -> Plan:
        """What the next release would version, and why: reads files, and one git process for the branch.

        Raises:
            UsageError: a package.json or a change file can't be read as written.
        """
        return self._run().plan

    def explain(self, *goals: str) -> tuple[Explained, ...]:
        """Every target on the way to the goals (``release`` without any), needs first, and whether it would run. Changes nothing.

        Raises:
            UsageError: a goal isn't a target.
            VisError: the world can't be looked at (no git, no npm).
        """
        from vis_tasks.services.release import explain_release, graph_for

        return explain_release(self._run(plan_only=True), graph_for(self.config, self._targets), goals or ("release",))

    def make(self, *goals: str, plan_only: bool = False) -> Report:
        """Make the goals (``release`` without any) and all they need, under the lock, and close the books after it.

        Making anything twice is harmless; killed, the next call goes on. The target ``wait`` waits for humans as long as the
        configuration says.

        Args:
            goals: names of targets.
            plan_only: look only; change nothing.

        Returns:
            What was versioned, staged, published, skipped and tagged.

        Raises:
            Refused: a guard said no; nothing was changed.
            Failed: something was tried and failed; what is done stays done.
            Locked: another release is under way.
        """
        from vis_tasks.services.release import graph_for, make_release

        run = self._run(plan_only=plan_only)
        names = goals or ("release",)
        make_release(run, graph_for(self.config, self._targets), names, command=f"make {' '.join(names)}")
        return run.report

    def staged(self) -> Listing:
        """What is staged, as the registry and staged.json know it: one npm process, one request for each hundred stages.

        Raises:
            VisError: npm isn't there.
        """
        from vis_tasks.services.stage_list import listing

        return listing(self._run())

    def inspect(self, spec: str) -> Standing:
        """Where one version stands: disk, git, staged.json, journal, registry, tag, forge release; and what to do next.

        Args:
            spec: ``name@version``, or a name for the version on disk.

        Raises:
            UsageError: there is no such package to take the version from.
        """
        from vis_tasks.services.standing import inspect_version

        return inspect_version(self._run(plan_only=True), spec)

    def _run(self, *, plan_only: bool = False) -> Run:
        from vis_tasks.services.run import Run
        from vis_tasks.wiring import build_tools

        return Run(build_tools(self.root, self.config, self._console), self.config, plan_only=plan_only)
