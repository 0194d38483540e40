"""What a plan writes, brought to the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.threads import all_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.edits import FileEdit
    from vis_tasks.ports import Files

__all__ = ["write_edits"]

_AT_ONCE = 4  # most of it is the file system's work, which waits for the disk where one file takes another's place
_CHUNK = 16


def write_edits(files: Files, edits: Sequence[FileEdit]) -> None:
    """Write and remove the files, in any order; each is there as a whole or not at all, but none is waited for to be on the disk.

    Args:
        files: below the workspace root.
        edits: at most one for a path.

    Raises:
        vis_tasks.errors.Failed: one can't be written; nothing more is begun then, and nothing is under way when this returns.
    """

    def write(chunk: Sequence[FileEdit]) -> None:
        for edit in chunk:
            if edit.content is None:
                files.delete(edit.path)
            else:
                files.write(edit.path, edit.content, durable=False)

    all_of(write, [edits[at : at + _CHUNK] for at in range(0, len(edits), _CHUNK)], _AT_ONCE, wait=True)
