"""Change files: what people write down about a change, before it is a version.

Three ways to say a level are read: changesets' (``"name": minor``), vis's nested form (``bump``, ``cascade``, ``releaseAs``,
either below the name or with the name as ``package``), and none at all, where the headings of the text decide (``#`` major,
``##`` minor, ``###`` patch).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vis_tasks.core.frontmatter import split
from vis_tasks.core.globs import expand
from vis_tasks.core.model import Change, ChangeEntry, Level
from vis_tasks.core.suggest import nearest
from vis_tasks.core.versions import is_valid
from vis_tasks.errors import UsageError
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from vis_tasks.core.frontmatter import FrontMatter

__all__ = ["LEVELS", "infer_level", "open_fence", "parse_change", "parse_level", "render_change"]

LEVELS = {level.name.lower(): level for level in Level}
_NESTED = {"bump", "cascade", "releaseAs"}
_LINK = regex(r"\s*(pr|pull|pull request|commit|author|user)\s*:\s*(\S.*?)\s*", re.IGNORECASE)
_LINK_NAMES = {"pull": "pr", "pull request": "pr", "user": "author"}
_FENCE = regex(r" {0,3}(`{3,}|~{3,})")
_HEADING = regex(r" {0,3}(#{1,3})[ \t]+\S.*")


def parse_level(text: str) -> Level | None:
    """``"none"``, ``"patch"``, ``"minor"`` or ``"major"`` as a `Level`; None for anything else."""
    return LEVELS.get(text)


class _Reader:
    def __init__(self, path: str, front: FrontMatter) -> None:
        self.path = path
        self.front = front

    def refuse(self, name: str, what: str, hint: str = "") -> UsageError:
        line = self.front.lines.get(name, 1)
        details: dict[str, object] = {"path": self.path, "line": line}
        return UsageError(f"{self.path}:{line}: {what}", code="CHANGE_FILE", hint=hint, details=details)

    def level(self, name: str, value: Any, of: str = "") -> Level:
        found = parse_level(value) if isinstance(value, str) else None
        if found is None:
            what = f'{of or "the level of"} "{name}" is {value!r}, which is not one of none, patch, minor, major'
            close = nearest(str(value), LEVELS)
            raise self.refuse(name, what, f"did you mean {close}?" if close else "")
        return found

    def entries(self) -> tuple[ChangeEntry, ...]:
        values = self.front.values
        if "package" in values and "bump" in values:
            name = values["package"]
            if not isinstance(name, str):
                raise self.refuse("package", "package must be the name of a package")
            rest = {key: value for key, value in values.items() if key != "package"}
            return (self.nested(name, rest, at="package"),)
        inferred: Level | None = None
        found: list[ChangeEntry] = []
        for name, value in values.items():
            if isinstance(value, dict):
                found.append(self.nested(name, value, at=name))
            elif value is None or value == "":
                inferred = inferred or infer_level(self.front.body)
                if inferred is None:
                    what = f'"{name}" has no level, and the text has no heading to take one from'
                    raise self.refuse(name, what, f'write "{name}": patch, or a heading (# major, ## minor, ### patch)')
                found.append(ChangeEntry(name, inferred))
            else:
                found.append(ChangeEntry(name, self.level(name, value)))
        return tuple(found)

    def nested(self, name: str, values: Mapping[str, Any], *, at: str) -> ChangeEntry:
        unknown = sorted(set(values) - _NESTED)
        if unknown:
            close = nearest(unknown[0], _NESTED)
            hint = f"did you mean {close}?" if close else f"allowed are {', '.join(sorted(_NESTED))}"
            raise self.refuse(at, f'"{unknown[0]}" is not known below "{name}"', hint)
        if "bump" not in values:
            raise self.refuse(at, f'"{name}" has no bump', "add bump: patch, minor or major")
        release_as = values.get("releaseAs")
        if release_as is not None and not (isinstance(release_as, str) and is_valid(release_as)):
            raise self.refuse(
                at, f'releaseAs of "{name}" is {release_as!r}, which is not a version', "write it like 2.0.0"
            )
        cascade = values.get("cascade")
        if cascade is not None and not isinstance(cascade, dict):
            raise self.refuse(at, f'cascade of "{name}" must map package globs to levels')
        levels = {glob: str(self.level(glob, level, "cascade level of")) for glob, level in (cascade or {}).items()}
        return ChangeEntry(name, self.level(name, values["bump"]), release_as, levels or None)


def parse_change(id_: str, path: str, text: str, *, names: Collection[str] | None = None) -> Change:
    """Read one change file.

    Args:
        id_: the file's name without ``.md``.
        path: relative to the workspace root, for messages.
        text: the whole content.
        names: every package of the workspace; without it names aren't checked.

    Raises:
        UsageError: code ``CHANGE_FILE``, with file and line.
    """
    front = split(path, text)
    entries = _Reader(path, front).entries()
    summary, links = _links(front.body)
    change = Change(id_, path, entries, summary, links)
    if names is not None:
        _check_names(change, names, front.lines)
    return change


def _links(body: str) -> tuple[str, dict[str, str]]:
    kept: list[str] = []
    links: dict[str, str] = {}
    fence = ""
    for line in body.split("\n"):
        fence = open_fence(fence, line)
        match = None if fence else _LINK.fullmatch(line)
        if match is None:
            kept.append(line)
            continue
        key = _LINK_NAMES.get(match[1].lower(), match[1].lower())
        if key == "author":
            author = "@" + match[2].removeprefix("@")
            links[key] = f"{links[key]}, {author}" if key in links else author
        elif key == "pr" and not match[2].removeprefix("#").isdigit():
            kept.append(line)
        else:
            links.setdefault(key, match[2].removeprefix("#"))
    return "\n".join(kept).strip(), links


def open_fence(fence: str, line: str) -> str:
    """The fence that is open after this line: its characters, or an empty string outside fenced code."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    if not fence:
        return match[1]
    closes = match[1][0] == fence[0] and len(match[1]) >= len(fence) and not line[match.end() :].strip()
    return "" if closes else fence


