"""The graph as text, Mermaid or data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.targets import Due
from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.services.make import Explained

__all__ = ["as_document", "render"]


def render(found: Sequence[Explained], form: str) -> tuple[str, ...]:
    """Lines to print.

    Raises:
        vis_tasks.errors.UsageError: an unknown form.
    """
    if form == "text":
        return _text(found)
    if form == "mermaid":
        return _mermaid(found)
    raise UsageError(f"there is no format {form!r}", hint="use --format=text or --format=mermaid")


def _text(found: Sequence[Explained]) -> tuple[str, ...]:
    width = max((len(each.name) for each in found), default=0)
    lines = []
    for each in found:
        due = isinstance(each.state, Due)
        needs = f"  (needs {', '.join(each.needs)})" if each.needs else ""
        lines.append(
            f"{'•' if due else '✓'} {each.name.ljust(width)}  {'due' if due else 'up to date'}: {each.state.reason}{needs}"
        )
        if isinstance(each.state, Due):
            lines += [f"    {action}" for action in each.state.actions]
    return tuple(lines)


def _mermaid(found: Sequence[Explained]) -> tuple[str, ...]:
    ids = {each.name: f"t{number}" for number, each in enumerate(found)}
    lines = ["flowchart LR"]
    for each in found:
        mark = "due" if isinstance(each.state, Due) else "fresh"
        reason = each.state.reason.replace('"', "'").replace("<", "&lt;").replace(">", "&gt;")
        lines.append(f'  {ids[each.name]}["{each.name}<br/>{reason}"]:::{mark}')
    lines += [f"  {ids[need]} --> {ids[each.name]}" for each in found for need in each.needs if need in ids]
    lines += ["  classDef due fill:#fff3d6,stroke:#b77900", "  classDef fresh fill:#e6f6e6,stroke:#2f7d32"]
    return tuple(lines)


def as_document(found: Sequence[Explained]) -> list[dict[str, Any]]:
    """The same as plain JSON values."""
    return [
        {
            "target": each.name,
            "needs": list(each.needs),
            "state": "due" if isinstance(each.state, Due) else "up to date",
            "reason": each.state.reason,
            "actions": list(each.state.actions) if isinstance(each.state, Due) else [],
        }
        for each in found
    ]
