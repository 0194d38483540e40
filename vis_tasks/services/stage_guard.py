"""The pending-stage guard: no new version of a package while an older one still waits for its decision.

Two pending tarballs of one package could be approved out of order, or the older one be orphaned with a changelog section
that names it. The same version again is not a conflict: that is the wave being resumed. Granularity is per package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.decision import Liveness, same_bytes
from vis_tasks.errors import Failed, Refused
from vis_tasks.ports import Live, Unknown
from vis_tasks.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vis_tasks.core.pending import Entry
    from vis_tasks.services.run import Run

__all__ = ["check_pending_stages", "compare", "liveness", "mismatch", "refusal", "tell_unproven", "with_hash"]


def check_pending_stages(run: Run) -> None:
    """Compare the plan with staged.json; heal entries that were approved behind our back, refuse the rest.

    Costs one request for each entry in the way, none when there is none.

    Raises:
        vis_tasks.errors.Refused: code ``STAGE_PENDING``.
        vis_tasks.errors.Failed: code ``MISMATCH``: what went live is not what was staged.
    """
    state = run.state.pending()
    in_the_way = [
        entry
        for entry in state.pending
        if (planned := run.plan.by_name.get(entry.name)) is not None and planned.new != entry.version
    ]
    left = []
    for entry in in_the_way:
        live, found = compare(run, entry)
        if live in {Liveness.SAME, Liveness.UNVERIFIED}:
            run.tools.console.detail(f"{entry.spec} was approved in the meantime; its tag will be made")
            tell_unproven(run, entry)
            if not run.plan_only:
                hashed = with_hash(entry, found)
                run.state.change(lambda old, hashed=hashed: old.approve(hashed))  # type: ignore[misc]
        elif live is Liveness.DIFFERENT:
            raise mismatch(entry, found)
        else:
            left.append(entry)
    if left:
        raise refusal("version", left)


def liveness(run: Run, entry: Entry) -> Liveness:
    """Whether a staged version is live, compared with what was staged. One request."""
    return compare(run, entry)[0]


def compare(run: Run, entry: Entry) -> tuple[Liveness, Live | None]:
    """Whether a staged version is live, compared with what was staged; and what is live. One request."""
    found = run.npm.reader(entry.registry or _url(run, entry)).live(entry.name, entry.version)
    if isinstance(found, Live):
        same = same_bytes(
            integrity=entry.integrity,
            shasum=entry.shasum,
            live_integrity=found.integrity,
            live_shasum=found.shasum,
        )
        return same, found
    return (Liveness.UNKNOWN if isinstance(found, Unknown) else Liveness.NO), None


def with_hash(entry: Entry, live: Live | None) -> Entry:
    """What was compared by its sha1 alone learns the stronger hash from what is live: its tag names it."""
    return entry if entry.integrity or live is None else replace(entry, integrity=live.integrity)


def tell_unproven(run: Run, entry: Entry) -> None:
    """Say that a version counts as approved though nothing recorded which bytes were staged; silent where something did.

    An entry put in by hand has no hash until the list shows its stage.
    """
    if entry.integrity is None and entry.shasum is None:
        run.tools.console.warning(
            f"{entry.spec} is live, and nothing recorded which bytes were staged: they could not be compared. "
            f"It gets its tag all the same.\nLook at what is live: `npm view {entry.spec} dist.integrity`"
        )


def _url(run: Run, entry: Entry) -> str:
    package = run.workspace.by_name.get(entry.name)
    return run.npm.url_for(entry.name, package.manifest if package else {})


def mismatch(entry: Entry, found: Live | None = None) -> Failed:
    """What went live is not what was staged."""
    live = (found.integrity or found.shasum) if found else None
    return Failed(
        f"{entry.spec} is live with other bytes than were staged\n"
        f"  staged: {entry.integrity or entry.shasum}\n  live:   {live or 'different'}",
        code="MISMATCH",
        hint="find out who published it before anyone installs it; it gets no tag. `invoke stage.reject` drops the entry",
        details={"package": entry.name, "version": entry.version, "staged": entry.integrity, "live": live},
    )


def refusal(verb: str, entries: Iterable[Entry]) -> Refused:
    """The refusal, word for word."""
    entries = tuple(entries)
    lines = [f"Refusing to {verb} — {len(entries)} package(s) have a pending stage from a prior wave:"]
    lines += [f"• {entry.spec} — {_what(entry)} ({entry.reason}, recorded {entry.staged_at})" for entry in entries]
    return Refused(
        "\n".join(lines),
        code="STAGE_PENDING",
        hint="Retry once it can be installed: that run makes its tag by itself."
        if all(entry.published and entry.reason != "blocked" for entry in entries)
        else f"Rejected: drop them (`invoke stage.reject {' '.join(entry.spec for entry in entries)}`), commit the updated "
        "staged.json, then retry; or stage the same version again (`invoke stage.restage <name>`)."
        if all(entry.reason == "rejected" for entry in entries)
        else "Resolve via `invoke stage.approve <id>` / `--all` or `invoke stage.reject <id>`, commit the updated "
        "staged.json, then retry.",
        details={"pending": [{"id": entry.id, "name": entry.name, "version": entry.version} for entry in entries]},
    )


def _what(entry: Entry) -> str:
    return "published, not installable yet" if entry.published else f"stage {entry.stage}"
