"""What a release would do, as Markdown for the people who review a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vis_tasks.core.model import Plan

__all__ = ["MARKER", "plan_markdown"]

MARKER = "<!-- vis-tasks: release plan -->"

_MOST_ROWS = 200


def plan_markdown(plan: Plan, table: Callable[[Sequence[str], Sequence[Sequence[str]]], str]) -> str:
    """The plan as a table.

    Args:
        plan: what a release of this tree would do.
        table: makes a Markdown table of plain text.
    """
    if not plan.releases:
        return "### Release plan\n\nMerging this releases nothing: there are no change files.\n"
    rows = [
        (each.name, each.old, each.new, str(each.level), each.reasons[0].text if each.reasons else "")
        for each in plan.releases[:_MOST_ROWS]
    ]
    count = len(plan.releases)
    more = f"\n… and {count - _MOST_ROWS} more.\n" if count > _MOST_ROWS else ""
    head = f"### Release plan\n\nThe next release brings {count} package{'' if count == 1 else 's'}:\n\n"
    return head + table(("package", "now", "next", "level", "because"), rows) + more
