"""The folder that holds a whole rehearsal, and takes everything with it when it goes."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.services.rehearsal.environment import ENVIRONMENT_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.services.rehearsal.tools import RehearsalTools

__all__ = ["rehearsal_folder", "remove_folder"]

_PREFIX = "vis-rehearsal-"
_OWNER = "pid"
_GITCONFIG = """[user]
\tname = Rehearsal
\temail = rehearsal@localhost
[safe]
\tdirectory = *
[gc]
\tauto = 0
[advice]
\tdetachedHead = false
"""


@contextmanager
def rehearsal_folder(tools: RehearsalTools) -> Iterator[Path]:
    """A fresh folder with ``home`` and ``tmp`` in it; on the way out every process that knows of it is ended, and it is removed.

    What a rehearsal that was killed hard left behind is removed first.
    """
    _sweep(tools)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / _OWNER).write_text(str(tools.machine.pid), encoding="utf-8")
        for inner in ("home", "tmp"):
            (folder / inner).mkdir()
        (folder / "home" / ".gitconfig").write_text(_GITCONFIG, encoding="utf-8")
        try:
            yield folder
        finally:
            tools.end_marked(ENVIRONMENT_MARK, str(folder))


def _sweep(tools: RehearsalTools) -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            owner = int((left / _OWNER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if not tools.machine.alive(owner):
            tools.end_marked(ENVIRONMENT_MARK, str(left.resolve()))
            remove_folder(left)


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it, as far as that can be done.

    git makes its objects read-only, and Windows removes no read-only file (Python's documentation of `shutil.rmtree`).
    """
    if sys.platform == "win32":
        for path in (folder, *folder.rglob("*")):
            with suppress(OSError):
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
