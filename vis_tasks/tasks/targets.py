"""One task per target, and `explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.tasks import Task

from vis_tasks.errors import ConfigError
from vis_tasks.tasks.edge import dry, has_config, session
from vis_tasks.tasks.goal import make_goal
from vis_tasks.tasks.words import WordsTask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from invoke.context import Context

    from vis_tasks.core.targets import Target
    from vis_tasks.services.run import Run

__all__ = ["declared_targets", "explain_task", "target_task"]

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
_EXPLAIN_DOC = """Show each target's state and why it would run or not; touches nothing.

Example: invoke explain tag --format=mermaid"""
_VARIABLE = "VIS_RELEASE__TARGETS__"
_AFTER_PACK = ("stage", "wait", "reconcile", "tag")
_MOST_GOALS = 100
_HELP = {
    "plan_only": "Show what would happen and touch nothing.",
    "json": "Print one JSON document on stdout, all else on stderr.",
    "debug": "Show tracebacks.",
}


def declared_targets(root: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """Names of the targets that the configuration declares, so that they can be tasks, each with its line for the list.

    A configuration that can't be read has no targets, and a name that no task can have is left out: any task says what is wrong.
    """
    variables = [name for name in env if name.startswith(_VARIABLE)]
    if not variables and not has_config(root):
        return {}  # and nothing is loaded for it
    from vis_tasks.config.sources import read_source
    from vis_tasks.core.targets import name_problem

    try:
        release = read_source(root).data.get("release")
    except ConfigError:
        release = None
    targets = release.get("targets") if isinstance(release, dict) else None
    found = {name: _doc(target) for name, target in targets.items()} if isinstance(targets, dict) else {}
    for variable in variables:
        if env[variable].strip():
            name, _, key = variable.removeprefix(_VARIABLE).lower().replace("_", "-").partition("--")
            found[name] = env[variable] if key == "doc" else found.get(name, "")
    return {name: doc for name, doc in found.items() if name_problem(name) is None}


def _doc(target: Any) -> str:
    doc = target.get("doc") if isinstance(target, dict) else None
    return " ".join(doc.split()) if isinstance(doc, str) else ""


def target_task(name: str, extra: tuple[Target[Run], ...], doc: str = "") -> Task[Any]:
    """The task that makes one target and all it needs.

    Args:
        name: the target.
        extra: targets made in Python.
        doc: its line for the list, where it is none of those and none of ours.
    """
    if name == "release":

        def release(
            c: Context, plan_only: bool = False, json: bool = False, resume: bool = False, debug: bool = False
        ) -> None:
            make_goal(c, name, extra, plan_only=plan_only or dry(c), json=json, debug=debug, resume=resume)

        body: Any = release
        extra_help = {"resume": "Say what is taken up again; taking up is what every run does."}
    elif name in _AFTER_PACK:

        def later(
            c: Context,
            plan_only: bool = False,
            json: bool = False,
            packed: bool = False,
            dotenv: str = "",
            debug: bool = False,
        ) -> None:
            make_goal(
                c, name, extra, plan_only=plan_only or dry(c), json=json, debug=debug, packed=packed, dotenv=dotenv
            )

        body, extra_help = (
            later,
            {
                "packed": "Take what lies packed in dist/ as it is: nothing is versioned or packed here, and no command "
                "of yours is run (`ci.after` runs those that follow).",
                "dotenv": "With --packed: write GitLab's dotenv report here, which tells whether anything was tagged.",
            },
        )
    else:

        def target(c: Context, plan_only: bool = False, json: bool = False, debug: bool = False) -> None:
            make_goal(c, name, extra, plan_only=plan_only or dry(c), json=json, debug=debug)

        body, extra_help = target, {}
    doc = _DOCS.get(name) or next((each.doc for each in extra if each.name == name), "") or doc
    body.__doc__ = f"{doc or 'A target of your own.'}\n\nExample: invoke {name} --plan-only"
    return Task(body, name=name, auto_shortflags=False, help={**_HELP, **extra_help})


def explain_task(extra: tuple[Target[Run], ...]) -> Task[Any]:
    """The task that shows the graph and touches nothing. Every word behind it is a goal, though it names a task too."""

    def explain(
        c: Context,
        goal: str = "",
        format: str = "text",  # noqa: A002  (the flag is --format)
        json: bool = False,
        debug: bool = False,
    ) -> None:
        with session(c, "explain", json=json, debug=debug) as opened:
            from vis_tasks.services.explain import as_document, render
            from vis_tasks.services.release import explain_release, graph_for

            goals = tuple(goal.split()) or ("release",)
            found = explain_release(opened.run(plan_only=True), graph_for(opened.config, extra), goals)
            opened.result({"goals": list(goals), "targets": as_document(found)})
            for line in render(found, format):
                opened.console.line(line)

    explain.__doc__ = _EXPLAIN_DOC
    return WordsTask(
        explain,
        name="explain",
        words="goal",
        limit=_MOST_GOALS,
        help={
            "goal": "The targets to explain, release by default.",
            "format": "text or mermaid.",
            "json": _HELP["json"],
            "debug": _HELP["debug"],
        },
    )
