"""The state files below ``.vis/release/``: staged.json (in git) and .state.json (not)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from vis_tasks.core import pending as staged
from vis_tasks.core import pending_merge
from vis_tasks.core.pending import Pending
from vis_tasks.core.wave import Journal, parse_journal, render_journal
from vis_tasks.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vis_tasks.ports import Clock, Files
    from vis_tasks.services.state_branch import StateBranch

__all__ = ["StateFiles", "is_temporary", "seconds_since", "timestamp"]

_ASIDE = "setAside"
_COPIES = ".state-branch"


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


@dataclass
class _Held:
    """What is changed but not written yet: see `StateFiles.together`."""

    pending: Pending
    journal: Journal | None
    noted: Journal | None = None


class StateFiles:
    """Reads and writes the state; every write is atomic, and none happens when only the time would change.

    Args:
        files: the files below the workspace root.
        clock: for ``updatedAt``.
        folder: the changes dir, relative to the root.
        elsewhere: the branch that holds staged.json, when it isn't committed where the packages are. What is on disk is then a
            working copy beside the version of the branch that it began from; reading merges both with the branch as it is now,
            and takes over what the release branch still holds.
        branch: the release branch; what its working copy holds and never pushed is taken over once there is no ``elsewhere``.
    """

    def __init__(
        self, files: Files, clock: Clock, folder: str, elsewhere: StateBranch | None = None, branch: str = ""
    ) -> None:
        self._files = files
        self._clock = clock
        self.folder = folder
        self.elsewhere = elsewhere
        self._held: _Held | None = None
        self._saved: tuple[bytes, Pending] | None = None
        self._left: tuple[bytes | None, ...] | None = None
        self.committed_path = f"{folder}/staged.json"
        self._copies = f"{folder}/{_COPIES}"
        self._copy_path = f"{self._copies}/{elsewhere.staged_path if elsewhere else f'{branch}/staged.json'}"
        self.staged_path = self._copy_path if elsewhere else self.committed_path
        self.journal_path = f"{folder}/.state.json"
        self.lock_path = f"{folder}/.lock"
        self.dist_path = f"{folder}/dist"

    @property
    def own_paths(self) -> tuple[str, ...]:
        """Paths that are never a reason to call the tree dirty."""
        return (self.committed_path, self.journal_path, self.lock_path, f"{self.dist_path}/", f"{self._copies}/")

    @property
    def where(self) -> str:
        """Where staged.json is committed, for people."""
        return f"{self.elsewhere.name}:{self.elsewhere.staged_path}" if self.elsewhere else self.staged_path

    def pending(self) -> Pending:
        """staged.json; empty when there is none.

        Raises:
            vis_tasks.errors.Failed: it is damaged or newer; it is left as it is.
        """
        if self._held is not None:
            return self._held.pending
        found = self._recorded()
        held = self._files.read(self.committed_path) if self.elsewhere else None
        return (
            found if held is None else pending_merge.take_over(found, self.parse(held, self.committed_path), self.where)
        )

    def _recorded(self) -> Pending:
        if self.elsewhere is None:
            return self._with_left(self.parse(self._files.read(self.committed_path)))
        content, there = self._files.read(self._copy_path), self.on_branch()
        if content is None:
            return self.parse_branch(there)
        began = self._files.read(self._base_path)
        if began == there:
            return self._copy(content, self._copy_path)
        base, ours = self._copy(began, self._base_path), self._copy(content, self._copy_path)
        return pending_merge.merge(base, ours, self.parse_branch(there))

    def _with_left(self, found: Pending) -> Pending:
        """With what this machine knew and had not pushed yet when ``state-branch`` was taken away."""
        if self._left is None:
            content = self._files.read(self._copy_path)
            began = self._files.read(self._base_path) if content is not None else None
            self._left = () if content == began else (began, content)
        if not self._left:
            return found
        base, ours = (self._copy(each, self._copy_path) for each in self._left)
        return pending_merge.merge(base, ours, found)

    def gather(self) -> None:
        """Bring to where staged.json is now what is known of where it was before: see ``elsewhere`` and ``branch``."""
        found = self.pending()
        if self.elsewhere is not None:
            if found != self._recorded():
                self._write_copy(staged.render(found).encode(), self.on_branch())
        elif self._left:
            if found.empty:
                self._files.delete(self.committed_path)
            else:
                self._files.write(self.committed_path, staged.render(found).encode())
            self._forget_left()

    def _forget_left(self) -> None:
        """It is written down here. In this order: killed in between, it is merged in once more."""
        if self._left:
            self._files.delete(self._copy_path)
            self._files.delete(self._base_path)
            self._left = ()

    def parse_branch(self, content: bytes | None) -> Pending:
        """staged.json as it stands on the state branch."""
        return self.parse(content, self.where, mend="mend it on that branch, commit and push; nothing was changed")

    @property
    def _base_path(self) -> str:
        return f"{self._copy_path.removesuffix('.json')}.base.json"

    def _copy(self, content: bytes | None, path: str) -> Pending:
        mend = f"delete {path.rpartition('/')[0]}: what was committed is on {self.where}; then run again"
        return self.parse(content, path, mend=mend)

    def parse(self, content: bytes | None, path: str = "", *, mend: str = "") -> Pending:
        """staged.json from bytes of any origin (a commit, another branch)."""
        if content is None:
            return Pending()
        if self._saved is not None and content == self._saved[0]:
            return self._saved[1]
        path = path or self.staged_path
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise staged.damaged_text(path, error) from None
        return staged.parse(text, path, mend=mend)

    def on_branch(self) -> bytes | None:
        """staged.json as the state branch has it; None while it never had one."""
        return self.elsewhere.read(self.elsewhere.staged_path) if self.elsewhere else None

    def now_on_branch(self, content: bytes) -> None:
        """The state branch holds this now: the working copy begins from it."""
        self._write_copy(content, content)

    def _write_copy(self, content: bytes, base: bytes | None) -> None:
        # In this order: killed in between, what others changed counts as ours too, and nothing as taken away by us.
        if self._files.read(f"{self._copies}/.gitignore") is None:
            self._files.write(f"{self._copies}/.gitignore", b"*\n")
        self._files.write(self.staged_path, content)
        if base is None:
            self._files.delete(self._base_path)
        elif self._files.read(self._base_path) != base:
            self._files.write(self._base_path, base)

    def save(self, state: Pending) -> bool:
        """Write staged.json, or remove it when nothing is left; False when nothing but the time would change."""
        if self._held is not None:
            changed, self._held.pending = state is not self._held.pending, state
            return changed
        old = self.pending()
        if replace(old, updated_at="") == replace(state, updated_at=""):
            return False
        state = replace(state, updated_at=timestamp(self._clock.now()))
        content = staged.render(state).encode()
        if self.elsewhere is not None:
            self._write_copy(content, self.on_branch())
        elif state.empty:
            self._files.delete(self.staged_path)
        else:
            self._files.write(self.staged_path, content)
            # What it would be read as: a wave of hundreds reads its own file hundreds of times.
            self._saved = (content, state)
        if self.elsewhere is None:
            self._forget_left()
        return True

    def change(self, how: Callable[[Pending], Pending]) -> Pending:
        """Read, change, write."""
        state = how(self.pending())
        self.save(state)
        return state

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what the block changes at its end, each file once, also when the block is interrupted; not for several threads.

        For decisions that come many at once: between them nothing happens that a kill could cut off from its record.
        """
        if self._held is not None:
            yield
            return
        self._held = _Held(self.pending(), self.journal() if self.has_journal() else None)
        try:
            yield
        finally:
            held, self._held = self._held, None
            self.save(held.pending)
            if held.noted is not None:
                self.note(lambda _old: held.noted or _old)

    def journal(self) -> Journal:
        """.state.json; a fresh one when there is none."""
        if self._held is not None and (self._held.noted or self._held.journal):
            return self._held.noted or self._held.journal or Journal()
        content = self._files.read(self.journal_path)
        if content is None:
            return Journal(started_at=timestamp(self._clock.now()))
        return parse_journal(content.decode("utf-8", errors="replace"), self.journal_path)

    def set_aside(self, base: Pending, ours: Pending, to: str) -> None:
        """Keep both in the journal while the tree is moved to another commit; staged.json only when it is in that tree."""
        kept = {"to": to}
        if self.elsewhere is None:
            kept |= {"base": staged.render(base), "ours": staged.render(ours)}
        self.note(lambda journal: replace(journal, extra={**journal.extra, _ASIDE: kept}))

    def moving_to(self) -> str | None:
        """The commit that the tree was being moved to when a run was cut off."""
        kept = self.journal().extra.get(_ASIDE) if self.has_journal() else None
        return str(kept["to"]) if isinstance(kept, dict) and "to" in kept else None

    def take_up(self) -> bool:
        """Merge what was set aside into staged.json as it stands now; False when nothing was."""
        kept = self.journal().extra.get(_ASIDE) if self.has_journal() else None
        if not isinstance(kept, dict):
            return False
        if "ours" in kept:
            base, ours = (staged.parse(str(kept.get(key)), self.journal_path) for key in ("base", "ours"))
            self.save(pending_merge.merge(base, ours, self.pending()))
        self.note(
            lambda journal: replace(
                journal, extra={key: value for key, value in journal.extra.items() if key != _ASIDE}
            )
        )
        return True

    def has_journal(self) -> bool:
        """Whether a wave was begun on this machine and not finished."""
        if self._held is not None:
            return (self._held.noted or self._held.journal) is not None
        return self._files.read(self.journal_path) is not None

    def note(self, how: Callable[[Journal], Journal]) -> Journal:
        """Change the journal; writes only when something changed."""
        old = self.journal()
        new = how(old)
        if self._held is not None:
            self._held.noted = new
            return new
        if new != old or not self.has_journal():
            self._files.write(self.journal_path, render_journal(new).encode())
        return new

    def close_journal(self) -> None:
        """The wave is fully done."""
        self._files.delete(self.journal_path)
