"""What a release writes in changesets' pre mode, besides versions: pre.json, and where used change files go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vis_tasks.core.changesets import PRE_PATH
from vis_tasks.core.edits import FileEdit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.model import Plan, Workspace
    from vis_tasks.core.pre import PreState
    from vis_tasks.core.rules import Rules

__all__ = ["pre_edits"]

_FOLDER = ".changeset"


def pre_edits(
    pre: PreState, rules: Rules, plan: Plan, workspace: Workspace, contents: Mapping[str, bytes]
) -> tuple[FileEdit, ...]:
    """Edits for the change files and pre.json; use them with ``edits_for(…, keep_changes=True)``.

    While prereleases are made, 2.x notes used ids in pre.json and 3.x moves the files below ``pre/``. On the way out both remove
    pre.json and the change files.

    Args:
        pre: the state before.
        rules: whose habits to follow.
        plan: the release.
        workspace: packages before the release, for the versions that 2.x notes.
        contents: the change files' bytes by path (3.x moves them).
    """
    if pre.exiting:
        return (FileEdit(PRE_PATH, None), *(FileEdit(change.path, None) for change in plan.changes))
    if rules.name == "changesets-3":
        edits: list[FileEdit] = []
        for change in plan.changes:
            folder, _, name = change.path.rpartition("/")
            moved = f"{_FOLDER}/pre/{name}" if folder == _FOLDER else f"{folder}/pre/{name}"
            edits += [FileEdit(moved, contents[change.path]), FileEdit(change.path, None)]
        return tuple(edits)
    used = list(dict.fromkeys([*pre.used, *(change.id for change in plan.changes)]))
    versions = {
        **{package.name: package.version for package in workspace.packages if package.version},
        **pre.initial_versions,
    }
    document = {**pre.raw, "mode": pre.mode, "tag": pre.tag, "initialVersions": versions, "changesets": used}
    return (FileEdit(PRE_PATH, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()),)
