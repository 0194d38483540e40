"""Commands as the reader would type them: ``vis-tasks tag`` with the binary, ``invoke ship.tag`` where ours are mounted."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from vis_tasks.core.targets import BUILT_IN, COMMANDS
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

__all__ = ["spoken"]

_BINARY = "vis-tasks"
_TASK = rf"(?:{'|'.join(sorted({*BUILT_IN, *COMMANDS}))})(?![\w-])"
_CALL = regex(rf"(?<![\w./-])invoke(?P<tasks>(?: {_TASK})+)")


def spoken(argv: Sequence[str], command: str) -> Callable[[str], str]:
    """What puts the commands that a text names into the words of whoever called this one.

    Texts say ``invoke <task>``; nothing else in them changes.

    Args:
        argv: the command line, the program first.
        command: the task that runs, by our own name for it. Where the command line has it only at the end of a longer name, our
            tasks are mounted in a collection of that name. A text is to be put into other words once.
    """
    program = PurePath(argv[0]) if argv else PurePath()
    called = _BINARY if program.stem == _BINARY or program.parts[-2:] == ("vis_tasks", "__main__.py") else "invoke"
    mount = ""
    if called == "invoke":
        words = argv[1:]
        ends = (word for word in words if word.endswith(f".{command}") and not word.startswith("-"))
        mount = "" if command in words else next(ends, command).removesuffix(command)
        if not mount:
            return str

    def put(match: re.Match[str]) -> str:
        return called + match["tasks"].replace(" ", f" {mount}")

    return lambda text: _CALL.sub(put, text) if "invoke " in text else text
