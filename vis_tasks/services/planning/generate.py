"""generate: change files from conventional commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.changes import render_change
from vis_tasks.core.conventional import parse_header, without_reverted
from vis_tasks.core.model import ChangeEntry, Level
from vis_tasks.records import dataclass
from vis_tasks.services.planning.check import changed_packages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vis_tasks.core.conventional import Header
    from vis_tasks.core.model import Change, Workspace
    from vis_tasks.core.selection import Selection
    from vis_tasks.ports import Files
    from vis_tasks.ports.history import Commit, History

__all__ = ["Draft", "drafts", "since_when", "write_drafts"]

_SHA = 10


@dataclass(frozen=True)
class Draft:
    """A change file to write.

    Attributes:
        path: where, relative to the workspace root.
        entries: what it asks for.
        text: the file's content.
        subject: the commit's first line.
    """

    path: str
    entries: tuple[ChangeEntry, ...]
    text: str
    subject: str


def since_when(history: History, since: str | None) -> str | None:
    """The ref to read commits from: as asked; on a branch, where it left the base; on the base branch, the last tag."""
    if since is not None:
        return since
    base = history.base()
    if base is not None and history.commits_since(base):
        return base
    return history.last_tag()


def drafts(
    commits: Sequence[Commit],
    workspace: Workspace,
    config: Selection,
    *,
    folder: str,
    change_dirs: Collection[str],
    existing: Sequence[Change] = (),
) -> tuple[Draft, ...]:
    """One change file per commit that releases something; nothing is written.

    A commit moves the managed packages whose files it changed. One that changed none of them but whose scope is a package's
    name (with or without the npm scope) moves that one. Reverted commits cancel out, and a commit that brought a change file
    of its own, or has one already, is passed over.

    Args:
        commits: oldest first.
        workspace: all packages.
        config: which packages are managed.
        folder: where the files go.
        change_dirs: all folders with change files.
        existing: change files that are there already.
    """
    counting = set(without_reverted((each.sha, each.subject, each.body) for each in commits))
    told = {change.links.get("commit", "") for change in existing} - {""}
    found: list[Draft] = []
    for commit in commits:
        header = parse_header(commit.subject, commit.body)
        if commit.sha not in counting or header is None or header.level is Level.NONE:
            continue
        if any(commit.sha.startswith(sha) for sha in told) or _brought_its_own(commit, change_dirs):
            continue
        names = changed_packages(workspace, config, commit.files, change_dirs) or _by_scope(header, workspace, config)
        if names:
            entries = tuple(ChangeEntry(name, header.level) for name in names)
            text = render_change(entries, f"commit: {commit.sha}\n\n{header.text}")
            found.append(Draft(f"{folder}/commit-{commit.sha[:_SHA]}.md", entries, text, commit.subject))
    return tuple(found)


def _brought_its_own(commit: Commit, change_dirs: Collection[str]) -> bool:
    return any(
        file.endswith(".md") and file.startswith(f"{folder}/") for file in commit.files for folder in change_dirs
    )


def _by_scope(header: Header, workspace: Workspace, config: Selection) -> tuple[str, ...]:
    if not header.scope:
        return ()
    wanted = {scope.strip() for scope in header.scope.split(",")}
    named = [each for each in workspace.packages if each.name in wanted or each.name.rpartition("/")[2] in wanted]
    return changed_packages(workspace, config, [each.manifest_path for each in named], ())


def write_drafts(files: Files, found: Sequence[Draft]) -> tuple[str, ...]:
    """Write what isn't there yet; the paths that were written."""
    return tuple(draft.path for draft in found if files.create(draft.path, draft.text.encode()))
