"""The only place that builds adapters. Imports stand inside the functions: a command pays only for what it uses."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.adapters.ahead import Ahead
    from vis_tasks.adapters.forge.comments import Comments
    from vis_tasks.adapters.forge.settings import Settings
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.webhooks import Webhooks
    from vis_tasks.config.model import Config, ReleaseConfig
    from vis_tasks.core.edits import FileEdit
    from vis_tasks.core.model import Change, Package, Plan, Workspace
    from vis_tasks.core.remotes import Remote
    from vis_tasks.core.tarball_checks import Problem
    from vis_tasks.ports import Clock, Console, Forge, Npm, Packer, Person, RefCell, Runner, Tarball
    from vis_tasks.services.ci_files import CiTools
    from vis_tasks.services.init.facts import Footing, InitTools
    from vis_tasks.services.rehearsal.tools import RehearsalTools
    from vis_tasks.services.run import Run, Tools

__all__ = [
    "build_absent_person",
    "build_ci_tools",
    "build_comments",
    "build_console",
    "build_init_tools",
    "build_person",
    "build_rehearsal_tools",
    "build_settings",
    "build_tools",
    "build_webhooks",
    "repository_top",
    "write_ci_links",
    "write_ci_outputs",
    "write_ci_report",
]


def build_console(*, json_mode: bool = False) -> Console:
    """The console of this process."""
    from vis_tasks.adapters.console import make_console

    return make_console(json_mode=json_mode, env=os.environ, stdout=sys.stdout, stderr=sys.stderr)


def build_person() -> Person:
    """Whoever sits at this terminal."""
    from vis_tasks.adapters.person import TerminalPerson

    return TerminalPerson(os.environ)


def build_absent_person(code: str | Callable[[], str | None] | None) -> Person:
    """Whoever decides through a program.

    Args:
        code: a one-time password, which serves once; or what makes them. Without it ``NPM_OTP`` of the environment.
    """
    from vis_tasks.adapters.person import AbsentPerson

    if callable(code):
        return AbsentPerson(code)
    given = [text] if (text := (code or os.environ.get("NPM_OTP", "")).strip()) else []
    return AbsentPerson(lambda: given.pop() if given else None)


def build_webhooks(config: Config) -> Webhooks:
    """The channels of ``[release.notify]``."""
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.webhooks import Webhooks

    return Webhooks(config.release.notify, os.environ, SystemClock())


def write_ci_report(markdown: str) -> None:
    """Append to the job summary, where CI has one."""
    from vis_tasks.adapters.ci_report import append_summary

    append_summary(os.environ, markdown)


def write_ci_links(sections: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Write GitLab's annotations report to the file that ``VIS_ANNOTATIONS`` names, where it names one."""
    from pathlib import Path

    from vis_tasks.adapters.ci_report import write_annotations

    if path := os.environ.get("VIS_ANNOTATIONS"):
        write_annotations(Path(path), sections)


def write_ci_outputs(values: Mapping[str, object], dotenv: str) -> None:
    """Set step outputs on GitHub; write GitLab's dotenv report, every name with ``VIS_`` before it, when it has a path."""
    from pathlib import Path

    from vis_tasks.adapters.ci_report import set_outputs, write_dotenv

    set_outputs(os.environ, values)
    if dotenv:
        write_dotenv(Path(dotenv), {f"VIS_{name.upper()}": value for name, value in values.items()})


def build_ci_tools(root: Path, config: Config) -> CiTools:
    """What making CI files needs: one git process; one npm process more for GitLab."""
    from functools import partial
    from urllib.parse import urlsplit

    from vis_tasks.__about__ import __version__
    from vis_tasks.adapters.files import RootFiles
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.locker import lock_requirement
    from vis_tasks.adapters.merge import merge_texts
    from vis_tasks.adapters.npm.config import committed_registry
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.adapters.templates import Templates, read_pins
    from vis_tasks.services.ci_files import CiTools

    runner = SubprocessRunner()
    git = GitCli(runner, root, os.environ)
    prefix = git.prefix() if git.is_repository() else ""
    top = root.joinpath(*[".."] * prefix.count("/")).resolve() if prefix else root

    def audience() -> str:
        return f"npm:{urlsplit(config.release.publish.registry or committed_registry(runner, root)).hostname}"

    return CiTools(
        top=RootFiles(top),
        root=RootFiles(root),
        prefix=prefix,
        templates=Templates(root),
        pins=read_pins(),
        merge=partial(merge_texts, runner),
        version=__version__,
        audience=audience,
        lock=lambda requirement: lock_requirement(runner, root, requirement),
    )


def repository_top(folder: Path) -> Path | None:
    """The top of the git repository around a folder; None outside one."""
    from vis_tasks.adapters.footing import read_top
    from vis_tasks.adapters.process import SubprocessRunner

    return read_top(SubprocessRunner(), folder)


