"""The state files below ``.vis/release/``: staged.json (in git) and .state.json (not)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from vis_tasks.core import pending as staged
from vis_tasks.core.pending import Pending
from vis_tasks.core.wave import Journal, parse_journal, render_journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from vis_tasks.ports import Clock, Files

__all__ = ["StateFiles", "is_temporary", "seconds_since", "timestamp"]

_ASIDE = "setAside"


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, as npm and JavaScript write it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def is_temporary(path: str) -> bool:
    """Whether a file is the half of an atomic write that a kill left behind (`vis_tasks.ports.Files.write`)."""
    name = path.rpartition("/")[2]
    return name.startswith(".") and name.endswith(".tmp")


def seconds_since(moment: str | None, now: datetime) -> float:
    """Seconds from a `timestamp` until now; 0 for none, for one in the future, and for one that can't be read."""
    try:
        return max(0.0, (now - datetime.fromisoformat(moment)).total_seconds()) if moment else 0.0
    except (ValueError, TypeError):
        return 0.0


class StateFiles:
    """Reads and writes the state; every write is atomic, and none happens when only the time would change.

    Args:
        files: the files below the workspace root.
        clock: for ``updatedAt``.
        folder: the changes dir, relative to the root.
    """

    def __init__(self, files: Files, clock: Clock, folder: str) -> None:
        self._files = files
        self._clock = clock
        self.folder = folder
        self.staged_path = f"{folder}/staged.json"
        self.journal_path = f"{folder}/.state.json"
        self.lock_path = f"{folder}/.lock"
        self.dist_path = f"{folder}/dist"

    @property
    def own_paths(self) -> tuple[str, ...]:
        """Paths that are never a reason to call the tree dirty."""
        return (self.staged_path, self.journal_path, self.lock_path, f"{self.dist_path}/")

    def pending(self) -> Pending:
        """staged.json; empty when there is none.

        Raises:
            vis_tasks.errors.Failed: it is damaged or newer; it is left as it is.
        """
        content = self._files.read(self.staged_path)
        return self.parse(content)

    def parse(self, content: bytes | None) -> Pending:
        """staged.json from bytes of any origin (a commit, another branch)."""
        if content is None:
            return Pending()
        return staged.parse(content.decode("utf-8-sig", errors="replace"), self.staged_path)

    def save(self, state: Pending) -> bool:
        """Write staged.json, or remove it when nothing is left; False when nothing but the time would change."""
        old = self.pending()
        if replace(old, updated_at="") == replace(state, updated_at=""):
            return False
        if state.empty:
            self._files.delete(self.staged_path)
            return True
        stamped = replace(state, updated_at=timestamp(self._clock.now()))
        self._files.write(self.staged_path, staged.render(stamped).encode())
        return True

    def change(self, how: Callable[[Pending], Pending]) -> Pending:
        """Read, change, write."""
        state = how(self.pending())
        self.save(state)
        return state

    def journal(self) -> Journal:
        """.state.json; a fresh one when there is none."""
        content = self._files.read(self.journal_path)
        if content is None:
            return Journal(started_at=timestamp(self._clock.now()))
        return parse_journal(content.decode("utf-8", errors="replace"), self.journal_path)

    def set_aside(self, base: Pending, ours: Pending) -> None:
        """Keep both in the journal while the tree is moved to another commit."""
        kept = {"base": staged.render(base), "ours": staged.render(ours)}
        self.note(lambda journal: replace(journal, extra={**journal.extra, _ASIDE: kept}))

    def take_up(self) -> bool:
        """Merge what was set aside into staged.json as it stands now; False when nothing was."""
        kept = self.journal().extra.get(_ASIDE) if self.has_journal() else None
        if not isinstance(kept, dict):
            return False
        base, ours = (staged.parse(str(kept.get(key)), self.journal_path) for key in ("base", "ours"))
        self.save(staged.merge(base, ours, self.pending()))
        self.note(
            lambda journal: replace(
                journal, extra={key: value for key, value in journal.extra.items() if key != _ASIDE}
            )
        )
        return True

    def has_journal(self) -> bool:
        """Whether a wave was begun on this machine and not finished."""
        return self._files.read(self.journal_path) is not None

    def note(self, how: Callable[[Journal], Journal]) -> Journal:
        """Change the journal; writes only when something changed."""
        old = self.journal()
        new = how(old)
        if new != old or not self.has_journal():
            self._files.write(self.journal_path, render_journal(new).encode())
        return new

    def close_journal(self) -> None:
        """The wave is fully done."""
        self._files.delete(self.journal_path)
