"""Where a repository's tasks.py has our tasks: at its top, or in a collection of another name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.ports import Runner

__all__ = ["mounted_at"]

_OURS = ("reconcile", "release")
_FIRST = "guard"


def mounted_at(runner: Runner, root: Path) -> str | None:
    """What stands before our tasks' names, such as ``vis.``; empty at the top; None where they aren't. One process.

    Invoke's names for completion are those that can be called; its JSON listing leaves a collection's name out where only
    `Collection.add_collection` was given one (Invoke 3.0, ``Collection.serialized``).

    Args:
        runner: starts Invoke.
        root: the folder with the tasks.py.

    Raises:
        UsageError: code ``TASKS_FILE``: Invoke can't load it.
    """
    done = runner.run([sys.executable, "-m", "invoke", "--complete", "--"], cwd=root, check=False)
    if done.code != 0:
        why = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"exit code {done.code}")
        raise UsageError(
            f"tasks.py can't be loaded: {why.strip()}",
            code="TASKS_FILE",
            hint="mend it; `invoke --list` shows where it fails",
        )
    names = frozenset(done.stdout.split())
    ends = (name.removesuffix(_FIRST) for name in names if name == _FIRST or name.endswith(f".{_FIRST}"))
    found = [prefix for prefix in ends if names.issuperset(prefix + each for each in _OURS)]
    return min(found, key=lambda prefix: (prefix.count("."), prefix), default=None)
