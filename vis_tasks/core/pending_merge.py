"""Two copies of staged.json made one: by version, never by text."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from vis_tasks.core.pending import SCHEMA, Pending, parse, render
from vis_tasks.records import replace

__all__ = ["merge", "take_over"]

_TAKEN = "takenOver"
_LISTS = ("pending", "approved", "rejected")

K = TypeVar("K")
V = TypeVar("V")


def merge(base: Pending, ours: Pending, theirs: Pending) -> Pending:
    """Replay what we changed since ``base`` on top of ``theirs``, by version, never by text.

    An entry we added or changed wins; an entry we removed is removed; all else is theirs. A version that either side knows as
    approved is not pending any more.
    """
    pending = _merge_list(
        {e.key: e for e in base.pending}, {e.key: e for e in ours.pending}, {e.key: e for e in theirs.pending}
    )
    approved = _merge_list(
        {e.key: e for e in base.approved}, {e.key: e for e in ours.approved}, {e.key: e for e in theirs.approved}
    )
    rejected = _merge_list(
        {s.key: s for s in base.rejected}, {s.key: s for s in ours.rejected}, {s.key: s for s in theirs.rejected}
    )
    gone = {entry.key for entry in approved}
    return Pending(
        pending=tuple(entry for entry in pending if entry.key not in gone),
        approved=tuple(approved),
        rejected=tuple(stone for stone in rejected if stone.key not in gone),
        updated_at=max(ours.updated_at, theirs.updated_at),
        extra={**theirs.extra, **ours.extra},
    )


def take_over(state: Pending, held: Pending, path: str) -> Pending:
    """What another staged.json holds, added by version: what wasn't taken from it before, or has changed there since.

    What was taken is remembered in the file's own ``takenOver``: decided meanwhile, it doesn't come back, and what goes from
    the other file isn't taken away here.

    Args:
        state: what is known.
        held: the other file's content.
        path: where ``state`` is from, for messages.
    """
    kept = state.extra.get(_TAKEN)
    before = (
        parse(json.dumps({"version": SCHEMA, **kept}), f"{path}: {_TAKEN}") if isinstance(kept, dict) else Pending()
    )
    news: dict[str, Any] = {}
    taken: dict[str, Any] = {}
    for which in _LISTS:
        known = {each.key: each for each in getattr(before, which)}
        there = {each.key: each for each in getattr(held, which)}
        news[which] = tuple(each for key, each in there.items() if known.get(key) != each)
        taken[which] = tuple((known | there).values())
    if not any(news.values()):
        return state
    merged = merge(Pending(), Pending(**news), state)
    told = json.loads(render(Pending(**taken)))
    return replace(merged, extra={**state.extra, _TAKEN: {which: told[which] for which in _LISTS if which in told}})


def _merge_list(base: dict[K, V], ours: dict[K, V], theirs: dict[K, V]) -> list[V]:
    changed = {key: value for key, value in ours.items() if base.get(key) != value}
    kept = {key: value for key, value in theirs.items() if key in ours or key not in base}
    return list((kept | changed).values())
