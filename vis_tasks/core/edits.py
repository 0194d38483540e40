"""What a plan writes, file by file, as data. Nothing is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.changelog import insert_section
from vis_tasks.core.jsontext import replace_strings
from vis_tasks.core.notes import Links, render_section
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from vis_tasks.core.model import Package, Plan, Release, Workspace

__all__ = ["FileEdit", "changelog_path", "edits_for", "needed_files"]


@dataclass(frozen=True)
class FileEdit:
    """One file to write or remove.

    Attributes:
        path: relative to the workspace root, POSIX style.
        content: the whole new content; None removes the file.
    """

    path: str
    content: bytes | None


def changelog_path(package: Package) -> str:
    """Where the package's changelog is, relative to the workspace root."""
    return "CHANGELOG.md" if package.path == "." else f"{package.path}/CHANGELOG.md"


def _edited(workspace: Workspace, plan: Plan) -> list[Package]:
    names = {release.name for release in plan.releases} | set(plan.ranges)
    root = workspace.root_package
    found = [package for package in workspace.packages if package.name in names]
    return found + ([root] if root is not None and (root.name or ".") in names else [])


def needed_files(workspace: Workspace, plan: Plan) -> tuple[str, ...]:
    """The files `edits_for` has to see: each edited package.json, and the changelog of each release (which may not exist)."""
    manifests = [package.manifest_path for package in _edited(workspace, plan)]
    return (*manifests, *(changelog_path(workspace.by_name[release.name]) for release in plan.releases))


def edits_for(
    workspace: Workspace,
    files: Mapping[str, bytes],
    plan: Plan,
    *,
    date: date,
    style: str = "default",
    links: Links | None = None,
    changelogs: bool = True,
    keep_changes: bool = False,
) -> tuple[FileEdit, ...]:
    """Everything a plan writes: package.json versions and ranges, changelog sections, and change files removed.

    Only files that differ are in the answer. Inside a package.json nothing but the values moves: indent, line ends, key order,
    byte order mark and final newline stay.

    Args:
        workspace: the packages the plan was made from.
        files: content by path, at least of `needed_files` (missing changelogs are made).
        plan: what to write.
        date: day of the release, for changelogs that show it.
        style: changelog style, one of `vis_tasks.core.notes.STYLES`.
        links: addresses for the style ``"links"``.
        changelogs: write changelogs at all.
        keep_changes: leave change files where they are (prereleases whose notes are needed again).
    """
    edits: list[FileEdit] = []
    for package in _edited(workspace, plan):
        release = None if package is workspace.root_package else plan.by_name.get(package.name)
        edits.extend(_manifest_edit(package, release, files[package.manifest_path], plan))
    if changelogs:
        for release in plan.releases:
            package = workspace.by_name[release.name]
            path = changelog_path(package)
            before = files.get(path, b"")
            addition = render_section(release, package, plan, date=date, style=style, links=links)
            text = insert_section(before.decode(errors="surrogateescape"), package.name, addition, release.new)
            after = text.encode(errors="surrogateescape")
            if after != before:
                edits.append(FileEdit(path, after))
    if not keep_changes:
        edits.extend(FileEdit(change.path, None) for change in plan.changes)
    return tuple(edits)


def _manifest_edit(package: Package, release: Release | None, content: bytes, plan: Plan) -> tuple[FileEdit, ...]:
    values: dict[tuple[str, ...], str] = {}
    if release is not None:
        values["version",] = release.new
    for table, ranges in plan.ranges.get(package.name or ".", {}).items():
        for name, range_ in ranges.items():
            values[table, name] = range_
    after = replace_strings(content.decode("utf-8"), values).encode()
    return (FileEdit(package.manifest_path, after),) if after != content else ()
