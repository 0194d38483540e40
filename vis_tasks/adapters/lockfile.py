"""The lock file after versions moved: refreshed by its own package manager, without scripts, and only when it must be."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.core.npmlock import NeedsNpm, edit_lock
from vis_tasks.core.pnpmlock import NeedsPnpm, edit_pnpm_lock
from vis_tasks.core.yarnlock import yarn_lock_holds
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from vis_tasks.core.model import Workspace
    from vis_tasks.ports import Runner

__all__ = ["refresh_lockfile"]

_FILES = {
    "npm": ("npm-shrinkwrap.json", "package-lock.json"),
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
    "bun": ("bun.lock", "bun.lockb"),
}
_NPM = ("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund")
_COMMANDS = {
    "npm": _NPM,
    "pnpm": ("pnpm", "install", "--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile"),
    "yarn": ("yarn", "install", "--mode=update-lockfile"),
    "bun": ("bun", "install", "--lockfile-only", "--ignore-scripts"),
}
# Yarn refuses to touch its lock file on CI, and runs build scripts, unless told otherwise.
_ENV = {"yarn": {"YARN_ENABLE_IMMUTABLE_INSTALLS": "0", "YARN_ENABLE_SCRIPTS": "0"}, "pnpm": {"CI": "1"}}


def refresh_lockfile(workspace: Workspace, runner: Runner) -> tuple[str, ...]:
    """Bring the lock file in step with the package.json files on disk.

    npm's and pnpm's files are edited directly where that is provably what they would write: no process, no network. A
    yarn.lock that asks for members as the package.json files do already is left alone, and so is every one of Yarn 1 (which
    doesn't mention members). Otherwise one process of the package manager runs, in its way of doing the least, without scripts.

    Args:
        workspace: the workspace; its package.json files are read again, so that one planned from before the edits will do.
        runner: runs the package manager.

    Returns:
        the lock files that changed, relative to the root; empty without a lock file.

    Raises:
        Failed: the package manager failed; the lock file stands as it was.
    """
    found = [name for name in _FILES[workspace.manager] if (workspace.root / name).is_file()]
    if not found:
        return ()
    current = read_workspace(workspace.root)
    before = {name: (workspace.root / name).read_bytes() for name in found}
    if _edited(current, found[0], before[found[0]]):
        return _changed(workspace.root, before)
    try:
        runner.run(_COMMANDS[workspace.manager], cwd=workspace.root, env=_ENV.get(workspace.manager))
    except Failed:
        for name, content in before.items():
            _write(workspace.root / name, content)
        raise
    return _changed(workspace.root, before)


def _edited(workspace: Workspace, name: str, content: bytes) -> bool:
    """Bring the file in step without its package manager; False when only that can tell."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if workspace.manager == "yarn":
        return yarn_lock_holds(text, workspace)
    if workspace.manager == "bun":
        return False
    after = edit_lock(text, workspace) if workspace.manager == "npm" else edit_pnpm_lock(text, workspace)
    if isinstance(after, NeedsNpm | NeedsPnpm):
        return False
    if after.encode() != content:
        _write(workspace.root / name, after.encode())
    return True


def _changed(root: Path, before: dict[str, bytes]) -> tuple[str, ...]:
    return tuple(name for name, content in before.items() if (root / name).read_bytes() != content)


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            Path(temporary).chmod(path.stat().st_mode & 0o777)
        Path(temporary).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise Failed(f"{path.name} can't be written: {error.strerror}", code="WRITE") from None
