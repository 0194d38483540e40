"""Git, as far as a release needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

__all__ = ["Git", "PushRefused", "PushStale", "Pushed", "RefCell", "RemoteRefs"]


@dataclass(frozen=True)
class RemoteRefs:
    """What a remote has right now.

    Attributes:
        branch: commit of the branch asked for; None when the remote has no such branch.
        tags: tag name → commit it points at (annotated tags peeled).
    """

    branch: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Pushed:
    """The remote took everything."""


@dataclass(frozen=True)
class PushStale:
    """Somebody else pushed first (non-fast-forward). Nothing was taken."""

    why: str


@dataclass(frozen=True)
class PushRefused:
    """The remote said no (protected branch, hook, permissions, existing tag) or can't be reached. Nothing was taken.

    ``network`` tells the two apart: only then is trying again later of use.
    """

    why: str
    network: bool = False


class Git(Protocol):
    """The repository the workspace stands in. Paths are relative to the workspace root, POSIX style.

    Every method is one or two git processes unless it says otherwise. Errors are `vis_tasks.errors.Failed` with git's words.
    """

    def is_repository(self) -> bool:
        """Whether the root is inside a work tree."""
        ...

    def head(self) -> str | None:
        """Commit id of HEAD; None before the first commit."""
        ...

    def branch(self) -> str | None:
        """The branch checked out; on a detached HEAD the one CI names in its environment; None when nobody knows."""
        ...

    def dirty(self) -> tuple[str, ...]:
        """Paths with uncommitted changes, untracked files included, relative to the repository's top."""
        ...

    def identity(self) -> str | None:
        """``Name <mail>`` that commits will carry; None when git would refuse to commit."""
        ...

    def remote_url(self, remote: str) -> str | None:
        """Address of the remote as configured (may hold credentials: never print it); None when there is no such remote."""
        ...

    def remote_refs(self, remote: str, branch: str) -> RemoteRefs:
        """One ``ls-remote``: the branch and all tags."""
        ...

    def local_tags(self) -> Mapping[str, str]:
        """Tag name → commit it points at."""
        ...

    def read(self, commit: str, path: str) -> bytes | None:
        """A file as it stands in a commit; None when it isn't there."""
        ...

    def commits_touching(self, path: str, *, limit: int) -> tuple[str, ...]:
        """Newest first, first-parent history of HEAD only."""
        ...

    def history_of(self, paths: Sequence[str], *, limit: int) -> Mapping[str, tuple[str, ...]]:
        """Path → what `commits_touching` gives for it; one process for all paths."""
        ...

    def read_many(self, places: Sequence[tuple[str, str]]) -> Iterator[bytes | None]:
        """What `read` gives for each ``(commit, path)``, in order; one process for all of them."""
        ...

    def removed_in(self, commit: str, folder: str) -> tuple[str, ...]:
        """Files below ``folder`` that the commit deleted (against its first parent)."""
        ...

    def trailers(self, key: str, *, limit: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Commits among the last ``limit`` whose messages hold lines ``key: value``, each with its values, newest first."""
        ...

    def subjects(self, since: str | None, until: str) -> tuple[tuple[str, str], ...]:
        """``(commit, subject)`` pairs between two commits, newest first."""
        ...

    def contains(self, ancestor: str, descendant: str) -> bool:
        """Whether ``ancestor`` is reachable from ``descendant`` (a commit reaches itself)."""
        ...

    def has_commit(self, commit: str) -> bool:
        """Whether the commit is in the local repository."""
        ...

    def commit(self, paths: Sequence[str], message: str) -> str | None:
        """Commit exactly these paths (added, changed or deleted); None when none of them differs from HEAD."""
        ...

    def commit_onto(self, parent: str | None, files: Mapping[str, bytes], message: str) -> str:
        """Make a commit that writes these files on top of ``parent`` (None: a first one); nothing checked out changes.

        Six processes and one for each file. Nothing points at it until it is pushed.
        """
        ...

    def fetch(self, remote: str, branch: str) -> str | None:
        """Fetch one branch and return its commit; None when the remote has no such branch."""
        ...

    def push(self, remote: str, refspecs: Sequence[str], *, atomic: bool = False) -> Pushed | PushStale | PushRefused:
        """Push; never forces."""
        ...

    def tag(self, name: str, commit: str, message: str) -> None:
        """Make an annotated tag.

        Raises:
            vis_tasks.errors.Failed: code ``TAG_EXISTS`` when the tag exists and points elsewhere; one that points there is fine.
        """
        ...

    def reset(self, commit: str, paths: Sequence[str]) -> None:
        """Put HEAD and exactly these paths back to ``commit``; other changes in the tree stay."""
        ...

    def remote_tag_words(self, remote: str, name: str) -> str | None:
        """The words of an annotated tag on the remote; None for one without words, or one that can't be fetched."""
        ...

    def delete_tag(self, name: str) -> None:
        """Remove a local tag; one that isn't there is fine."""
        ...

    def is_shallow(self) -> bool:
        """Whether history was cut off by a shallow clone."""
        ...

    def prefix(self) -> str:
        """The workspace root relative to the repository's top: empty, or a path that ends in a slash."""
        ...

    def fetch_commit(self, remote: str, commit: str) -> bool:
        """Fetch one commit by its id; False when the remote won't give it."""
        ...

    def fast_forward(self, commit: str) -> None:
        """Move the branch to a descendant of HEAD; fails when that would lose changes."""
        ...

    def locks(self) -> tuple[str, ...]:
        """Lock files of git's that stand in a release's way now, relative to the workspace root if below it; one process."""
        ...

    def under_way(self) -> str | None:
        """What a person has begun here and not ended, such as ``merge`` or ``rebase``: the next commit would belong to that."""
        ...

    def users(self) -> tuple[int, ...]:
        """Processes of git that are at work in this repository, where the system tells; one process."""
        ...

    def sweep(self, since: datetime, pause: Callable[[float], None]) -> tuple[str, ...]:
        """Take away the locks that a killed git left, as far as they can only be ours; returns which.

        Args:
            since: when a run of ours began that has died on this machine.
            pause: waits so many seconds: a lock must stay unchanged for a moment, and a git that outlived its run may end.
        """
        ...

    def move_to(self, commit: str) -> None:
        """Move the branch and the tree to a commit, keeping uncommitted changes; fails when that would lose some."""
        ...


class RefCell(Protocol):
    """A ref on a remote that holds a text, read and swapped in one step each: of two that swap at once, one succeeds."""

    def read(self) -> tuple[str, str] | None:
        """The commit it is at and its text; None when there is no such ref.

        Raises:
            vis_tasks.errors.Failed: the remote can't be reached.
        """
        ...

    def swap(self, expected: str | None, content: str | None) -> str | PushStale | None:
        """Set the text if the ref is still at ``expected`` (None: isn't there); None as text removes it.

        Returns:
            The new commit (None when removed), or `PushStale` when somebody else was faster.

        Raises:
            vis_tasks.errors.Failed: code ``PUSH_REFUSED``; the remote takes no such ref, or can't be reached.
        """
        ...
