"""What a rehearsal needs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from vis_tasks.wiring.workspace import build_tools, inspected, npm_side, planned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vis_tasks.config.model import Config
    from vis_tasks.ports import Console
    from vis_tasks.services.rehearsal.tools import RehearsalTools
    from vis_tasks.services.run import Run

__all__ = ["build_rehearsal_tools"]


def build_rehearsal_tools(console: Console) -> RehearsalTools:
    """What a rehearsal needs. Starts nothing."""
    from vis_tasks.adapters.changefiles import read_changes
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.files import LocalMachine
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.adapters.strays import end_marked
    from vis_tasks.adapters.stream import Streamed
    from vis_tasks.adapters.workspace import read_workspace
    from vis_tasks.services.rehearsal.tools import RehearsalTools

    def npm_at(root: Path) -> tuple[Sequence[str], Mapping[str, str]]:
        from vis_tasks.adapters.npm.node import find_npm

        found = find_npm(SubprocessRunner(base_env={**os.environ, **_TRACELESS}), root, os.environ)
        return found.argv, dict(found.env)

    return RehearsalTools(
        env=os.environ,
        console=console,
        clock=SystemClock(),
        machine=LocalMachine(),
        runner=SubprocessRunner(),
        runner_with=lambda env: SubprocessRunner(base_env=env),
        git_at=lambda runner, root: GitCli(runner, root, {}),
        start=Streamed,
        command=_own_command,
        npm_at=npm_at,
        decide_with=_decide_with,
        end_marked=end_marked,
        read_workspace=read_workspace,
        read_changes=read_changes,
        make_plan=planned,
        inspect_tarball=inspected,
        real_run=_looking_run,
    )


# Node keeps compiled code beside other temporary files (its documentation of module.enableCompileCache); npm writes a log of each
# run, and when it last looked for an update, into its cache (npm's documentation of `logs-max` and `update-notifier`).
_TRACELESS = {
    "NODE_DISABLE_COMPILE_CACHE": "1",
    "npm_config_logs_max": "0",
    "npm_config_update_notifier": "false",
}


_mounted: dict[bytes, str | None] = {}


def _own_command(root: Path, goals: Sequence[str], env: Mapping[str, str]) -> Sequence[str]:
    """Through the repository's own tasks.py where that has our tasks, under any name: it may hold targets of its own.

    One process for each tasks.py, however many copies of it there are.
    """
    from vis_tasks.adapters.mounted import mounted_at
    from vis_tasks.adapters.process import SubprocessRunner

    tasks = root / "tasks.py"
    text = tasks.read_bytes() if tasks.is_file() else None
    if text is not None and text not in _mounted:
        _mounted[text] = mounted_at(SubprocessRunner(base_env=env), root)
    prefix = None if text is None else _mounted[text]
    if prefix is None:
        return (sys.executable, "-m", "vis_tasks", *goals)
    return (sys.executable, "-m", "invoke", *(f"{prefix}{goal}" for goal in goals))


def _decide_with(
    npm: Sequence[str], root: Path, env: Mapping[str, str], url: str, verb: str, stage_id: str, otp: str
) -> str | None:
    """One decision by the real npm; its configuration is all in ``env``, so npm isn't asked for it."""
    from vis_tasks.adapters.npm.config import NpmConfig
    from vis_tasks.adapters.npm.desk import NpmDesk
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.ports import Deciding

    desk = NpmDesk(SubprocessRunner(base_env=env), npm, NpmConfig("", root, {}, env=env), root, registry=url)
    answer = (desk.approve if verb == "approve" else desk.reject)(stage_id, otp)
    return None if answer.outcome is Deciding.DONE else f"{answer.outcome.value}: {answer.why}"


def _looking_run(root: Path, config: Config) -> Run:
    """A run over the real repository that refreshes not even git's index (git(1), GIT_OPTIONAL_LOCKS)."""
    from vis_tasks.adapters.ahead import Ahead
    from vis_tasks.adapters.console import PlainConsole
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.records import replace
    from vis_tasks.services.run import Run

    runner = SubprocessRunner(base_env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", **_TRACELESS})
    tools = build_tools(root, config, PlainConsole(None))
    npm = Ahead(lambda: npm_side(root, config, runner, tools.clock))
    git = GitCli(runner, root, os.environ)
    looking = replace(tools, runner=runner, git=git, npm=npm, npm_soon=npm.begin)
    return Run(looking, config, plan_only=True)
