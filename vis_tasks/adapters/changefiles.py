"""Change files on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vis_tasks.adapters.files import read_whole
from vis_tasks.core.changes import parse_change
from vis_tasks.core.frontmatter import MAX_BYTES
from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vis_tasks.config.model import ReleaseConfig
    from vis_tasks.core.model import Change, Workspace

__all__ = ["CHANGESETS_DIR", "change_dirs", "read_changes", "write_dir"]

CHANGESETS_DIR = ".changeset"
# changesets 3 passes over these names, which instruct coding assistants.
_NOT_CHANGES = frozenset({"AGENTS.md", "CLAUDE.md", "GEMINI.md"})


def change_dirs(config: ReleaseConfig) -> tuple[str, ...]:
    """The folders that hold change files: ours, and with a ``changesets`` rule set that of changesets too."""
    if config.rules.startswith("changesets") and config.changes_dir != CHANGESETS_DIR:
        return (config.changes_dir, CHANGESETS_DIR)
    return (config.changes_dir,)


def write_dir(root: Path, config: ReleaseConfig) -> str:
    """Where new change files go: changesets' folder in a repository that uses its rules and has it, else ours."""
    if config.rules.startswith("changesets") and (root / CHANGESETS_DIR).is_dir():
        return CHANGESETS_DIR
    return config.changes_dir


def read_changes(root: Path, config: ReleaseConfig, workspace: Workspace) -> tuple[Change, ...]:
    """Read every change file, by folder and name.

    README.md, files that start with a dot and files that don't end in ``.md`` are no change files. In changesets' folder the
    used ones below ``pre/`` (3.x) come along, their ids starting with ``pre/``.

    Args:
        root: the workspace root.
        config: ``[release]``.
        workspace: whose packages the files may name.

    Raises:
        UsageError: code ``CHANGE_FILE``, with file and line; nothing is half read.
    """
    names, base = workspace.by_name, os.fspath(root)
    return tuple(
        parse_change(id_, path, _text(f"{base}/{path}", path), names=names)
        for folder in change_dirs(config)
        for id_, path in _files(root, folder)
    )


def _files(root: Path, folder: str) -> Iterator[tuple[str, str]]:
    inside = (folder, f"{folder}/pre") if folder == CHANGESETS_DIR else (folder,)
    for each in inside:
        prefix = "pre/" if each != folder else ""
        try:
            with os.scandir(root / each) as entries:
                names = sorted(entry.name for entry in entries if entry.is_file())
        except (FileNotFoundError, NotADirectoryError):
            continue
        for name in names:
            is_change = name.endswith(".md") and not name.startswith(".") and name.lower() != "readme.md"
            if is_change and name not in _NOT_CHANGES:
                yield prefix + name.removesuffix(".md"), f"{each}/{name}"


def _text(file: str, path: str) -> str:
    try:
        size = os.stat(file).st_size  # noqa: PTH116
        if size > MAX_BYTES:
            what = f"{path}:1: the change file is {size / MAX_BYTES:.1f} MiB; more than 1 MiB is refused"
            raise UsageError(what, code="CHANGE_FILE", hint="a change file holds a few sentences")
        content = read_whole(file)
    except OSError as error:
        raise UsageError(f"{path}: the file can't be read: {error.strerror}", code="CHANGE_FILE") from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: the file is not UTF-8", code="CHANGE_FILE", hint="save it as UTF-8") from None
