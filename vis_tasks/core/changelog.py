"""CHANGELOG.md of one package: a new section in, one section out, everything written by hand kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vis_tasks.core.changes import open_fence
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["find_section", "insert_section", "section"]

_HEADING = regex(r"(#{1,6})[ \t]+(.*?)[ \t]*#*")
_VERSION_HEADING = regex(r"#{1,6}[ \t]+(?:\S+@)?\[?v?[0-9]+\.[0-9]+")


def _headings(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Index, depth and text of every heading outside fenced code."""
    fence = ""
    for number, line in enumerate(lines):
        before, fence = fence, open_fence(fence, line)
        if before or fence:
            continue
        match = _HEADING.fullmatch(line.rstrip("\r"))
        if match is not None:
            yield number, len(match[1]), match[2]


def _names(title: str, version: str) -> bool:
    first = title.split(maxsplit=1)[0] if title.strip() else ""
    first = re.sub(r"\]\(.*", "]", first).strip("[]:")
    return first in {version, "v" + version} or first.endswith("@" + version)


def find_section(text: str, version: str) -> tuple[int, int] | None:
    """Lines of one version's section, from 1, both included: its heading and everything up to the next heading of its rank.

    Headings of all tools are understood: ``## 1.2.0``, ``## [1.2.0] - 2026-01-31``, ``# v1.2.0``, ``## name@1.2.0``.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    found: tuple[int, int] | None = None
    for number, depth, title in _headings(lines):
        if found is None:
            if _names(title, version):
                found = (number, depth)
        elif depth <= found[1]:
            return found[0] + 1, number
    if found is None:
        return None
    last = len(lines) - 1 if lines[-1] == "" else len(lines)
    return found[0] + 1, last


def section(text: str, version: str) -> str:
    """The body of one version's section, without its heading and blank edges; empty when there is none."""
    span = find_section(text, version)
    if span is None:
        return ""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")[span[0] : span[1]]
    return "\n".join(lines).strip()


def insert_section(text: str, title: str, addition: str, version: str) -> str:
    """The changelog with a new section above the older ones.

    What stands before the first version heading (title, introduction, an Unreleased section) stays before it. A file that has
    the version's section already comes back unchanged. Line ends and a byte order mark are kept.

    Args:
        text: the file as it is; empty for a new one.
        title: the package's name, for the heading of a new file.
        addition: the section, heading included, with Unix line ends.
        version: the version it is about.
    """
    if find_section(text, version) is not None:
        return text
    addition = addition.strip("\n") + "\n"
    if not text.strip("\ufeff \t\r\n"):
        return f"# {title}\n\n{addition}"
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    at = next((number for number, _, _ in _headings(lines) if _VERSION_HEADING.match(lines[number])), None)
    if at is None:
        body = "\n".join(lines).rstrip("\n") + "\n\n" + addition
    else:
        before = "\n".join(lines[:at]).rstrip("\n")
        body = (before + "\n\n" if before else "") + addition + "\n" + "\n".join(lines[at:])
    return bom + body.replace("\n", newline)
