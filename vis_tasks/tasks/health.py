"""``inspect`` and ``doctor``: where a version stands, and whether a release can work."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from invoke.tasks import Task

from vis_tasks.errors import ConfigError, Refused, UsageError
from vis_tasks.tasks.edge import session
from vis_tasks.tasks.words import WordsTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.collection import Collection
    from invoke.context import Context

    from vis_tasks.tasks.edge import Session

__all__ = ["add_to"]

_HELP = {"json": "Print one JSON document on stdout, all else on stderr.", "debug": "Show tracebacks."}


def add_to(ns: Collection) -> None:
    """Add the tasks to a namespace."""
    version = {**_HELP, "version": "name@version, or a name for the version on disk; as a word after the name too."}
    ns.add_task(WordsTask(inspect, name="inspect", words="version", limit=1, help=version))
    ns.add_task(Task(doctor, name="doctor", auto_shortflags=False, help=_HELP))


def inspect(c: Context, version: str = "", json: bool = False, debug: bool = False) -> None:
    """Show where a version stands, why, and what to do next.

    Example: invoke inspect @acme/core@1.2.0
    """
    with session(c, "inspect", json=json, debug=debug) as opened:
        from vis_tasks.services.standing import inspect_version

        if not version:
            raise UsageError("name a version", hint="invoke inspect <name@version>")
        found = inspect_version(opened.run(plan_only=True), version)
        opened.console.step(f"{found.name}@{found.version}: {found.verdict}")
        width = max(len(fact.place) for fact in found.facts)
        for fact in found.facts:
            opened.console.line(f"  {fact.place:<{width}}  {fact.text}")
        if found.next:
            opened.console.line(f"next: {found.next}")
        opened.result(asdict(found))


def doctor(c: Context, json: bool = False, debug: bool = False) -> None:
    """Check every prerequisite of a release and say how to mend what is amiss; exit 1 when something fails.

    Example: invoke doctor
    """
    with session(c, "doctor", json=json, debug=debug) as opened:
        from vis_tasks.services.doctor.examine import examine
        from vis_tasks.services.doctor.finding import FAIL, PASS, Finding

        try:
            run = opened.run(plan_only=True)
            findings = (Finding("config", PASS, "vis.toml is good"), *examine(run, lambda: _ci_drift(opened)))
        except ConfigError as error:
            findings = (Finding("config", FAIL, error.message, error.hint),)
        for finding in findings:
            opened.console.line(finding.line())
        document = {"checks": [asdict(finding) for finding in findings]}
        failed = [finding.id for finding in findings if finding.status == FAIL]
        opened.partial_result(lambda: document)
        if failed:
            raise Refused(
                f"{len(failed)} check(s) failed: {', '.join(failed)}", code="DOCTOR", hint="mend what is marked [fail]"
            )
        opened.result(document)


def _ci_drift(opened: Session) -> Sequence[str] | None:
    from vis_tasks.services.ci_files import drift
    from vis_tasks.wiring import build_ci_tools

    return drift(opened.config, opened.run(plan_only=True).workspace, build_ci_tools(opened.root, opened.config))
