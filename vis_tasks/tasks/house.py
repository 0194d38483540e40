"""Tasks around a release: unlock, rehearse, and those of the other rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.tasks import Task

from vis_tasks.errors import Failed
from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from invoke.collection import Collection
    from invoke.context import Context

__all__ = ["add_to"]


def add_to(ns: Collection) -> None:
    """Add the tasks to a namespace."""
    ns.add_task(Task(unlock, name="unlock", auto_shortflags=False, help=_JSON))
    ns.add_task(Task(rehearse, name="rehearse", auto_shortflags=False, help={**_JSON, "scenario": _SCENARIOS}))


_SCENARIOS = "approve, reject, timeout, mixed or late-approval."
_JSON = {"json": "Print one JSON document on stdout.", "debug": "Show tracebacks."}


def unlock(c: Context, json: bool = False, debug: bool = False) -> None:
    """Remove the lock that a release left behind.

    Example: invoke unlock
    """
    with session(c, "unlock", json=json, debug=debug) as opened:
        from vis_tasks.services.lock import Lock
        from vis_tasks.services.remote_lock import break_remote_lock

        run = opened.run()
        lock = Lock(run.tools.files, run.state.lock_path, run.tools.machine, run.tools.clock)
        found = [lock.break_(), break_remote_lock(run)]
        for holder in filter(None, found):
            opened.console.success(f"removed the lock of {holder.describe(run.tools.clock.now())}")
        if not any(found):
            opened.console.line("there is no lock")
        opened.result({"removed": any(found)})


def rehearse(c: Context, scenario: str = "approve", json: bool = False, debug: bool = False) -> None:
    """Play a whole release on copies of this repository, with the real npm and an embedded registry.

    Your remote, registry, npmrc and working tree are never touched.

    Example: invoke rehearse --scenario=late-approval
    """
    with session(c, "rehearse", json=json, debug=debug) as opened:
        from vis_tasks.services.rehearsal.outcome import lines
        from vis_tasks.services.rehearsal.play import rehearse as play
        from vis_tasks.services.rehearsal.scenario import scenario as scenario_named
        from vis_tasks.wiring import build_rehearsal_tools

        script = scenario_named(scenario)
        outcome = play(opened.root, opened.config.release, script, build_rehearsal_tools(opened.console))
        opened.console.line()
        for line in lines(outcome):
            opened.console.line(line)
        opened.partial_result(outcome.document)
        if outcome.violations:
            raise Failed(
                "the rehearsal broke a promise:\n" + "\n".join(f"  {each}" for each in outcome.violations),
                code="REHEARSAL",
            )
        opened.console.success(f"rehearsed `{script.name}`: every promise was kept")
        opened.result({"scenario": script.name, **outcome.document()})
