"""What came of the scenarios, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.errors import VisError
    from vis_tasks.registry.run import Registry
    from vis_tasks.services.rehearsal.director import Director
    from vis_tasks.services.rehearsal.promises import Facts

__all__ = ["Played", "document", "gather", "lines", "summary", "table"]


@dataclass(frozen=True)
class Played:
    """One scenario that was played.

    Attributes:
        name: its name.
        doc: one line.
        seconds: how long it took.
        exits: exit code of each release.
        broken: broken promises; none is the only good answer.
        facts: what there was at its end; None when it broke off.
        documents: what each release printed as JSON.
        tarballs: ``name@version`` → bytes of what was uploaded and is live or staged at the end.
        error: why it broke off.
        lines: what was said meanwhile, when it wasn't shown.
    """

    name: str
    doc: str
    seconds: float
    exits: tuple[int, ...] = ()
    broken: tuple[str, ...] = ()
    facts: Facts | None = None
    documents: tuple[dict[str, Any], ...] = ()
    tarballs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    error: VisError | None = None
    lines: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        return not self.broken and self.error is None


def gather(
    name: str, doc: str, seconds: float, director: Director, error: VisError | None, said: Sequence[str], *, facts: bool
) -> Played:
    """Put together what a director has seen.

    Args:
        name: the scenario.
        doc: one line.
        seconds: how long it took.
        director: who played it.
        error: why it broke off.
        said: what was said and not shown.
        facts: whether to look at the remote and the registry once more.
    """
    return Played(
        name,
        doc,
        seconds,
        tuple(director.exits),
        tuple(dict.fromkeys(director.broken)),
        director.facts() if facts else None,
        tuple(director.documents),
        _tarballs(director.registry) if facts else {},
        error,
        tuple(said),
    )


def _tarballs(registry: Registry) -> dict[str, bytes]:
    found = {}
    for item in registry.stages():
        found[f"{item.name}@{item.version}"] = registry.store.tarballs.read(item.blob)
    for line in registry.audit():
        if line.action in {"approved", "published"} and line.version in registry.versions(line.name):
            found[f"{line.name}@{line.version}"] = registry.tarball(line.name, line.version)
    return found


def document(played: Played) -> dict[str, Any]:
    """One scenario as plain JSON values."""
    facts = played.facts
    told: dict[str, Any] = {
        "scenario": played.name,
        "doc": played.doc,
        "ok": played.good,
        "seconds": round(played.seconds, 1),
        "exits": list(played.exits),
        "violations": list(played.broken),
    }
    if played.error is not None:
        told["stopped"] = {"code": played.error.code, "message": played.error.message, "hint": played.error.hint}
    if facts is not None:
        told |= {
            "commits": [{"id": commit, "subject": subject} for commit, subject in facts.commits],
            "tags": {name: tag.commit for name, tag in sorted(facts.tags.items())},
            "live": sorted(facts.live),
            "staged": sorted(facts.stages),
            "pending": [
                {"name": entry.get("name"), "version": entry.get("version"), "reason": entry.get("reason")}
                for entry in facts.entries("pending").values()
            ],
        }
    return told


def lines(played: Played) -> tuple[str, ...]:
    """What one scenario left, in git, at the registry and in staged.json."""
    facts = played.facts
    if facts is None:
        return ()
    text = ["In git (the copy's remote):"]
    text += [f"  {commit[:8]} {subject}" for commit, subject in facts.commits] or ["  no new commit"]
    text += [f"  tag {name} → {tag.commit[:8]}" for name, tag in sorted(facts.tags.items())] or ["  no new tag"]
    text += ["At the registry (embedded):"]
    text += [f"  live    {spec}" for spec in sorted(facts.live)]
    text += [f"  staged  {spec}" for spec in sorted(facts.stages)]
    text += [] if facts.live or facts.stages else ["  nothing new"]
    text += ["In staged.json:"]
    text += [f"  {spec} ({entry.get('reason')})" for spec, entry in facts.entries("pending").items()]
    text += [f"  {spec} will not be staged again by itself" for spec in facts.entries("rejected")]
    text += [] if facts.state else ["  (no such file: nothing is pending)"]
    return tuple(text)


def summary(played: Played) -> str:
    """One scenario in a line."""
    trouble = len(played.broken) + (played.error is not None)
    how = "every promise was kept" if played.good else f"{trouble} promise(s) broken"
    return f"{played.name} ({played.seconds:.1f} s): {how}"


def table(played: Sequence[Played]) -> tuple[str, ...]:
    """All scenarios as a table, and below it what was broken."""
    rows = [("scenario", "runs", "live", "tags", "pending", "seconds", "promises")]
    for each in played:
        facts = each.facts
        rows.append(
            (
                each.name,
                " ".join(map(str, each.exits)) or "—",
                str(len(facts.live)) if facts else "—",
                str(len(facts.tags)) if facts else "—",
                str(len(facts.entries("pending"))) if facts else "—",
                f"{each.seconds:.1f}",
                "kept" if each.good else "BROKEN",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return tuple(text)
