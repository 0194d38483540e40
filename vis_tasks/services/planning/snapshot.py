"""snapshot: throw-away versions of a branch, written into the package.json files and nowhere else; they are never staged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.selection import managed
from vis_tasks.core.snapshots import is_snapshot
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vis_tasks.core.edits import FileEdit
    from vis_tasks.core.model import Package
    from vis_tasks.services.run import Run

__all__ = ["managed_snapshots", "refuse_snapshots", "write_snapshot"]


def write_snapshot(run: Run, edits: Iterable[FileEdit]) -> tuple[str, ...]:
    """Write the package.json files; nothing is committed, and change files and changelogs stay. The paths that changed."""
    written: list[str] = []
    for edit in edits:
        if edit.content is not None:
            run.tools.files.write(edit.path, edit.content)
            written.append(edit.path)
    run.forget("workspace", "plan")
    return tuple(written)


def managed_snapshots(run: Run) -> tuple[Package, ...]:
    """Packages of the release that stand at a snapshot's version."""
    return tuple(
        package
        for package in managed(run.workspace, run.release)
        if not package.private and is_snapshot(package.version)
    )


def refuse_snapshots(packages: Iterable[Package]) -> None:
    """Let no snapshot go further.

    Raises:
        Refused: code ``SNAPSHOT``, with every version and the way back.
    """
    found = [package for package in packages if is_snapshot(package.version)]
    if not found:
        return
    listed = "\n".join(f"  • {package.name}@{package.version} ({package.manifest_path})" for package in found)
    paths = " ".join(package.manifest_path for package in found[:3]) + (" …" if len(found) > 3 else "")
    raise Refused(
        f"snapshots are for trying out and are never staged:\n{listed}",
        code="SNAPSHOT",
        hint=f"`git restore {paths}` (or revert the commit that brought them), then run again",
        details={"snapshots": [f"{package.name}@{package.version}" for package in found]},
    )
