"""Where a repository's tasks.py has our tasks: at its top, or in a collection of another name."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.ports import Runner

__all__ = ["mounted_at"]

_OURS = frozenset({"guard", "reconcile", "release"})


def mounted_at(runner: Runner, root: Path) -> str | None:
    """What stands before our tasks' names, such as ``vis.``; empty at the top; None where they aren't. One process.

    Args:
        runner: starts Invoke.
        root: the folder with the tasks.py.

    Raises:
        UsageError: code ``TASKS_FILE``: Invoke can't load it.
    """
    done = runner.run([sys.executable, "-m", "invoke", "--list", "--list-format=json"], cwd=root, check=False)
    if done.code != 0:
        why = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"exit code {done.code}")
        raise UsageError(
            f"tasks.py can't be loaded: {why.strip()}",
            code="TASKS_FILE",
            hint="mend it; `invoke --list` shows where it fails",
        )
    return _find(json.loads(done.stdout), "")


def _find(collection: dict[str, Any], prefix: str) -> str | None:
    if {task["name"] for task in collection["tasks"]} >= _OURS:
        return prefix
    inside = (_find(each, f"{prefix}{each['name']}.") for each in collection["collections"])
    return next((found for found in inside if found is not None), None)
