"""What changesets' pre mode writes: pre.json when it is entered and left, and by each release where used change files go.

Source: `@changesets/pre` 2.0.2 and 3.0.0, ``enterPre``, ``exitPre`` and ``migratePreState``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vis_tasks.core.changesets import PRE_PATH
from vis_tasks.core.edits import FileEdit
from vis_tasks.core.versions import is_valid
from vis_tasks.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.model import Plan, Workspace
    from vis_tasks.core.pre import PreState
    from vis_tasks.core.rules import Rules

__all__ = ["enter_edits", "exit_edits", "pre_edits"]

_FOLDER = ".changeset"


def enter_edits(
    tag: str, pre: PreState | None, rules: Rules, workspace: Workspace, contents: Mapping[str, bytes]
) -> tuple[FileEdit, ...]:
    """Edits that begin pre mode, or begin it again after it was told to exit and before a release did.

    Args:
        tag: prerelease identifier and dist-tag.
        pre: the state before; None outside pre mode.
        rules: 2.x notes the versions before and the used change files in pre.json, 3.x neither.
        workspace: all packages.
        contents: bytes of the change files that ``pre`` calls used, by path, as far as they are there.

    Raises:
        Refused: code ``PRE_MODE``; pre mode is on already.
        UsageError: code ``PRE_MODE``; the tag can't stand in a version.
    """
    if pre is not None and not pre.exiting:
        hint = "`invoke pre.exit` leaves it with the next release"
        raise Refused(f"pre mode is on already, with the tag {pre.tag}", code="PRE_MODE", hint=hint)
    if not is_valid(f"1.0.0-{tag}.0"):
        hint = "use letters, digits and dashes, such as next, beta or rc"
        raise UsageError(f'"{tag}" can\'t be the tag of prereleases', code="PRE_MODE", hint=hint)
    if rules.name == "changesets-3":
        return (*_below_pre(pre, contents), _written({"mode": "pre", "tag": tag}))
    versions = {package.name: package.version for package in workspace.packages if package.version}
    used = list(pre.used) if pre is not None else []
    return (_written({"mode": "pre", "tag": tag, "initialVersions": versions, "changesets": used}),)


def exit_edits(pre: PreState | None, rules: Rules, contents: Mapping[str, bytes]) -> tuple[FileEdit, ...]:
    """Edits that tell pre mode to end with the next release; none where that was said already.

    Args:
        pre: the state before.
        rules: 3.x takes what 2.x noted out of pre.json.
        contents: as for `enter_edits`.

    Raises:
        Refused: code ``PRE_MODE``; pre mode isn't on.
    """
    if pre is None:
        hint = "`invoke pre.enter next` begins it"
        raise Refused("pre mode isn't on: there is no .changeset/pre.json", code="PRE_MODE", hint=hint)
    kept = dict(pre.raw)
    moved: tuple[FileEdit, ...] = ()
    if rules.name == "changesets-3":
        moved = _below_pre(pre, contents)
        kept = {key: value for key, value in kept.items() if key not in {"initialVersions", "changesets"}}
    return () if kept == {**pre.raw, "mode": "exit"} else (*moved, _written({**kept, "mode": "exit"}))


def _below_pre(pre: PreState | None, contents: Mapping[str, bytes]) -> tuple[FileEdit, ...]:
    """3.x keeps used change files below ``pre/``; those that 2.x left in the folder move there."""
    edits: list[FileEdit] = []
    for id_ in pre.used if pre is not None else ():
        path = f"{_FOLDER}/{id_}.md"
        if path in contents:
            edits += [FileEdit(f"{_FOLDER}/pre/{id_}.md", contents[path]), FileEdit(path, None)]
    return tuple(edits)


def _written(document: Mapping[str, object]) -> FileEdit:
    return FileEdit(PRE_PATH, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())


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
    return (_written(document),)
