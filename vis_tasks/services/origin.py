"""Where a version came from: which commit brought it, and whether a release of ours did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vis_tasks.services.catch_up import is_chore

if TYPE_CHECKING:
    from vis_tasks.core.model import Package
    from vis_tasks.services.run import Run

__all__ = ["built_from", "commit_that_brought", "is_ours"]

_HISTORY = 200


def commit_that_brought(run: Run, package: Package) -> str | None:
    """The oldest commit, in an unbroken run back from HEAD, whose package.json has the present version.

    Costs one ``git log`` and a ``git show`` per commit that touched the file since.
    """
    brought = None
    for commit in run.tools.git.commits_touching(package.manifest_path, limit=_HISTORY):
        content = run.tools.git.read(commit, package.manifest_path)
        if _version(content) != package.version:
            break
        brought = commit
    return brought


def built_from(run: Run, package: Package, commit: str) -> str:
    """The commit to tag for bytes that were packed at ``commit``: our own chores on top changed nothing in them.

    So a wave that is taken up after ``chore(release): record …`` is tagged where it would have been without the interruption.
    Free right after the version step; else a ``git log`` and a ``git show`` per commit that touched the package.json since.
    """
    step = run.state.journal().versioning if run.state.has_journal() else None
    if step is not None and step.commit == commit:
        return commit
    brought = commit_that_brought(run, package)
    if brought is None or brought == commit:
        return commit
    since = run.tools.git.subjects(brought, commit)
    return next((each for each, subject in since if not is_chore(subject)), brought)


def is_ours(run: Run, package: Package) -> bool:
    """Whether the version was brought by a release: the journal says so, or its commit used up change files."""
    spec = f"{package.name}@{package.version}"
    if run.state.has_journal():
        journal = run.state.journal()
        if spec in journal.intents or spec in journal.applied or spec in journal.published:
            return True
    commit = commit_that_brought(run, package)
    if commit is None:
        return False
    removed = run.tools.git.removed_in(commit, run.release.changes_dir)
    return any(path.endswith(".md") for path in removed)


def _version(content: bytes | None) -> str | None:
    if content is None:
        return None
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except ValueError:
        return None
    return str(data.get("version")) if isinstance(data, dict) else None
