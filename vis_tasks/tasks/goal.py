"""A target made as a command: its session, its report, what CI is told. It needs no Invoke."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import Ending, VisError
from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from pathlib import Path

    from invoke.context import Context

    from vis_tasks.core.targets import Target
    from vis_tasks.services.run import Run
    from vis_tasks.tasks.edge import Session

__all__ = ["make_goal"]


def make_goal(
    where: Context | Path,
    name: str,
    extra: tuple[Target[Run], ...] = (),
    *,
    plan_only: bool = False,
    json: bool = False,
    debug: bool = False,
    resume: bool = False,
    packed: bool = False,
    dotenv: str = "",
) -> None:
    """Make a target and all it needs, as a command.

    Args:
        where: see `vis_tasks.tasks.edge.session`.
        name: the target.
        extra: targets of the user's own.
        plan_only: show what would happen and touch nothing.
        json: print one JSON document.
        debug: show tracebacks.
        resume: say what is taken up again.
        packed: take what lies packed in ``dist/`` as it is.
        dotenv: with ``packed``: where GitLab's dotenv report goes.
    """
    with session(where, name, json=json, debug=debug, resumes=True) as opened:
        from vis_tasks.services.notify import tell_end
        from vis_tasks.services.release import graph_for, make_release, taken_over
        from vis_tasks.services.summary import document

        run = opened.run(plan_only=plan_only, handed_over=packed)
        graph = graph_for(opened.config, extra)
        if packed:
            graph = taken_over(graph)
        opened.partial_result(lambda: document(run))
        if resume:
            _say_what_is_resumed(opened, run)
        run.tell = opened.teller()
        try:
            make_release(run, graph, (name,), command=f"invoke {name}")
        except Ending as error:
            tell_end(run, error)
            raise
        finally:
            _report(opened, run, name)
        tell_end(run, None)
        if packed and not run.plan_only:
            from vis_tasks.wiring import write_ci_outputs

            write_ci_outputs({"tagged": "true" if run.report.of("published") else "false"}, dotenv)
        opened.result(document(run))


def _say_what_is_resumed(opened: Session, run: Run) -> None:
    waiting = run.state.pending().pending
    if not waiting and not run.state.has_journal():
        opened.console.line("nothing to resume: no wave is open")
    for entry in waiting:
        opened.console.line(f"resuming {entry.spec} ({entry.reason}, staged {entry.staged_at})")


def _report(opened: Session, run: Run, name: str) -> None:
    """The summary and CI's job summary, also when the run failed half-way."""
    if not run.guarded or run.plan_only or name not in {"stage", "wait", "reconcile", "tag", "release"}:
        return
    from vis_tasks.services.summary import lines

    opened.console.line()
    for line in lines(run):
        opened.console.line(line)
    try:
        _tell_ci(run)
    except VisError as error:  # a report never hides how the run ended
        opened.console.warning(error.message)


def _tell_ci(run: Run) -> None:
    """Job summary and outputs on GitHub, links on GitLab; nothing elsewhere."""
    from vis_tasks.services.ci_results import link_sections, step_outputs
    from vis_tasks.services.wave_report import wave_report
    from vis_tasks.wiring import write_ci_links, write_ci_outputs, write_ci_report

    if run.tools.env.get("GITHUB_STEP_SUMMARY"):
        write_ci_report(wave_report(run))
    if run.tools.env.get("GITHUB_OUTPUT"):
        write_ci_outputs(step_outputs(run), "")
    if run.tools.env.get("VIS_ANNOTATIONS"):
        write_ci_links(link_sections(run))
