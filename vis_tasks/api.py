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
from vis_tasks.services.desk import Decision
from vis_tasks.services.doctor.finding import Finding
from vis_tasks.services.make import Explained
from vis_tasks.services.rehearsal.perform import Rehearsal
from vis_tasks.services.run import Report, Run
from vis_tasks.services.stage_list import Listing
from vis_tasks.services.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike

    from vis_tasks.config.model import Config
    from vis_tasks.ports import Console

    Code = str | Callable[[], str | None] | None

__all__ = [
    "Change",
    "ConfigError",
    "Decision",
    "Due",
    "Explained",
    "Failed",
    "Finding",
    "Interrupted",
    "Level",
    "Listing",
    "Locked",
    "MissingExtra",
    "Package",
    "Plan",
    "Reason",
    "Refused",
    "Rehearsal",
    "Release",
    "Report",
    "Repository",
    "Run",
    "Standing",
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

    def doctor(self) -> tuple[Finding, ...]:
        """Look at every prerequisite of a release; changes nothing. Two npm processes, some twenty of git, a few requests.

        Returns:
            One finding for each check: ``id``, ``status`` (``pass``, ``warn`` or ``fail``), ``text``, and ``hint``, the way out.
        """
        from vis_tasks.services.ci_files import drift
        from vis_tasks.services.doctor.examine import examine
        from vis_tasks.wiring import build_ci_tools

        run = self._run(plan_only=True)
        return examine(run, lambda: drift(self.config, run.workspace, build_ci_tools(self.root, self.config)))

    def rehearse(self, *scenarios: str) -> Rehearsal:
        """Play a release on copies, with the real package manager and an embedded registry. Nothing of it stays.

        The copies run as ``invoke`` does where there is a tasks.py: targets that are only given to `open_repository` aren't known
        there.

        Args:
            scenarios: names, or ``all``; ``approve`` without any.

        Returns:
            ``good``, ``broken``, each scenario in ``played``, and what the real release would do in ``report``.

        Raises:
            MissingExtra: ``vis-tasks[registry]`` isn't installed.
            UsageError: there is no such scenario, or nothing to decide in it.
            Failed: the release can't even begin, with the code the real one would end with.
        """
        from vis_tasks.services.rehearsal.perform import perform
        from vis_tasks.services.rehearsal.play import open_theatre
        from vis_tasks.services.rehearsal.scenario import scenarios as look_up
        from vis_tasks.wiring import build_rehearsal_tools

        scenes = look_up(",".join(scenarios) or "approve")
        with open_theatre(self.root, self.config, build_rehearsal_tools(self._console)) as theatre:
            return perform(theatre, scenes, lambda _played: None)

    def approve(
        self, *stages: str, code: Code = None, tag: bool = False, ignore_dependencies: bool = False
    ) -> tuple[Decision, ...]:
        """Approve staged versions by the real npm, dependencies first; each decision is recorded, committed and pushed.

        Nobody is asked anything: what npm wants a one-time password for takes it from ``code``.

        Args:
            stages: ids, shortened ids or ``name@version``; all that staged.json holds without any.
            code: a one-time password, which serves until npm refuses it, or a function that makes one each time; without it
                ``NPM_OTP`` of the environment.
            tag: wait until they are live (for ``settle`` at most), then tag and release them; else the next ``make`` does it.
            ignore_dependencies: approve a dependent although its dependency isn't approved.

        Returns:
            One decision each: ``outcome`` is ``approved``, ``held`` or ``failed``, with ``why``.

        Raises:
            UsageError: there is no such stage, or several are meant.
            Locked: a release is under way.
        """
        return self._decide("approve", stages, code, tag=tag, ignore_dependencies=ignore_dependencies)

    def reject(self, *stages: str, code: Code = None) -> tuple[Decision, ...]:
        """Reject staged versions: their records and tarballs are deleted for good, without a question. Otherwise as `approve`.

        Args:
            stages: ids, shortened ids or ``name@version``; at least one.
            code: as for `approve`.

        Raises:
            UsageError: none is named, there is no such stage, or several are meant.
            Locked: a release is under way.
        """
        if not stages:
            raise UsageError("name the stages to reject", hint="`staged()` lists them")
        return self._decide("reject", stages, code)

    def restage(self, *names: str) -> tuple[str, ...]:
        """Let the next release stage rejected versions again, under the same numbers; recorded, committed and pushed.

        Args:
            names: packages, or ``name@version``.

        Returns:
            The versions, as ``name@version``.

        Raises:
            UsageError: one wasn't rejected, isn't the version on disk, or is live.
            Failed: the registry doesn't say whether it is live.
            Locked: a release is under way.
        """
        from vis_tasks.services.restage import restage

        return restage(self._run(), names)

    def _decide(
        self, verb: str, stages: Sequence[str], code: Code, *, tag: bool = False, ignore_dependencies: bool = False
    ) -> tuple[Decision, ...]:
        from vis_tasks.services.desk import decide
        from vis_tasks.services.desk_tag import tag_approved
        from vis_tasks.services.stage_list import choose, listing
        from vis_tasks.wiring import build_absent_person

        run = self._run()
        chosen = [item.entry for item in choose(listing(run), stages, everything=not stages)]
        person = build_absent_person(code)
        made = decide(run, verb, chosen, person, ignore_dependencies=ignore_dependencies, by_code=code is not None)
        approved = [decision.entry for decision in made if decision.outcome == "approved"]
        if tag and approved:
            tag_approved(run, approved)
        return made

    def _run(self, *, plan_only: bool = False) -> Run:
        from vis_tasks.services.run import Run
        from vis_tasks.wiring import build_tools

        return Run(build_tools(self.root, self.config, self._console), self.config, plan_only=plan_only)
