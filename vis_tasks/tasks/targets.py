"""One task per target, and `explain`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from invoke.tasks import Task

from vis_tasks.tasks.edge import dry, session

if TYPE_CHECKING:
    from invoke.context import Context

    from vis_tasks.core.targets import Target
    from vis_tasks.services.run import Run
    from vis_tasks.tasks.edge import Session

__all__ = ["explain_task", "target_task"]

_DOCS = {
    "guard": "Refuse what can't end well: tree, branch, npm, credentials, pending stages.",
    "version": "Turn change files into one pushed version commit.",
    "pack": "Pack the wave's tarballs and look inside them.",
    "stage": "Upload the wave to npm's staging area.",
    "wait": "Wait until humans have decided, or the deadline.",
    "reconcile": "Bring registry, staged.json and tags into agreement.",
    "tag": "Tag what is live, at the commit it was built from.",
    "release": "All of it: guard, version, pack, stage, wait, reconcile, tag.",
}
_STANDARD = tuple(_DOCS)
_EXPLAIN_DOC = """Show each target's state and why it would run or not; touches nothing.

Example: invoke explain --goal=tag --format=mermaid"""
# Invoke takes a target's name behind `explain` for the next task to run. After `explain`, targets are explained, not made.
_EXPLAINING: list[bool] = []
_HELP = {
    "plan_only": "Show what would happen and touch nothing.",
    "json": "Print one JSON document on stdout, all else on stderr.",
    "debug": "Show tracebacks.",
}


def target_task(name: str, extra: tuple[Target[Run], ...]) -> Task[Any]:
    """The task that makes one target and all it needs."""
    if name == "release":

        def release(
            c: Context, plan_only: bool = False, json: bool = False, resume: bool = False, debug: bool = False
        ) -> None:
            _make(c, name, extra, plan_only=plan_only, json=json, debug=debug, resume=resume)

        body: Any = release
        extra_help = {"resume": "Say what is taken up again; taking up is what every run does."}
    else:

        def target(c: Context, plan_only: bool = False, json: bool = False, debug: bool = False) -> None:
            _make(c, name, extra, plan_only=plan_only, json=json, debug=debug)

        body, extra_help = target, {}
    doc = _DOCS.get(name) or next((each.doc for each in extra if each.name == name), "")
    body.__doc__ = f"{doc}\n\nExample: invoke {name} --plan-only"
    return Task(body, name=name, auto_shortflags=False, help={**_HELP, **extra_help})


def _make(
    c: Context,
    name: str,
    extra: tuple[Target[Run], ...],
    *,
    plan_only: bool,
    json: bool,
    debug: bool,
    resume: bool = False,
) -> None:
    if _EXPLAINING:
        _explain(c, name, extra, "text", json=json, debug=debug)
        return
    with session(c, name, json=json, debug=debug) as opened:
        from vis_tasks.services.release import graph_for, make_release
        from vis_tasks.services.summary import document

        run = opened.run(plan_only=plan_only or dry(c))
        graph = graph_for(opened.config, extra)
        opened.partial_result(lambda: document(run))
        if resume:
            _say_what_is_resumed(opened, run)
        try:
            make_release(run, graph, (name,), command=f"invoke {name}")
        finally:
            _report(opened, run, name)
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
    from vis_tasks.services.summary import lines, markdown
    from vis_tasks.wiring import write_ci_report

    opened.console.line()
    for line in lines(run):
        opened.console.line(line)
    write_ci_report(markdown(run))


def explain_task(extra: tuple[Target[Run], ...]) -> Task[Any]:
    """The task that shows the graph and touches nothing."""

    def explain(
        c: Context,
        goal: str = "",
        format: str = "text",  # noqa: A002  (the flag is --format)
        json: bool = False,
        debug: bool = False,
    ) -> None:
        _EXPLAINING.append(True)
        if goal or not _names_follow(("explain", *_STANDARD, *(target.name for target in extra))):
            _explain(c, goal or "release", extra, format, json=json, debug=debug)

    explain.__doc__ = _EXPLAIN_DOC
    return Task(
        explain,
        name="explain",
        auto_shortflags=False,
        help={
            "goal": "The target to explain, release by default. `invoke explain tag` does the same.",
            "format": "text or mermaid.",
            "json": _HELP["json"],
            "debug": _HELP["debug"],
        },
    )


def _names_follow(names: tuple[str, ...]) -> bool:
    """Whether the command line names a target behind `explain`; that target then explains itself."""
    words = sys.argv[1:]
    behind = words[words.index("explain") + 1 :] if "explain" in words else []
    return any(word in names for word in behind)


def _explain(c: Context, goal: str, extra: tuple[Target[Run], ...], form: str, *, json: bool, debug: bool) -> None:
    with session(c, "explain", json=json, debug=debug) as opened:
        from vis_tasks.services.explain import as_document, render
        from vis_tasks.services.release import explain_release, graph_for

        run = opened.run(plan_only=True)
        found = explain_release(run, graph_for(opened.config, extra), (goal,))
        opened.result({"goal": goal, "targets": as_document(found)})
        if not json:
            for line in render(found, form):
                opened.console.line(line)
