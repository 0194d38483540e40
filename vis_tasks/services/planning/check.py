"""check: does every changed package have a change file? For hooks and CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.ownership import owners_of
from vis_tasks.core.selection import managed
from vis_tasks.errors import Refused, UsageError
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vis_tasks.core.model import Change, Workspace
    from vis_tasks.core.selection import Selection
    from vis_tasks.ports.history import History

__all__ = ["Coverage", "base_ref", "changed_packages", "cover", "demand"]


@dataclass(frozen=True)
class Coverage:
    """What `check` found.

    Attributes:
        since: the ref that changes are counted from.
        changed: managed packages with changed files, in path order.
        covered: those that a change file of this branch names.
        missing: those that none names; empty when an empty change file of this branch says that nothing is to be released.
        changes: ids of the change files of this branch.
    """

    since: str
    changed: tuple[str, ...]
    covered: tuple[str, ...]
    missing: tuple[str, ...]
    changes: tuple[str, ...]


def base_ref(history: History, since: str | None) -> str:
    """The ref to count from: as asked, else where this branch left the base branch.

    Raises:
        UsageError: code ``NO_REF``; there is no base branch to compare with.
    """
    found = since or history.base()
    if found is None:
        hint = "fetch the base branch, set base-branch in vis.toml, or name a commit with --since"
        raise UsageError("there is no base branch here to compare with", code="NO_REF", hint=hint)
    return found


def changed_packages(
    workspace: Workspace, config: Selection, files: Sequence[str], change_dirs: Collection[str]
) -> tuple[str, ...]:
    """Managed packages with changed files; what lies in the change folders doesn't count."""
    outside = [file for file in files if not any(file.startswith(f"{folder}/") for folder in change_dirs)]
    owners = owners_of(workspace, outside)
    return tuple(package.name for package in managed(workspace, config) if package.name in owners)


def cover(
    workspace: Workspace,
    changes: Sequence[Change],
    config: Selection,
    history: History,
    *,
    since: str | None,
    change_dirs: Collection[str],
) -> Coverage:
    """Compare the packages this branch changed with the change files it adds or edits.

    A change file of any level covers the packages it names, ``none`` included. An empty change file covers everything.
    """
    ref = base_ref(history, since)
    files = history.changed_since(ref)
    changed = changed_packages(workspace, config, files, change_dirs)
    mine = [change for change in changes if change.path in set(files)]
    named = {entry.name for change in mine for entry in change.entries}
    everything = any(not change.entries for change in mine)
    missing = () if everything else tuple(name for name in changed if name not in named)
    covered = tuple(name for name in changed if name not in missing)
    return Coverage(ref, changed, covered, missing, tuple(change.id for change in mine))


def demand(coverage: Coverage) -> None:
    """Refuse when a changed package has no change file.

    Raises:
        Refused: code ``CHANGE_MISSING``, with the command that writes one.
    """
    if not coverage.missing:
        return
    listed = "\n".join(f"  • {name}" for name in coverage.missing)
    count = len(coverage.missing)
    what = f"{count} changed package{'s have' if count > 1 else ' has'} no change file:\n{listed}"
    asked = ",".join(f"{name}:patch" for name in coverage.missing)
    hint = f"`invoke add --packages '{asked}' --message '…'`, or `invoke add --empty` when nothing is to be released"
    raise Refused(what, code="CHANGE_MISSING", hint=hint, details={"missing": list(coverage.missing)})
