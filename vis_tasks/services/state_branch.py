"""staged.json on a branch of its own, for release branches that take no pushes: ``[release] state-branch``.

Nothing is ever checked out: the branch is read by fetching it, and written by pushing a commit made beside the tree. Each release
branch has a folder of its own there, named like it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed, PushStale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.ports import Clock, Git

__all__ = ["StateBranch"]

_ATTEMPTS = 5
_BACKOFF = 1.0


class StateBranch:
    """The branch as it was last seen; fetched at first use (one or two git processes), and again when a push comes too late.

    Args:
        git: the repository.
        remote: the remote's name.
        name: the branch that holds the state.
        release_branch: the branch whose state it is.
    """

    def __init__(self, git: Git, remote: str, name: str, release_branch: str) -> None:
        self._git = git
        self._remote = remote
        self._seen: tuple[str | None] | None = None
        self._files: dict[str, bytes | None] = {}
        self.name = name
        self.release_branch = release_branch
        self.staged_path = f"{release_branch}/staged.json"
        self.changelog_path = f"{release_branch}/CHANGELOG.md"

    @property
    def tip(self) -> str | None:
        """The commit the branch is at; None while the remote has no such branch."""
        if self._seen is None:
            self._seen = (self._git.fetch(self._remote, self.name),)
        return self._seen[0]

    def read(self, path: str) -> bytes | None:
        """A file of the branch, as it was last seen."""
        if path not in self._files:
            tip = self.tip
            self._files[path] = None if tip is None else self._git.read(tip, path)
        return self._files[path]

    def forget(self) -> None:
        """Look again at the next read."""
        self._seen = None
        self._files = {}

    def push(
        self, message: str, files: Callable[[], Mapping[str, bytes]], clock: Clock, *, along: Sequence[str] = ()
    ) -> str | None:
        """Commit files on the tip and push; beaten by another push, do it again on the new tip, five times with backoff.

        Args:
            message: the commit's message.
            files: what to write, given the branch as it is then; called once an attempt. Nothing to write pushes ``along`` alone.
            clock: for the pauses.
            along: refspecs to push with it: the remote takes all or nothing.

        Returns:
            The commit, or None when nothing was to be written.

        Raises:
            vis_tasks.errors.Failed: code ``PUSH_REFUSED`` or ``PUSH_FAILED``; what is known here stays known here.
        """
        why = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                clock.sleep(_BACKOFF * 2 ** (attempt - 1))
                self.forget()
            content = {path: new for path, new in files().items() if new != self.read(path)}
            commit = self._git.commit_onto(self.tip, content, message) if content else None
            refspecs = [*([f"{commit}:refs/heads/{self.name}"] if commit else []), *along]
            if not refspecs:
                return None
            result = self._git.push(self._remote, refspecs, atomic=bool(along))
            if isinstance(result, Pushed):
                if commit:
                    self._seen = (commit,)
                    self._files.update(content)
                return commit
            if not isinstance(result, PushStale):
                raise Failed(
                    f"{self._remote}/{self.name} did not take the release's state: {result.why}",
                    code="PUSH_FAILED" if result.network else "PUSH_REFUSED",
                    hint="it is kept in this checkout; run again"
                    + ("" if result.network else f" once the release user may push to {self.name}"),
                )
            why = result.why
        raise Failed(
            f"{self._remote}/{self.name} moved on {_ATTEMPTS} times while the release's state was being pushed: {why}",
            code="PUSH_FAILED",
            hint="run again; it is kept in this checkout and nothing is lost",
        )
