"""What a check found, and how it is told."""

from __future__ import annotations

from vis_tasks.records import dataclass

__all__ = ["FAIL", "PASS", "WARN", "Finding"]

PASS, WARN, FAIL = "pass", "warn", "fail"


@dataclass(frozen=True)
class Finding:
    """One answer.

    Attributes:
        id: stable, such as ``npm.version``.
        status: ``pass``, ``warn`` or ``fail``.
        text: what is so.
        hint: how to mend it; empty for a pass.
    """

    id: str
    status: str
    text: str
    hint: str = ""

    def line(self) -> str:
        """As it is printed."""
        return f"[{self.status}] {self.id} — {self.text}" + (f"\n  {self.hint}" if self.hint else "")