def infer_level(body: str) -> Level | None:
    """The level that the headings of a text ask for: the highest of ``#`` major, ``##`` minor, ``###`` patch.

    Headings inside fenced code don't count (a shell comment is no major release). None without any heading.
    """
    found = Level.NONE
    fence = ""
    for line in body.split("\n"):
        before, fence = fence, open_fence(fence, line)
        match = None if before or fence else _HEADING.fullmatch(line)
        if match is not None:
            found = max(found, Level(4 - len(match[1])))
    return found if found is not Level.NONE else None


def _check_names(change: Change, names: Collection[str], lines: Mapping[str, int]) -> None:
    for entry in change.entries:
        line = lines.get(entry.name, 1)
        details: dict[str, object] = {"path": change.path, "line": line, "package": entry.name}
        if entry.name not in names:
            close = nearest(entry.name, names)
            hint = f'did you mean "{close}"?' if close else "the names stand in the package.json files of the workspace"
            what = f'{change.path}:{line}: no package of this workspace is called "{entry.name}"'
            raise UsageError(what, code="CHANGE_FILE", hint=hint, details=details)
        for glob in entry.cascade or {}:
            if not expand(names, (glob,)):
                what = f'{change.path}:{line}: the cascade of "{entry.name}" names "{glob}", which fits no package'
                raise UsageError(what, code="CHANGE_FILE", hint="correct the glob or take it out", details=details)


def render_change(entries: Sequence[ChangeEntry], summary: str) -> str:
    """A change file's text, in changesets' form where that can say it, else in the nested one.

    The text ends with a newline; an empty list of entries gives an empty front matter.
    """
    lines = ["---"]
    for entry in entries:
        name = f'"{entry.name}"'
        if entry.release_as is None and not entry.cascade:
            lines.append(f"{name}: {entry.level}")
            continue
        lines += [f"{name}:", f"  bump: {entry.level}"]
        if entry.release_as is not None:
            lines.append(f'  releaseAs: "{entry.release_as}"')
        if entry.cascade:
            lines.append("  cascade:")
            lines += [f'    "{glob}": {level}' for glob, level in entry.cascade.items()]
    return "\n".join([*lines, "---", "", *([summary.strip(), ""] if summary.strip() else [])])
