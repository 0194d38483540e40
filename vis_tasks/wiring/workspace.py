"""All ports for one workspace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.npm.early import Asked
    from vis_tasks.config.model import Config, ReleaseConfig
    from vis_tasks.core.edits import FileEdit
    from vis_tasks.core.model import Change, Package, Plan, Workspace
    from vis_tasks.core.tarball_checks import Problem
    from vis_tasks.ports import Clock, Console, Forge, Npm, Packer, RefCell, Runner, Tarball
    from vis_tasks.services.run import Tools

__all__ = ["build_tools", "inspected", "npm_side", "planned"]


def build_tools(root: Path, config: Config, console: Console) -> Tools:
    """All ports for one workspace. Starts no process and makes no request."""
    from vis_tasks.adapters.ahead import Ahead
    from vis_tasks.adapters.changefiles import read_changes
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.files import LocalMachine, RootFiles
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.npm.early import take_asked
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.adapters.redact import redact
    from vis_tasks.adapters.workspace import read_workspace
    from vis_tasks.services.run import Tools

    runner = SubprocessRunner()
    git = GitCli(runner, root, os.environ)
    clock = SystemClock()

    npm = Ahead(lambda: npm_side(root, config, runner, clock, take_asked()))

    def npm_soon() -> None:
        npm.begin()
        Ahead(_import_http).begin()

    def forge() -> Forge | None:
        from vis_tasks.adapters.forge import forge_for

        url = git.remote_url(config.release.remote) or ""
        return forge_for(url, os.environ, config.release.forge, clock=clock)

    def packer(workspace: Workspace) -> Packer:
        from vis_tasks.adapters.npm.node import find_npm
        from vis_tasks.adapters.npm.packers import packer_for

        npm = find_npm(runner, root, os.environ)
        return packer_for(workspace, runner, npm=npm.argv, env=dict(npm.env))

    def refresh_lockfile(workspace: Workspace) -> Sequence[str]:
        from vis_tasks.adapters.lockfile import refresh_lockfile as refresh

        return refresh(workspace, runner)

    return Tools(
        root=root,
        env=os.environ,
        clock=clock,
        console=console,
        runner=runner,
        files=RootFiles(root),
        machine=LocalMachine(),
        git=git,
        npm=npm,
        forge=forge,
        packer=packer,
        read_tarball=_read_tarball,
        inspect_tarball=inspected,
        read_workspace=read_workspace,
        read_changes=read_changes,
        make_plan=lambda workspace, changes, branch: planned(root, config.release, workspace, changes, branch),
        plan_edits=lambda workspace, plan: _plan_edits(root, config.release, git, clock, workspace, plan),
        refresh_lockfile=refresh_lockfile,
        redact=redact,
        ref_cell=lambda remote, ref: _ref_cell(runner, root, remote, ref),
        npm_soon=npm_soon,
    )


def _ref_cell(runner: Runner, root: Path, remote: str, ref: str) -> RefCell:
    from vis_tasks.adapters.git_refs import GitRefCell

    return GitRefCell(runner, root, remote, ref)


def npm_side(root: Path, config: Config, runner: Runner, clock: Clock, asked: Asked | None = None) -> Npm:
    """Npm's side, loaded: one npm process, or the answer of one that was begun early."""
    from vis_tasks.adapters.npm.early import EarlyRunner
    from vis_tasks.adapters.npm.side import NpmSide
    from vis_tasks.adapters.person import TerminalForeground

    foreground = TerminalForeground(os.environ)
    if asked is not None:
        runner = EarlyRunner(runner, asked)
    return NpmSide.load(runner, root, os.environ, clock, config.release.publish, foreground=foreground)


def _import_http() -> None:
    import vis_tasks.adapters.npm.http
    import vis_tasks.adapters.npm.session  # noqa: F401  (0.1 s, while git is at work)


def _read_tarball(path: Path) -> Tarball:
    from vis_tasks.adapters.npm.tarball import read_tarball

    return read_tarball(path)


def inspected(package: Package, path: Path) -> tuple[Tarball, Sequence[Problem]]:
    """A tarball, looked into, and what is wrong with it."""
    from vis_tasks.adapters.npm.tarball import inspect_tarball
    from vis_tasks.core.tarball_checks import problems

    seen = inspect_tarball(path)
    found = problems(
        name=package.name,
        version=package.version,
        manifest=seen.tarball.manifest,
        files=seen.tarball.files,
        unpacked_size=seen.tarball.unpacked_size,
        secrets=seen.secrets,
    )
    return seen.tarball, found


def planned(root: Path, config: ReleaseConfig, workspace: Workspace, changes: Sequence[Change], branch: str) -> Plan:
    """The plan for a branch: its channel's prereleases, and changesets' own rules and pre mode where the config asks for them."""
    from vis_tasks.adapters.planning import plan_on_disk

    return plan_on_disk(root, config, workspace, changes, branch=branch)


def _plan_edits(
    root: Path, config: ReleaseConfig, git: GitCli, clock: Clock, workspace: Workspace, plan: Plan
) -> Sequence[FileEdit]:
    from vis_tasks.adapters.planning import plan_edits
    from vis_tasks.core.notes import links_from

    links = links_from(git.remote_url(config.remote) or "") if config.changelog == "links" else None
    return plan_edits(root, config, workspace, plan, clock.now().date(), links=links)
