"""What git knows about the past: which files changed, and which commits changed them."""

from __future__ import annotations

from typing import Protocol

from vis_tasks.records import dataclass

__all__ = ["Commit", "History"]


@dataclass(frozen=True)
class Commit:
    """One commit.

    Attributes:
        sha: full id.
        subject: first line of the message.
        body: the rest of it.
        files: what it changed, relative to the workspace root, POSIX style.
    """

    sha: str
    subject: str
    body: str
    files: tuple[str, ...]


class History(Protocol):
    """Questions about the past; none changes anything."""

    def base(self) -> str | None:
        """The commit that the current branch left its base branch at; None when there is no base branch."""
        ...

    def changed_since(self, ref: str) -> tuple[str, ...]:
        """Files that differ between the fork point with ``ref`` and the working tree, new and deleted ones included.

        Raises:
            vis_tasks.errors.UsageError: code ``NO_REF``; there is no such commit here.
        """
        ...

    def commits_since(self, ref: str | None) -> tuple[Commit, ...]:
        """Commits of this branch that ``ref`` lacks, oldest first, merges left out; all of them without a ``ref``."""
        ...

    def last_tag(self) -> str | None:
        """The nearest tag behind HEAD."""
        ...
