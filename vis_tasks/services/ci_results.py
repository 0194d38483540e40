"""What a release leaves for the steps and jobs after it: outputs by package, and links on GitLab's job page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.services.pages import page_of

if TYPE_CHECKING:
    from vis_tasks.services.run import Run

__all__ = ["link_sections", "step_outputs"]

_UNDECIDED = frozenset({"waiting", "timeout"})


def step_outputs(run: Run) -> dict[str, Any]:
    """Lists of ``name@version``, and of tags: ``published``, ``pending``, ``failed``, ``tags``.

    Args:
        run: the run, at its end.
    """
    report = run.report
    pending = [entry.spec for entry in run.state.pending().pending if entry.reason in _UNDECIDED]
    return {
        "published": [f"{each.name}@{each.version}" for each in report.of("published")],
        "pending": pending,
        "failed": [f"{each.name}@{each.version}" for each in report.of("failed")],
        "tags": list(report.tags),
    }


def link_sections(run: Run) -> dict[str, list[tuple[str, str]]]:
    """Sections of links, each ``(label, address)``: where to approve what waits, and the releases that were made.

    Args:
        run: the run, at its end.
    """
    waiting = [entry for entry in run.state.pending().pending if entry.reason in _UNDECIDED]
    pages = [(f"{entry.spec} → {entry.tag}", page) for entry in waiting if (page := page_of(run, entry))]
    releases = [(url.rstrip("/").rpartition("/")[2] or url, url) for url in run.report.releases]
    return {title: links for title, links in (("Approve", pages), ("Releases", releases)) if links}
