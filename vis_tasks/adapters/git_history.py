"""What git's history says, read through the git program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.git_program import GitProgram
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["GitHistory"]


class GitHistory(GitProgram):
    """The part of `vis_tasks.ports.Git` that only reads commits."""

    def read(self, commit: str, path: str) -> bytes | None:
        """A file as it stands in a commit."""
        done = self._git("show", f"{commit}:./{path}", check=False)
        return done.raw if done.code == 0 else None

    def commits_touching(self, path: str, *, limit: int) -> tuple[str, ...]:
        """Newest first, first-parent history of HEAD."""
        listing = self._out("log", "--first-parent", "--format=%H", f"--max-count={limit}", "HEAD", "--", path)
        return tuple(listing.split())

    def history_of(self, paths: Sequence[str], *, limit: int) -> dict[str, tuple[str, ...]]:
        """Path → the commits of HEAD's first-parent history that touched it, newest first; one process for all of them.

        Args:
            paths: relative to the workspace root. They go through standard input: a command line has a length.
            limit: commits looked at for each path; with several, the sum of them.
        """
        listing = self._git(
            "log", "--first-parent", "--diff-merges=first-parent", "--format=%x01%H", "--name-only", "-z", "--no-renames",
            "--relative", f"--max-count={limit * len(paths)}", "--stdin",
            text="".join(f"{line}\n" for line in ("HEAD", "--", *paths)),
        ).stdout  # fmt: skip
        found: dict[str, list[str]] = {}
        for block in listing.split("\x01")[1:]:
            commit, *names = (part.strip("\n") for part in block.split("\0"))
            for name in filter(None, names):
                found.setdefault(name, []).append(commit)
        return {path: tuple(found.get(path, ())) for path in paths}

    def read_many(self, places: Sequence[tuple[str, str]]) -> Iterator[bytes | None]:
        """Files as they stand in commits, through one ``git cat-file --batch`` (git-cat-file(1), BATCH OUTPUT).

        Args:
            places: ``(commit, path)`` pairs; no path may hold a line feed.

        Yields:
            What `read` gives, in the same order.
        """
        asked = "".join(f"{commit}:./{path}\n" for commit, path in places)
        output = self._git("cat-file", "--batch", text=asked).raw
        at = 0
        for _ in places:
            head = output[at : output.index(b"\n", at)]
            at += len(head) + 1
            words = head.rsplit(b" ", 2)
            if len(words) == 3 and words[1] == b"blob":
                size = int(words[2])
                yield output[at : at + size]
                at += size + 1
            elif head.endswith(b" missing"):
                yield None
            else:
                raise Failed(f"git cat-file said {head[:200].decode(errors='replace')!r}", code="GIT_READ")

    def removed_in(self, commit: str, folder: str) -> tuple[str, ...]:
        """Files below the folder that the commit deleted, against its first parent."""
        listing = self._git(
            "diff-tree", "--root", "-r", "-z", "--no-commit-id", "--name-only", "--diff-filter=D", "--relative",
            "-m", "--first-parent", commit, "--", folder,
        ).stdout  # fmt: skip
        return tuple(name for name in listing.split("\0") if name)

    def trailers(self, key: str, *, limit: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Commits among the last ``limit`` whose messages hold lines ``key: value``, each with its values, newest first.

        Anywhere in the message: a forge that squashes a pull request puts more below them, and then they are no trailers to git.
        """
        listing = self._git("log", "-z", "--format=%H%n%b", f"--max-count={limit}", "HEAD").stdout
        start = f"{key}: "
        found = []
        for message in listing.split("\0"):
            commit, *lines = message.splitlines() or [""]
            values = tuple(line.removeprefix(start).strip() for line in lines if line.startswith(start))
            if values:
                found.append((commit, values))
        return tuple(found)

    def subjects(self, since: str | None, until: str) -> tuple[tuple[str, str], ...]:
        """``(commit, subject)`` pairs, newest first."""
        span = f"{since}..{until}" if since else until
        listing = self._out("log", "--format=%H%x09%s", span)
        return tuple((line.split("\t", 1)[0], line.split("\t", 1)[1]) for line in listing.splitlines() if line)

    def contains(self, ancestor: str, descendant: str) -> bool:
        """Whether ``ancestor`` is reachable from ``descendant``."""
        return self._git("merge-base", "--is-ancestor", ancestor, descendant, check=False).code == 0

    def has_commit(self, commit: str) -> bool:
        """Whether the commit is in the local repository."""
        return self._git("cat-file", "-e", f"{commit}^{{commit}}", check=False).code == 0
