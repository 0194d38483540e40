"""The ``vis-tasks`` binary as Invoke sees it: the same tasks without a tasks.py."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from invoke.collection import Collection

__all__ = ["program"]


# Invoke (3.0, ``completion/zsh.completion``) asks for `words` where compctl doesn't set it: no options are completed, and no
# tasks of a program with a dash in its name.
_ZSH = """\
_vis_tasks() { compadd -- ${(f)"$($words[1] --complete -- $words)"} }
compdef _vis_tasks vis-tasks
"""


class _Program(Program):
    """Invoke's Program; a command line that can't be read ends as all bad input here does: the nearest name, exit code 2."""

    def run(self, argv: list[str] | None = None, exit: bool = True) -> None:  # noqa: A002  (Invoke's own word)
        """Run; options of Invoke's own that it can't make sense of end as tracebacks there (such as a number that is none)."""
        try:
            super().run(argv, exit=exit)
        except BrokenPipeError:
            raise
        except Exception as error:
            if os.environ.get("VIS_DEBUG"):
                raise
            text = f"error: the command line can't be made sense of: {error}"
            sys.stderr.write(f"{text}\n  Next steps: vis-tasks --help; with VIS_DEBUG=1 the traceback is shown\n")
            sys.exit(UsageError.exit_code)

    def parse_core_args(self) -> None:
        """Read the core options."""
        super().parse_core_args()
        if self.args["print-completion-script"].value == "zsh":
            sys.stdout.write(_ZSH)
            raise Exit

    def parse_tasks(self) -> None:
        """Read everything behind the core options."""
        try:
            super().parse_tasks()
        except ParseError as error:
            text, way = self._said(error)
            if "--json" in self.argv:
                told = {"code": UsageError.default_code, "message": text, "hint": way, "details": {}}
                document = {"ok": False, "command": getattr(error.context, "name", None) or "", "error": told}
                sys.stdout.write(json.dumps(document, indent=2) + "\n")
            raise Exit(f"error: {text}\n  Next steps: {way}", UsageError.exit_code) from None

    def parse_cleanup(self) -> None:
        """Print help or the list, where they were asked for."""
        try:
            super().parse_cleanup()
        except ParseError as error:
            text, way = self._said(error)
            raise Exit(f"error: {text}\n  Next steps: {way}", UsageError.exit_code) from None

    def _said(self, error: ParseError) -> tuple[str, str]:
        """Invoke's words (3.0, ``parser/parser.py``) in ours, and the way out."""
        task = getattr(error.context, "name", None) or ""
        way = f"vis-tasks --help {task}" if task else "vis-tasks --list"
        if valueless := re.search(r"<Argument: ([\w-]+).*needed value", str(error)):
            return f"--{valueless[1]} needs a value", way
        unknown = re.fullmatch(r"No idea what '(.*)' is!", str(error))
        if unknown is None:
            return str(error), way
        word = unknown[1]
        if word.startswith("-"):
            # The context is the task that the option was meant for; without a name it is the program itself.
            context = error.context if task else self.initial_context
            flags = context.flags if context else ()
            return f"{task or 'vis-tasks'} has no option {word}{_nearest(word, flags)}", way
        names = self.collection.task_names
        every = [*names, *(alias for aliases in names.values() for alias in aliases)]
        return f"there is no command {word!r}{_nearest(word, every)}", "vis-tasks --list"


def _nearest(word: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word.partition("=")[0], list(names), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def program() -> Program:
    """Invoke's Program over our namespace; a tasks.py in the current folder is not read."""
    from vis_tasks.__about__ import __version__
    from vis_tasks.tasks.namespace import release_namespace

    namespace = release_namespace()
    _reword(namespace)
    return _Program(
        name="vis-tasks",
        binary="vis-tasks",
        binary_names=["vis-tasks"],
        namespace=namespace,
        version=__version__,
    )


def _reword(namespace: Collection) -> None:
    """The examples of the help as they are typed with this program."""
    for task in namespace.tasks.values():
        task.__doc__ = (task.__doc__ or "").replace("Example: invoke ", "Example: vis-tasks ")
    for inside in namespace.collections.values():
        _reword(inside)
