"""What a rehearsal left behind, in git, at the registry and in staged.json; and whether the promises were kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vis_tasks.core.pending import Pending, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.ports import Git
    from vis_tasks.registry.run import Registry

__all__ = ["Outcome", "lines", "look", "violations"]


@dataclass(frozen=True)
class Outcome:
    """The world after a rehearsal.

    Attributes:
        exits: exit code of each run.
        commits: ``(id, subject)`` on the remote's branch since the start, oldest first.
        tags: new tags on the remote → the commit each points at.
        live: ``name@version`` that went live.
        staged: ``name@version`` still staged at the registry.
        pending: staged.json as the remote's branch has it.
        violations: broken promises.
    """

    exits: tuple[int, ...]
    commits: tuple[tuple[str, str], ...]
    tags: Mapping[str, str]
    live: tuple[str, ...]
    staged: tuple[str, ...]
    pending: Pending
    violations: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "exits": list(self.exits),
            "commits": [{"id": commit, "subject": subject} for commit, subject in self.commits],
            "tags": dict(self.tags),
            "live": list(self.live),
            "staged": list(self.staged),
            "pending": [{"name": e.name, "version": e.version, "reason": e.reason} for e in self.pending.pending],
            "violations": list(self.violations),
        }


def look(
    git: Git,
    registry: Registry,
    *,
    branch: str,
    base: str,
    old_tags: Mapping[str, str],
    staged_at: tuple[str, str],
    exits: Sequence[int],
) -> Outcome:
    """See what there is now.

    Args:
        git: the copy's repository.
        registry: the embedded registry.
        branch: the release branch.
        base: the commit the rehearsal started from.
        old_tags: tags that were there before.
        staged_at: the branch that holds staged.json, and its path there, relative to the workspace root.
        exits: exit codes so far.
    """
    refs = git.remote_refs("origin", branch)
    tip = git.fetch("origin", branch) or base
    where, staged_path = staged_at
    holds = tip if where == branch else git.fetch("origin", where)
    content = git.read(holds, staged_path) if holds else None
    return Outcome(
        exits=tuple(exits),
        commits=tuple(reversed(git.subjects(base, tip))),
        tags={name: commit for name, commit in sorted(refs.tags.items()) if name not in old_tags},
        live=tuple(
            sorted(
                f"{each.name}@{each.version}" for each in registry.audit() if each.action in {"approved", "published"}
            )
        ),
        staged=tuple(sorted(f"{item.name}@{item.version}" for item in registry.stages())),
        pending=parse(content.decode(), staged_path) if content else Pending(),
    )


def violations(outcome: Outcome, tag_of: Mapping[str, str], integrity_of: Mapping[str, str]) -> tuple[str, ...]:
    """Which promises were broken; none is the only good answer.

    Args:
        outcome: what there is.
        tag_of: ``name@version`` → its tag.
        integrity_of: ``name@version`` → integrity of the live bytes, as the registry has it.
    """
    broken = [f"a run ended with exit code {code}" for code in outcome.exits if code]
    spec_of = {tag: spec for spec, tag in tag_of.items()}
    broken += [f"the tag {tag} names no live version" for tag in outcome.tags if spec_of.get(tag) not in outcome.live]
    broken += [f"{spec} is live without its tag" for spec in outcome.live if tag_of.get(spec) not in outcome.tags]
    known = {entry.spec for entry in outcome.pending.pending}
    broken += [f"{spec} is staged but staged.json forgot it" for spec in outcome.staged if spec not in known]
    broken += [
        f"{entry.spec} is recorded with other bytes than are live"
        for entry in outcome.pending.approved
        if entry.integrity and integrity_of.get(entry.spec, entry.integrity) != entry.integrity
    ]
    return tuple(broken)


def lines(outcome: Outcome) -> tuple[str, ...]:
    """The outcome for people."""
    text = ["In git (the copy's remote):"]
    text += [f"  {commit[:8]} {subject}" for commit, subject in outcome.commits] or ["  no new commit"]
    text += [f"  tag {tag} → {commit[:8]}" for tag, commit in outcome.tags.items()] or ["  no new tag"]
    text += ["At the registry (embedded):"]
    text += [f"  live    {spec}" for spec in outcome.live]
    text += [f"  staged  {spec}" for spec in outcome.staged]
    text += [] if outcome.live or outcome.staged else ["  nothing new"]
    text += ["In staged.json:"]
    text += [f"  {entry.spec} ({entry.reason})" for entry in outcome.pending.pending]
    text += [f"  {stone.name}@{stone.version} will not be staged again by itself" for stone in outcome.pending.rejected]
    text += ["  (no such file: nothing is pending)"] if outcome.pending.empty else []
    return tuple(text)
