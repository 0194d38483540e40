"""Requirements files with hashes for CI jobs: which there are, what stands in them, whether they are current. Pure."""

from __future__ import annotations

import re

from vis_tasks.patterns import regex

__all__ = ["CHECK_LOCK", "LOCK", "is_made", "locked_for", "with_extra", "with_lock_header"]

LOCK = ".vis/ci/requirements.txt"
"""From the workspace root: for the jobs of a release."""

CHECK_LOCK = ".vis/ci/requirements-check.txt"
"""For the check of pull requests, which needs templates too."""

_HEADER = (
    "# Made by vis-tasks: all that CI installs for the requirement below, with hashes; anew: `ci.generate --relock`.\n"
)
_FOR = "# for: "
_NAMED = regex(r"(vis[-_.]tasks)(?:\s*\[([^\]]*)\])?(.*)", re.IGNORECASE | re.DOTALL)


def with_extra(requirement: str, extra: str) -> str:
    """The requirement with one extra more: of a name (PEP 508), an address, or a local file.

    Args:
        requirement: of vis-tasks, as ``ci.vis-tasks`` has it.
        extra: such as ``ci``.
    """
    if named := _NAMED.fullmatch(requirement):
        extras = [each.strip() for each in (named[2] or "").split(",") if each.strip()]
        return f"{named[1]}[{','.join(dict.fromkeys((*extras, extra)))}]{named[3]}"
    if "://" in requirement:
        return f"vis-tasks[{extra}] @ {requirement}"
    return requirement if requirement.endswith("]") else f"{requirement}[{extra}]"


def with_lock_header(requirement: str, body: str) -> str:
    """The file: who made it and for which requirement, then what was resolved."""
    return f"{_HEADER}{_FOR}{requirement!r}\n{body.strip()}\n"


def is_made(text: str) -> bool:
    """Whether vis-tasks made it."""
    return text.replace("\r\n", "\n").startswith(_HEADER)


def locked_for(text: str | None, requirement: str) -> bool:
    """Whether it was made by vis-tasks for exactly this requirement."""
    return text is not None and text.replace("\r\n", "\n").startswith(f"{_HEADER}{_FOR}{requirement!r}\n")
