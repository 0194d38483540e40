"""Which package a file belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vis_tasks.core.model import Package, Workspace

__all__ = ["owners_of"]


def owners_of(workspace: Workspace, files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Changed files by the name of the package they are in; the innermost package owns a file.

    A root package that is a member owns what no other package does. Files of none are left out. O(files x depth).
    """
    by_path: dict[str, Package] = {package.path: package for package in workspace.packages}
    found: dict[str, list[str]] = {}
    for file in files:
        folder = file.rpartition("/")[0]
        while folder and folder not in by_path:
            folder = folder.rpartition("/")[0]
        package = by_path.get(folder or ".")
        if package is not None:
            found.setdefault(package.name, []).append(file)
    return {name: tuple(each) for name, each in found.items()}
