"""The one edge between the command line and the house: a session, one JSON document if asked, errors turned into exit codes.

Invoke turns only its own `Exit` into an exit code and shows a traceback for everything else; so every task does its work inside
`session`, which raises `Exit` for our errors. ``--debug`` shows the traceback too.
"""

from __future__ import annotations

import json as json_module
import os
import sys
from contextlib import contextmanager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Ending, Failed, UsageError, VisError
from vis_tasks.tasks.signals import raising_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from invoke.context import Context

    from vis_tasks.config.load import LoadedConfig
    from vis_tasks.config.model import Config
    from vis_tasks.core.notice import Notice
    from vis_tasks.ports import Console
    from vis_tasks.services.run import Run, Tools

__all__ = ["Session", "dry", "find_root", "has_config", "nearest_root", "session", "write_output"]

_MARKS = ("vis.toml",)
# What these print is the user's own, and stays as it is: changelogs, diffs, files, values.
_VERBATIM = frozenset({"changelog", "ci.diff", "ci.generate", "config", "init", "stage.review"})


class Session:
    """One command's way into the house. Everything is built on first use.

    Args:
        root: the workspace root.
        command: as typed, for messages and the lock.
        json_mode: one JSON document on stdout, all else on stderr.
    """

    def __init__(self, root: Path, command: str, *, json_mode: bool = False) -> None:
        self.root = root
        self.command = command
        self.json_mode = json_mode
        self.document: dict[str, Any] | None = None
        self._on_error: Callable[[], dict[str, Any]] | None = None

    @cached_property
    def console(self) -> Console:
        """Where people read."""
        from vis_tasks.wiring import build_console

        return build_console(json_mode=self.json_mode, words=str if self.command in _VERBATIM else self.words)

    @cached_property
    def words(self) -> Callable[[str], str]:
        """Puts commands that a text names into the words of whoever called this one."""
        from vis_tasks.adapters.spoken import spoken

        return spoken(sys.argv, self.command)

    @cached_property
    def loaded(self) -> LoadedConfig:
        """The configuration with its provenance."""
        from vis_tasks.config.load import load_config

        loaded = load_config(self.root, os.environ)
        for warning in loaded.warnings:
            self.console.warning(warning)
        return loaded

    @property
    def config(self) -> Config:
        """The configuration."""
        return self.loaded.config

    @cached_property
    def tools(self) -> Tools:
        """The ports."""
        from vis_tasks.wiring import build_tools

        return build_tools(self.root, self.config, self.console)

    def run(self, *, plan_only: bool = False, handed_over: bool = False) -> Run:
        """A run over these tools."""
        from vis_tasks.services.run import Run

        return Run(self.tools, self.config, plan_only=plan_only, handed_over=handed_over)

    def teller(self) -> Callable[[Notice], None] | None:
        """Tells the channels of ``[release.notify]``; None when there is none. What doesn't arrive is a warning."""
        if not any(vars(self.config.release.notify).values()):
            return None
        from vis_tasks.wiring import build_webhooks

        hooks = build_webhooks(self.config)

        def tell(notice: Notice) -> None:
            for channel, trouble in hooks.send(notice).items():
                if trouble:
                    self.console.warning(f"{channel} was not told: {trouble}")

        return tell

    def result(self, document: dict[str, Any]) -> None:
        """What ``--json`` prints when the command ends well."""
        self.document = document

    def partial_result(self, how: Callable[[], dict[str, Any]]) -> None:
        """What ``--json`` adds to an error: how far it came."""
        self._on_error = how

    def error_document(self, error: Ending) -> dict[str, Any]:
        """What ``--json`` prints when the command ends in an error."""
        so_far: dict[str, Any] = {}
        with suppress(VisError):  # the first error is the one to tell
            so_far = self._on_error() if self._on_error else {}
        message, hint = self.words(error.message), self.words(error.hint)
        told = {"code": error.code, "message": message, "hint": hint, "details": error.details}
        return {"ok": False, "command": self.command, "error": told, **so_far}


