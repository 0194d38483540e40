"""Whether a command line is written for a shell."""

from __future__ import annotations

import re

from vis_tasks.patterns import regex

__all__ = ["as_command", "shell_syntax"]

# Quoted text goes first, so that what stands in it isn't taken for syntax; in double quotes a shell expands all the same.
_PIECE = regex(
    r"""'[^']*' | \\. | (?P<expansion>\$[A-Za-z_{(?@*\#!0-9$-]|`) | " | (?P<operator>&&|\|\||[|&;<>]+)""",
    re.VERBOSE,
)


def shell_syntax(command: str) -> str | None:
    """The first piece that only a shell understands: an operator such as ``&&``, or an expansion such as ``$NAME``; else None.

    Args:
        command: one string, as a POSIX shell would read it.
    """
    quoted = False
    at = 0
    while match := _PIECE.search(command, at):
        at = match.end()
        piece = match[0]
        if quoted and piece.startswith("'"):
            at = match.start() + 1  # an apostrophe in double quotes is one
        elif piece == '"':
            quoted = not quoted
        elif match["expansion"] or (match["operator"] and not quoted):
            return piece
    return None


def as_command(command: str) -> str | list[str]:
    """A command of a tool that hands it to a shell: with one in front where it needs it."""
    return ["sh", "-c", command] if shell_syntax(command) else command
