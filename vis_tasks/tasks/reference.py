"""The reference page of all commands (``docs/reference/commands.md``): made from the tasks, never written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.tasks.words import WordsTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invoke.collection import Collection
    from invoke.tasks import Task

__all__ = ["commands_page"]

_HEAD = """\
# Commands

<!-- Made from the tasks by `vis-tasks config --commands`; edit vis_tasks/tasks/ instead. -->

Each is a task for `invoke`, where a tasks.py holds our namespace, and a command of the `vis-tasks` binary, which needs none:
`invoke status` and `vis-tasks status` are the same. Several can stand in one line: `invoke doctor release`. In a namespace
mounted as `npm` they are `npm.status` and so on.

Options take their value after `=` or a blank. What is marked `…` can be given as words after the command's name. `--debug` and
`--json` are left out below where they mean what they always mean:

- `--json` prints one JSON document on stdout, all else on stderr. It holds `ok` and `command`, and `error` (`code`, `message`,
  `hint`, `details`) when something went wrong.
- `--debug` shows tracebacks; `VIS_DEBUG=1` does so everywhere.
- Invoke's own `--dry`, before the command's name, is `--plan-only`.

| exit code | |
|---|---|
| 0 | done; also when humans rejected versions, or time ran out |
| 1 | refused, nothing was changed |
| 2 | the command line, the configuration or a change file can't be read as written (by `invoke` itself: 1) |
| 3 | something was tried and failed |
| 4 | another release holds the lock |
| 129, 130, 143 | interrupted by a signal (SIGHUP, SIGINT, SIGTERM); run the same command again |
"""
_USUAL = {
    "json": {"Print one JSON document on stdout.", "Print one JSON document on stdout, all else on stderr."},
    "debug": {"Show tracebacks."},
}


def commands_page(ns: Collection) -> str:
    """The whole page, Markdown.

    Args:
        ns: a new one (Invoke's tasks tell their help only once, ``invoke/tasks.py``), as `vis_tasks.release_namespace` gives.
    """
    tasks = dict(sorted(((min([name, *aliases], key=len)), ns[name]) for name, aliases in ns.task_names.items()))
    rows = [f"| [`{name}`](#{name.replace('.', '')}) | {_cell(_summary(task))} |" for name, task in tasks.items()]
    index = "\n".join(["| command | |", "|---|---|", *rows, ""])
    return "\n".join([_HEAD, index, *("\n".join(_section(name, task)) for name, task in tasks.items())])


def _summary(task: Task[Any]) -> str:
    return " ".join((task.__doc__ or "").partition("\n\n")[0].split())


def _section(name: str, task: Task[Any]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    about, _, example = (task.__doc__ or "").partition("Example:")
    for paragraph in filter(None, map(str.strip, about.split("\n\n"))):
        yield " ".join(paragraph.split())
        yield ""
    yield "```sh"
    yield example.strip() or f"invoke {name}"
    yield "```"
    yield ""
    rows = list(_options(task))
    if rows:
        yield from ("| option | default | |", "|---|---|---|", *rows, "")


def _options(task: Task[Any]) -> Iterator[str]:
    words = task.words if isinstance(task, WordsTask) else ""
    for argument in task.get_arguments():
        flag = argument.names[0]
        told = " ".join((argument.help or "").split())
        if argument.positional or told in _USUAL.get(flag, set()):
            continue
        shown = f"--{flag}=…" if argument.takes_value else f"--{flag}"
        if words == argument.name:
            shown = f"{flag}…`, `{shown}"
        default = f"`{argument.default}`" if argument.takes_value and argument.default else ""
        yield f"| `{shown}` | {default} | {_cell(told)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
