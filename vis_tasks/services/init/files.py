"""One file, before and after."""

from __future__ import annotations

import difflib

from vis_tasks.records import dataclass

__all__ = ["FileChange"]


@dataclass(frozen=True)
class FileChange:
    """One file.

    Attributes:
        path: from the workspace root.
        before: what stands there; None for nothing.
        after: what would; None for nothing.
        why: what it is for.
    """

    path: str
    before: bytes | None
    after: bytes | None
    why: str

    @property
    def state(self) -> str:
        """``new``, ``changed`` or ``removed``."""
        if self.before is None:
            return "new"
        return "removed" if self.after is None else "changed"

    def diff(self) -> str:
        """The change as a unified diff; of a new file its text."""
        after = (self.after or b"").decode("utf-8", errors="replace")
        if self.before is None:
            return after
        before = self.before.decode("utf-8", errors="replace")
        found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
        return "\n".join(list(found)[2:])
