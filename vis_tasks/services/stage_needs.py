"""What a staged version needs that is still staged itself: approved alone it would be live and not installable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.services.tag import served_without

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.services.run import Run

__all__ = ["dependents_of", "needs_of"]

_TABLES = ("dependencies", "peerDependencies", "optionalDependencies")


def needs_of(
    run: Run, entry: Entry, chosen: Sequence[Entry], *, approved: Collection[tuple[str, str]]
) -> tuple[str, ...]:
    """Staged versions of the workspace that this one's ranges need and that are not approved; one ``ls-remote`` a run at most.

    Args:
        run: the run.
        entry: who needs.
        chosen: what is being decided in this run.
        approved: names and versions that were approved in this run.
    """
    open_ = {other.key: other for other in (*run.state.pending().pending, *chosen) if other.key not in approved}
    return tuple(
        sorted(
            other.spec
            for other in open_.values()
            if other.name != entry.name
            and (spec := _range(run, entry, other.name)) is not None
            and not served_without(run, other, spec)
        )
    )


def dependents_of(run: Run, entry: Entry, staged: Sequence[Entry]) -> tuple[str, ...]:
    """Staged versions whose ranges need this one."""
    return tuple(
        sorted(
            other.spec
            for other in staged
            if other.name != entry.name
            and (spec := _range(run, other, entry.name)) is not None
            and not served_without(run, entry, spec)
        )
    )


def _range(run: Run, entry: Entry, dependency: str) -> str | None:
    """The range by which the version on disk needs another package; None when another version is on disk."""
    package = run.workspace.by_name.get(entry.name)
    if package is None or package.version != entry.version:
        return None
    return next((package.table(table)[dependency] for table in _TABLES if dependency in package.table(table)), None)
