"""The log of decisions: who staged, published, approved or rejected what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vis_tasks.registry.clock import iso

if TYPE_CHECKING:
    from vis_tasks.registry.database import Database
    from vis_tasks.registry.settings import Settings

__all__ = ["Audit", "Decision"]

Action = Literal["staged", "published", "approved", "rejected"]


@dataclass(frozen=True)
class Decision:
    """One line of the log; ``at`` is ISO 8601, UTC, milliseconds."""

    at: str
    action: Action
    actor: str
    name: str
    version: str
    stage_id: str | None
    tag: str | None


class Audit:
    """Append-only; written in the same transaction as what it tells of."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings

    def record(
        self,
        action: Action,
        actor: str,
        name: str,
        version: str,
        *,
        stage_id: str | None = None,
        tag: str | None = None,
    ) -> None:
        """Add a line."""
        self._db.execute(
            "INSERT INTO audit (at, action, actor, package, version, stage_id, tag) VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._settings.now(), action, actor, name, version, stage_id, tag,
        )  # fmt: skip

    def decisions(self, limit: int = -1) -> list[Decision]:
        """The last ``limit`` lines (all when negative), oldest first."""
        rows = self._db.rows("SELECT * FROM audit ORDER BY id DESC LIMIT ?", limit)
        return [
            Decision(
                iso(row["at"]), row["action"], row["actor"], row["package"], row["version"], row["stage_id"], row["tag"]
            )
            for row in reversed(rows)
        ]
