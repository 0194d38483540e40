"""A rehearsal's report as one self-contained HTML page: light and dark, no script, nothing loaded. Imports jinja2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.review.html import render_page
from vis_tasks.adapters.review.words import human

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["rehearsal_page"]

_HERE = Path(__file__).parent


def rehearsal_page(report: Mapping[str, Any], scenarios: Sequence[Mapping[str, Any]], *, made: str) -> str:
    """The page.

    Args:
        report: what the real release would do, as ``--json`` has it.
        scenarios: what was played, likewise.
        made: when, for the page's end.

    Raises:
        vis_tasks.errors.MissingExtra: jinja2 isn't installed.
    """
    bad = [each for each in scenarios if not each["ok"]]
    return render_page(_HERE / "page.html.j2", report=report, scenarios=scenarios, bad=bad, human=human, made=made)
