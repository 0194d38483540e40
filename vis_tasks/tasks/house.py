"""Tasks around a release: unlock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.tasks import Task

from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from invoke.collection import Collection
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
        from vis_tasks.services.lock import lock_of, sweep_git
        from vis_tasks.services.remote_lock import break_remote_lock

        run = opened.run()
        lock = lock_of(run)
        found = [lock.break_(), break_remote_lock(run)]
        if found[0] is not None and (died := lock.died(found[0])) is not None:
            sweep_git(run, died)
        for holder in filter(None, found):
            opened.console.success(f"removed the lock of {holder.describe(run.tools.clock.now())}")
        if not any(found):
            opened.console.line("there is no lock")
        opened.result({"removed": any(found)})
