"""One tag to make, as the rooms around `tag` hand it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from vis_tasks.core.pending import Entry

__all__ = ["Tagging"]


@dataclass(frozen=True)
class Tagging:
    """One tag to make.

    Attributes:
        entry: the live version.
        tag: the tag's name.
        commit: the commit its bytes were built from.
    """

    entry: Entry
    tag: str
    commit: str
