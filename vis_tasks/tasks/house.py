"""Tasks around a release: unlock, rehearse, and those of the other rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.tasks import Task

from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from invoke.context import Context

__all__ = ["add_to"]


def add_to(ns: Collection) -> None:
    """Add the tasks to a namespace."""
    ns.add_task(Task(unlock, name="unlock", auto_shortflags=False, help=_JSON))


_JSON = {"json": "Print one JSON document on stdout.", "debug": "Show tracebacks."}


def unlock(c: Context, json: bool = False, debug: bool = False) -> None:
    """Remove the lock that a release left behind.

    Example: invoke unlock
    """
    with session(c, "unlock", json=json, debug=debug) as opened:
        from vis_tasks.services.lock import Lock

        run = opened.run()
        lock = Lock(run.tools.files, run.state.lock_path, run.tools.machine, run.tools.clock)
        holder = lock.break_()
        if holder is None:
            opened.console.line("there is no lock")
        else:
            opened.console.success(f"removed the lock of {holder.describe(run.tools.clock.now())}")
        opened.result({"removed": holder is not None})
