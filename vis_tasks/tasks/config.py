"""``config``: every option, its value, and where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.tasks import Task

from vis_tasks.errors import ConfigError
from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from invoke.collection import Collection
    from invoke.context import Context

    from vis_tasks.tasks.edge import Session

__all__ = ["add_to", "config"]

_HELP = {
    "origin": "Say where each value came from: default, file and line, or environment variable.",
    "schema": "Print the JSON schema of vis.toml instead, for editors.",
    "reference": "Print the reference page of all options instead, in Markdown.",
    "commands": "Print the reference page of all commands instead, targets of vis.toml included, in Markdown.",
    "json": "Print one JSON document on stdout.",
    "debug": "Show tracebacks.",
}


def add_to(ns: Collection) -> None:
    """Add the task to a namespace."""
    ns.add_task(Task(config, name="config", auto_shortflags=False, help=_HELP))


def config(
    c: Context,
    origin: bool = False,
    schema: bool = False,
    reference: bool = False,
    commands: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Show the configuration in force, and check it.

    Example: invoke config --origin
    """
    with session(c, "config", json=json, debug=debug) as opened:
        if schema:
            from vis_tasks.config.schema import json_schema, schema_text

            opened.result({"schema": json_schema()})
            text = schema_text()
        elif reference:
            from vis_tasks.config.reference import reference_page

            text = reference_page()
            opened.result({"reference": text})
        elif commands:
            from vis_tasks.tasks.namespace import release_namespace
            from vis_tasks.tasks.reference import commands_page

            text = commands_page(release_namespace(opened.root))
            opened.result({"reference": text})
        else:
            from vis_tasks.adapters.redact import looks_secret
            from vis_tasks.config.show import document, lines

            _refuse_circles(opened)
            opened.result(document(opened.loaded, hide=looks_secret))
            text = "\n".join(lines(opened.loaded, origin=origin, hide=looks_secret))
        if not json:
            opened.console.line(text.rstrip("\n"))


def _refuse_circles(opened: Session) -> None:
    """Targets that need each other never run; those that need one made in Python are left to whoever knows that one."""
    from vis_tasks.services.release import graph_for

    try:
        graph_for(opened.config)
    except ConfigError as error:
        if error.code == "TARGET_CYCLE":
            raise
