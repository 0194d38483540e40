"""What was installed: builds in the copy need their dependencies, and must not be able to write into the user's.

Everything is copied, as clones that share their blocks where the file system can (Btrfs, XFS, APFS), so that a build may write
where it likes. Nothing is installed: a rehearsal asks no registry but its own.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.core.model import DEPENDENCY_TABLES
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from vis_tasks.core.model import Workspace
    from vis_tasks.ports import Runner

__all__ = ["copy_modules", "installed", "move_modules", "unresolvable", "without_modules"]

# Yarn Plug'n'Play keeps a map and a state file instead of node_modules, and its cache below .yarn unless that is global.
_YARN = (
    ".pnp.cjs",
    ".pnp.loader.mjs",
    ".yarn/cache",
    ".yarn/unplugged",
    ".yarn/install-state.gz",
    ".yarn/releases",
    ".yarn/plugins",
)
_LEAVING = regex(r'"(?=(?:\.\./)+)([^"\\\n]+?)(\\?)"')


def installed(workspace: Workspace) -> tuple[str, ...]:
    """Paths below the root that hold what was installed, such as ``node_modules`` and ``packages/a/node_modules``."""
    folders = [".", *(package.path for package in workspace.packages if package.path != ".")]
    paths = ["node_modules" if folder == "." else f"{folder}/node_modules" for folder in folders]
    if workspace.manager == "yarn":
        paths += _YARN
    return tuple(path for path in paths if (workspace.root / path).exists())


def without_modules(workspace: Workspace) -> tuple[str, ...]:
    """Names, sorted, of packages whose scripts run when they are packed, and of whose dependencies nothing is installed."""
    own, hooks, root = workspace.by_name.keys(), {"prepack", "prepare", "prepublishOnly"}, workspace.root
    shared = (root / "node_modules").exists() or (root / ".pnp.cjs").exists()
    return tuple(
        sorted(
            package.name
            for package in workspace.packages
            if not package.private
            and not shared
            and not (root / package.path / "node_modules").exists()
            and any(set(package.table(table)) - own for table in DEPENDENCY_TABLES)
            and hooks & set(package.manifest.get("scripts") or {})
        )
    )


def unresolvable(workspace: Workspace) -> tuple[str, ...]:
    """Names, sorted, of packages that pnpm won't pack: it looks up what ``workspace:`` means in their node_modules."""
    return tuple(
        sorted(
            package.name
            for package in workspace.packages
            if workspace.manager == "pnpm"
            and not package.private
            and not (workspace.root / package.path / "node_modules").exists()
            and any(
                str(spec).startswith("workspace:")
                for table in DEPENDENCY_TABLES
                for spec in package.table(table).values()
            )
        )
    )


def copy_modules(runner: Runner, root: Path, paths: Sequence[str], target: Path) -> None:
    """Copy what was installed below ``root`` to the same places below ``target``; what is in git there already is left alone.

    One ``cp`` process for each path; on Windows it is done here.

    Args:
        runner: starts ``cp``.
        root: the real workspace root; only read.
        paths: as `installed` gives them.
        target: the copy's workspace root.
    """
    for path in paths:
        source, place = root / path, target / path
        if place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy2(source, place)
        elif sys.platform == "win32":
            shutil.copytree(source.resolve(), place, symlinks=True)
        else:
            # BSD's cp clones with -c (APFS), GNU's with --reflink; -R with -P keeps symbolic links.
            flags = ["-cRPp"] if sys.platform == "darwin" else ["--reflink=auto", "-RPp"]
            runner.run(["cp", *flags, f"{source.resolve()}", str(place)], cwd=target)
        if place.is_dir():
            _keep_inside(place, root.resolve(), path)
    _relocate(root, target)


def move_modules(old: Path, new: Path, paths: Sequence[str]) -> None:
    """Move what was copied from one copy of the repository to another on the same disk."""
    for path in paths:
        if (old / path).exists() and not (new / path).exists():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            (old / path).replace(new / path)
    _relocate(old, new)


def _keep_inside(modules: Path, root: Path, path: str) -> None:
    """Make absolute links to members (some package managers write them) relative, so that they lead to the copy's."""
    here = root / path
    for folder in (modules, *(each for each in modules.glob("@*") if each.is_dir() and not each.is_symlink())):
        for link in folder.iterdir():
            if not link.is_symlink():
                continue
            leads_to = link.readlink()
            if leads_to.is_absolute() and leads_to.is_relative_to(root):
                inside = os.path.relpath(leads_to, here / link.relative_to(modules).parent)
                link.unlink()
                link.symlink_to(inside)


def _relocate(old: Path, new: Path) -> None:
    """Yarn's map names a cache outside of the repository by its way from there: from the copy that way is another."""
    path = new / ".pnp.cjs"
    if not path.is_file():
        return

    def moved(match: re.Match[str]) -> str:
        text, escape = match.group(1), match.group(2)
        outside = Path(os.path.normpath(old / text))
        if outside.is_relative_to(old) or not _exists(outside):
            return match.group(0)
        slash = "/" if text.endswith("/") else ""
        way = Path(os.path.relpath(outside, new)).as_posix()
        return f'"{way}{slash}{escape}"'

    before = path.read_text(encoding="utf-8")
    after = _LEAVING.sub(moved, before)
    if after != before:
        path.write_text(after, encoding="utf-8")


def _exists(outside: Path) -> bool:
    """Whether it is there; what lies in a zip file of Yarn's cache counts when the file does."""
    archive = next((each for each in (outside, *outside.parents) if each.suffix == ".zip"), outside)
    return archive.exists()
