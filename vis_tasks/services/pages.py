"""Where a stage is reviewed in a browser, for messages and reports: they are never the reason that something fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import VisError
from vis_tasks.services.readings import registry_of

if TYPE_CHECKING:
    from vis_tasks.core.pending import Entry
    from vis_tasks.services.run import Run

__all__ = ["page_of"]


def page_of(run: Run, entry: Entry) -> str | None:
    """The page's address; None when it isn't known, or npm can't be asked for its configuration."""
    try:
        url = registry_of(run, entry)
        return run.npm.review_page(url, name=entry.name, version=entry.version, stage_id=entry.id)
    except VisError:
        return None