@contextmanager
def session(
    where: Context | Path,
    command: str,
    *,
    json: bool = False,
    debug: bool = False,
    signals: bool = True,
    resumes: bool = False,
) -> Iterator[Session]:
    """Open a session for one task; the way out of it is an exit code.

    Args:
        where: Invoke's context; the workspace root where Invoke isn't there.
        command: the task's name.
        json: print one JSON document on stdout.
        debug: show tracebacks.
        signals: end on SIGINT and SIGTERM with `Interrupted`; False for a command that has its own way to stop.
        resumes: another run goes on where this one is interrupted.
    """
    # Invoke turns byte code off for the sake of tasks.py (``Program.run``); all of ours that is imported from here on would be
    # compiled again by each command wherever the installer hasn't done it (uv doesn't, and editable installs are never compiled).
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    debug = debug or bool(os.environ.get("VIS_DEBUG"))
    opened = Session(where if isinstance(where, Path) else find_root(where), command, json_mode=json)
    try:
        with raising_on_signals(resumes=resumes) if signals else nullcontext():
            yield opened
    except Ending as error:
        if debug:
            _print_traceback()
        if json:
            _print_json(opened.error_document(error))
        _tell(opened, error)
        raise _end(where, error.exit_code) from None
    except BrokenPipeError:
        # The reader of our output went away (`| head`); Python would complain again at exit without this.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _end(where, 1) from None
    except Exception as error:  # the last line of defence: no traceback reaches a user
        if _is_end(error):
            raise
        if debug:
            _print_traceback()
        broken = VisError(
            f"unexpected {type(error).__name__}: {error}",
            code="INTERNAL",
            hint="this is a defect in vis-tasks; run again with --debug and report the traceback",
        )
        if json:
            _print_json(opened.error_document(broken))
        _tell(opened, broken)
        raise _end(where, broken.exit_code) from None
    if json:
        _print_json({"ok": True, "command": command, **(opened.document or {})})


def _print_traceback() -> None:
    import traceback  # 3 ms of every start

    traceback.print_exc()


def _end(where: Context | Path, code: int) -> BaseException:
    """What ends the program with this exit code, in Invoke's way where it runs the task."""
    if isinstance(where, Path):
        return SystemExit(code)
    from invoke.exceptions import Exit

    return Exit(None, code)


def _is_end(error: Exception) -> bool:
    """Whether it is Invoke's own way out; without Invoke there is none."""
    exceptions = sys.modules.get("invoke.exceptions")
    return exceptions is not None and isinstance(error, exceptions.Exit)


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json_module.dumps(document, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _tell(opened: Session, error: Ending) -> None:
    text = error.message if not error.hint else f"{error.message}\nNext steps: {error.hint}"
    # Twice would be once too often where ours are mounted under the name of a task, such as `release`.
    opened.console.error(opened.words(text) if opened.command in _VERBATIM else text)


def write_output(name: str, text: str, *, option: str) -> Path:
    """Write a file that the user named, as seen from the current folder.

    Args:
        name: the file.
        text: its content.
        option: which option named it, for messages.

    Raises:
        vis_tasks.errors.UsageError: it is a folder.
        vis_tasks.errors.Failed: it can't be written.
    """
    target = Path(name).absolute()
    if target.is_dir():
        raise UsageError(f"--{option} {name} is a folder", hint="name a file")
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(
            f"{target} can't be written: {error.strerror}", code="WRITE", hint="name a file in a folder that exists"
        ) from error
    return target


def find_root(c: Context) -> Path:
    """The workspace root: as given to `release_namespace`, else found upwards from the current folder."""
    given = c.config.get("vis_tasks", {}).get("root")
    return Path(given).resolve() if given else nearest_root(Path.cwd())


def nearest_root(here: Path) -> Path:
    """The nearest folder upwards that looks like a workspace root.

    A folder with a ``vis.toml`` wins over all others; then a package.json with workspaces, a pnpm-workspace.yaml, or the
    nearest package.json. Without any it is the current folder, and reading the workspace will say what is missing.
    """
    folders = (here, *here.parents)
    for sign in (has_config, _is_workspace, _has_manifest):
        found = next((folder for folder in folders if sign(folder)), None)
        if found:
            return found
    return here


def has_config(folder: Path) -> bool:
    """Whether a configuration of ours stands there."""
    if any((folder / mark).is_file() for mark in _MARKS):
        return True
    project = folder / "pyproject.toml"
    try:
        return project.is_file() and "[tool.vis" in project.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _is_workspace(folder: Path) -> bool:
    if (folder / "pnpm-workspace.yaml").is_file():
        return True
    manifest = folder / "package.json"
    try:
        return manifest.is_file() and '"workspaces"' in manifest.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _has_manifest(folder: Path) -> bool:
    return (folder / "package.json").is_file()


def dry(c: Context) -> bool:
    """Whether Invoke's own ``--dry`` was given: it means plan-only here."""
    return bool(c.config.run.dry)
