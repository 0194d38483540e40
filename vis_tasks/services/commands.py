"""Commands that users put into vis.toml: hooks and targets of their own."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vis_tasks.errors import ConfigError
from vis_tasks.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vis_tasks.services.run import Run

__all__ = ["argv_of", "at_work", "run_command", "run_hook"]


def argv_of(command: str | Sequence[str], *, shell: bool = False) -> tuple[str, ...]:
    """An argv list from what the config says.

    Args:
        command: an argv list, or a string that is split as a POSIX shell would split it, with nothing expanded.
        shell: hand the string to the system's shell as it is.

    Raises:
        vis_tasks.errors.ConfigError: an open quote.
    """
    if not isinstance(command, str):
        return tuple(command)
    if shell:
        return (
            (os.environ.get("COMSPEC", "cmd.exe"), "/d", "/s", "/c", command)
            if sys.platform == "win32"
            else ("sh", "-c", command)
        )
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        msg = f"the command {command!r} can't be split: {error}"
        raise ConfigError(msg, hint='write it as a list: ["npm", "run", "build"]') from None


def run_command(
    run: Run,
    command: str | Sequence[str],
    *,
    shell: bool = False,
    cwd: str = ".",
    env: Mapping[str, str] | None = None,
) -> None:
    """Run one command below the workspace root and show its output.

    Raises:
        vis_tasks.errors.Failed: it ended with another exit code than 0.
    """
    argv = argv_of(command, shell=shell)
    if not argv:
        return
    run.tools.console.detail(f"+ {run.tools.redact(shlex.join(argv))}")
    done = run.tools.runner.run(argv, cwd=run.tools.root / cwd, env=dict(env or {}))
    for line in (done.stdout + done.stderr).splitlines():
        run.tools.console.detail(f"  {run.tools.redact(line)}")


def run_hook(run: Run, name: str) -> None:
    """Run the hook ``before_version``, ``after_version``, ``before_pack`` or ``after_tag``, if there is one."""
    command = getattr(run.release.hooks, name)
    if command:
        with at_work(run, f"the hook {name.replace('_', '-')}"):
            run_command(run, command)


@contextmanager
def at_work(run: Run, what: str) -> Iterator[None]:
    """Keep in the journal which command of the user's is at work on the tree, for whoever finds what it left half-done.

    The note goes when the block ends well. Nothing is noted outside a release (`guard` has not found the tree clean then).

    Args:
        run: the run.
        what: the command, for people, such as ``the hook before-version``.
    """
    if not run.guarded:
        yield
        return
    had_journal = run.state.has_journal()
    run.state.note(lambda journal: replace(journal, at_work=what))
    yield
    if had_journal:
        run.state.note(lambda journal: replace(journal, at_work=""))
    else:
        run.state.close_journal()