def build_init_tools(root: Path) -> InitTools:
    """What setting a repository up needs. Starts nothing."""
    from vis_tasks.adapters.changesets import find_engine
    from vis_tasks.adapters.files import RootFiles
    from vis_tasks.adapters.footing import files_in, ignored_by_git, read_top, remote_facts
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.adapters.workspace import read_workspace
    from vis_tasks.services.init.facts import Footing, InitTools

    runner = SubprocessRunner()

    def top() -> Path:
        return read_top(runner, root) or root

    def footing() -> Footing | None:
        return Footing(*remote_facts(runner, root)) if read_top(runner, root) else None

    return InitTools(
        root=root,
        files=RootFiles(root),
        top=lambda: RootFiles(top()),
        names=lambda folder: files_in(root, folder),
        top_names=lambda folder: files_in(top(), folder),
        footing=footing,
        ignored=lambda paths: ignored_by_git(runner, root, paths),
        read_workspace=read_workspace,
        engine=lambda workspace, document: find_engine(root, workspace, document),
        ci=lambda config: build_ci_tools(root, config),
    )


def build_comments() -> Comments | None:
    """The comments of the pull request this job is about."""
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.forge.comments import comments_for

    return comments_for(os.environ, clock=SystemClock())


def build_settings(provider: str, remote: Remote, config: Config) -> Settings | None:
    """The settings of the repository, when the environment holds a token for them."""
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.forge.settings import settings_for

    return settings_for(provider, remote, os.environ, config.release.forge.url, clock=SystemClock())


_asked_npm: dict[Path, Ahead[Any]] = {}


def ask_npm_soon(root: Path) -> None:
    """Begin to ask npm for its configuration; the next tools built for this root get the answer. One process."""
    from vis_tasks.adapters.npm.early import begin_asking

    _asked_npm[root] = begin_asking(root)


def build_tools(root: Path, config: Config, console: Console) -> Tools:
    """All ports for one workspace. Starts no process and makes no request."""
    from vis_tasks.adapters.ahead import Ahead
    from vis_tasks.adapters.changefiles import read_changes
    from vis_tasks.adapters.clock import SystemClock
    from vis_tasks.adapters.files import LocalMachine, RootFiles
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.adapters.redact import redact
    from vis_tasks.adapters.workspace import read_workspace
    from vis_tasks.services.run import Tools

    runner = SubprocessRunner()
    git = GitCli(runner, root, os.environ)
    clock = SystemClock()

    asked = _asked_npm.pop(root, None)
    npm = Ahead(lambda: _npm(root, config, runner, clock, asked))

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
        inspect_tarball=_inspect_tarball,
        read_workspace=read_workspace,
        read_changes=read_changes,
        make_plan=lambda workspace, changes, branch: _make_plan(root, config.release, workspace, changes, branch),
        plan_edits=lambda workspace, plan: _plan_edits(root, config.release, git, clock, workspace, plan),
        refresh_lockfile=refresh_lockfile,
        redact=redact,
        ref_cell=lambda remote, ref: _ref_cell(runner, root, remote, ref),
        npm_soon=npm_soon,
    )


def _ref_cell(runner: Runner, root: Path, remote: str, ref: str) -> RefCell:
    from vis_tasks.adapters.git_refs import GitRefCell

    return GitRefCell(runner, root, remote, ref)


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
        make_plan=_make_plan,
        inspect_tarball=_inspect_tarball,
        real_run=_looking_run,
    )


# Node keeps compiled code beside other temporary files (its documentation of module.enableCompileCache); npm writes a log of each
# run, and when it last looked for an update, into its cache (npm's documentation of `logs-max` and `update-notifier`).
_TRACELESS = {
    "NODE_DISABLE_COMPILE_CACHE": "1",
    "npm_config_logs_max": "0",
    "npm_config_update_notifier": "false",
}


def _own_command(root: Path) -> Sequence[str]:
    """Through the repository's own tasks.py when it has one: it may hold targets of its own."""
    module = "invoke" if (root / "tasks.py").is_file() else "vis_tasks"
    return (sys.executable, "-m", module)


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
    from dataclasses import replace

    from vis_tasks.adapters.ahead import Ahead
    from vis_tasks.adapters.console import PlainConsole
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.services.run import Run

    runner = SubprocessRunner(base_env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", **_TRACELESS})
    tools = build_tools(root, config, PlainConsole(None))
    npm = Ahead(lambda: _npm(root, config, runner, tools.clock))
    git = GitCli(runner, root, os.environ)
    looking = replace(tools, runner=runner, git=git, npm=npm, npm_soon=npm.begin)
    return Run(looking, config, plan_only=True)


def _npm(root: Path, config: Config, runner: Runner, clock: Clock, asked: Ahead[Any] | None = None) -> Npm:
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


def _inspect_tarball(package: Package, path: Path) -> tuple[Tarball, Sequence[Problem]]:
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


def _make_plan(root: Path, config: ReleaseConfig, workspace: Workspace, changes: Sequence[Change], branch: str) -> Plan:
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
