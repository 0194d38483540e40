"""Changelog sections about versions that will never exist, named by file and line; nobody but a person edits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.changelog import find_section
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vis_tasks.core.pending import Entry
    from vis_tasks.services.run import Run

__all__ = ["Orphan", "orphan_sections"]


@dataclass(frozen=True)
class Orphan:
    """One section, lines counted from 1, both included."""

    path: str
    first: int
    last: int
    version: str

    @property
    def line(self) -> str:
        """What to do, where."""
        return (
            f"{self.path}:{self.first}: the section {self.version} (to line {self.last}) is about a version that will "
            "never exist; remove it, or merge it into the next one"
        )


def orphan_sections(run: Run, rejected: Iterable[Entry]) -> tuple[Orphan, ...]:
    """Look into the package's CHANGELOG.md for each rejected version. One file read a package."""
    found = []
    for entry in rejected:
        package = run.workspace.by_name.get(entry.name)
        if package is None:
            continue
        path = "CHANGELOG.md" if package.path == "." else f"{package.path}/CHANGELOG.md"
        content = run.tools.files.read(path)
        span = find_section(content.decode("utf-8", errors="replace"), entry.version) if content else None
        if span:
            found.append(Orphan(path, *span, entry.version))
    return tuple(found)
