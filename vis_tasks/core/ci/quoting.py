"""Values on their way into YAML, workflow expressions, shells and filters. Whatever comes in, it comes out as data."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from vis_tasks.errors import UsageError
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "block",
    "branch_filter",
    "branch_rule",
    "check_text",
    "expression_safe",
    "plain_folder",
    "ref_test",
    "shell_words",
    "yaml_scalar",
]

_EXPRESSION = "${{"
_SIMPLE_REF = regex(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_PLAIN_FOLDER = regex(r"[A-Za-z0-9 ._@/-]*")
# What YAML lets stand unescaped (YAML 1.2, c-printable), without the line breaks of YAML 1.1 and the byte order mark.
_PRINTABLE = regex(r"[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


def check_text(text: str, what: str) -> str:
    """The text itself, when a file can hold it.

    Raises:
        vis_tasks.errors.UsageError: it holds a NUL character, which no shell can pass on, or half a surrogate pair.
    """
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise UsageError(f"{what} holds a character that can't stand in a CI file: {text!r}", code="CI_VALUE")
    return text


def yaml_scalar(text: str) -> str:
    """A double-quoted YAML scalar on one line."""
    import yaml

    dumped: str = yaml.safe_dump(check_text(text, "a value"), default_style='"', allow_unicode=True, width=10**9)
    return dumped.removesuffix("\n").removesuffix("\n...")


def expression_safe(text: str) -> str:
    """Text for a workflow field in which GitHub evaluates expressions: an opening is written as a literal of its own.

    Source: GitHub's documentation on expressions, "Literals": ``${{ '…' }}``, and nothing inside quotes is looked at.
    """
    return text.replace(_EXPRESSION, "${{ '" + _EXPRESSION + "' }}")


def shell_words(argv: Iterable[str]) -> str:
    """A command line for a POSIX shell. Openings of GitHub's and GitLab's own interpolation are broken by an empty quote.

    Both forges replace ``${{ … }}`` and ``$[[ … ]]`` in a script before any shell sees it, quotes or not.
    """
    line = " ".join(shlex.quote(check_text(word, "a command")) for word in argv)
    return line.replace("${{", "$''{{").replace("$[[", "$''[[")


def block(script: str, indent: int) -> str:
    """A script as the value of a YAML key: a literal block where YAML keeps it as it is, else a double-quoted scalar.

    Args:
        script: the text; a block ends with exactly one line break.
        indent: columns that the block's lines are moved to the right.
    """
    lines = script.removesuffix("\n").split("\n")
    plain = (
        _PRINTABLE.fullmatch(script)
        and lines[0][:1] not in {" ", "\t"}
        and all(line and line == line.rstrip() for line in lines)
    )
    if not plain:
        return yaml_scalar(script.removesuffix("\n") + "\n")
    pad = " " * indent
    return "|\n" + "\n".join(f"{pad}{line}" for line in lines)


def branch_filter(branch: str) -> str:
    r"""A branch as a pattern of GitHub's ``on.push.branches`` that matches it alone.

    ``*``, ``?``, ``+``, ``[``, ``]`` and a leading ``!`` mean something there and are taken back by a backslash; a set of one
    character keeps ``${{``, which may not stand in this place, apart (GitHub's documentation, "Filter pattern cheat sheet").
    """
    escaped = re.sub(r"([*?+\[\]\\]|^!)", r"\\\1", check_text(branch, "a branch"))
    return escaped.replace(_EXPRESSION, "[$]{{")


def ref_test(variable: str, branch: str) -> str:
    """A term of GitLab's ``rules:if`` that is true for this branch alone.

    A string literal there knows no escapes; a name that is more than letters, digits and ``._/-`` is compared by a regular
    expression (RE2) in which every other character stands as its code.
    """
    if _SIMPLE_REF.fullmatch(check_text(branch, "a branch")):
        return f'{variable} == "{branch}"'
    coded = "".join(char if char.isascii() and char.isalnum() else f"\\x{{{ord(char):x}}}" for char in branch)
    return f"{variable} =~ /^{coded}$/"


def plain_folder(path: str) -> str:
    """A folder's path, when every tool of both forges takes it for nothing but a path.

    Raises:
        vis_tasks.errors.UsageError: it holds a character that means something in a glob or is expanded as a variable.
    """
    if _PLAIN_FOLDER.fullmatch(path):
        return path
    raise UsageError(
        f"CI files can't name the folder {path!r}",
        code="CI_FOLDER",
        hint="letters, digits, spaces and ._@/- are safe in the globs and variables of both forges; rename the folder",
    )


def branch_rule(branch: str, *, scheduled: bool) -> str:
    """``rules:if`` of GitLab for pipelines of one branch, those of schedules or all others."""
    sign = "==" if scheduled else "!="
    return f'{ref_test("$CI_COMMIT_BRANCH", branch)} && $CI_PIPELINE_SOURCE {sign} "schedule"'
