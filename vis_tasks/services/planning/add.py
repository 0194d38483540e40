"""add: write a change file."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from vis_tasks.core.changes import LEVELS, render_change
from vis_tasks.core.model import ChangeEntry, Level
from vis_tasks.core.suggest import nearest
from vis_tasks.errors import Failed, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vis_tasks.ports import Files

__all__ = ["name_for", "parse_packages", "render", "write_change_file"]

_ADJECTIVES = (
    "brave calm clever curious eager fair fresh gentle happy honest kind light lucky merry neat quick quiet swift warm"
)
_NOUNS = "ants bears birds cats clouds deer ducks fish foxes hills lakes lions moons owls plums rivers seas stones tigers trees"
_VERBS = "cheer climb dance dream drift float glow grow hum jump laugh rest ride run sail shine sing smile swim walk"
_TRIES = 50


def parse_packages(text: str, names: Collection[str]) -> tuple[ChangeEntry, ...]:
    """Read ``"@a/b:minor, cli:patch"``.

    Args:
        text: packages with levels, separated by commas.
        names: every package of the workspace.

    Raises:
        UsageError: code ``PACKAGES``: an unknown package or level (with the nearest), or a package twice.
    """
    entries: dict[str, ChangeEntry] = {}
    for part in (each.strip() for each in text.split(",")):
        if not part:
            continue
        name, _, word = part.rpartition(":")
        name = name.strip()
        level = LEVELS.get(word.strip())
        if not name or level is None:
            close = nearest(word.strip(), LEVELS) if name else None
            hint = (
                f"did you mean {name}:{close}?"
                if close
                else "write it as name:patch, name:minor, name:major or name:none"
            )
            raise UsageError(f'"{part}" names no package with a level', code="PACKAGES", hint=hint)
        if name not in names:
            found = nearest(name, names)
            hint = f'did you mean "{found}"?' if found else ""
            raise UsageError(f'no package of this workspace is called "{name}"', code="PACKAGES", hint=hint)
        if name in entries:
            raise UsageError(f'"{name}" is named twice', code="PACKAGES", hint="keep one of the two levels")
        entries[name] = ChangeEntry(name, level)
    if not entries:
        raise UsageError("no package was named", code="PACKAGES", hint="--packages 'name:patch', or --empty")
    return tuple(entries.values())


def name_for(seed: str, attempt: int = 0) -> str:
    """Three words for a file name, the same ones for the same text: ``brave-tigers-sing``."""
    number = int.from_bytes(hashlib.sha256(f"{seed}\0{attempt}".encode()).digest()[:8])
    words = []
    for choice in (_ADJECTIVES.split(), _NOUNS.split(), _VERBS.split()):
        number, index = divmod(number, len(choice))
        words.append(choice[index])
    return "-".join(words)


def render(entries: Sequence[ChangeEntry], message: str) -> str:
    """The text of a new change file.

    Raises:
        UsageError: no text for a change that releases something.
    """
    if not message.strip() and any(entry.level is not Level.NONE for entry in entries):
        raise UsageError("the change has no text", code="MESSAGE", hint="--message 'what users should know'")
    return render_change(entries, message)


def write_change_file(
    files: Files, folder: str, entries: Sequence[ChangeEntry], message: str, *, name: str | None = None
) -> str:
    """Write a new change file; an existing one is never overwritten.

    Args:
        files: the workspace's files.
        folder: where change files live, relative to the root.
        entries: what it asks for; none for an empty change file.
        message: the text for the changelog.
        name: file name without ``.md``; three words without one.

    Returns:
        the file's path, relative to the root.

    Raises:
        UsageError: no text for a change that releases something, or an unfit or taken name.
    """
    content = render(entries, message).encode()
    if name is not None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or name.lower() == "readme":
            raise UsageError(
                f'"{name}" can\'t be a file name', code="NAME", hint="use letters, digits, dots and dashes"
            )
        path = f"{folder}/{name.removesuffix('.md')}.md"
        if not files.create(path, content):
            raise UsageError(f"{path} exists already", code="NAME", hint="choose another --name")
        return path
    seed = content.decode()
    for attempt in range(_TRIES):
        path = f"{folder}/{name_for(seed, attempt)}.md"
        if files.create(path, content):
            return path
    raise Failed(f"no free file name was found in {folder}", code="NAME", hint="give one with --name")
