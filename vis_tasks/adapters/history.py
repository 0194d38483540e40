"""`vis_tasks.ports.history.History` over the git program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import UsageError
from vis_tasks.ports.history import Commit

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.ports import Completed, Runner

__all__ = ["GitHistory"]

_START, _END = "\x01", "\x02"


class GitHistory:
    """Asks git; every answer is one or two processes.

    Args:
        runner: runs git.
        root: the workspace root; paths in answers are relative to it.
        remote: the remote whose base branch is preferred to a local one.
        base_branch: the branch that changes are merged into.
    """

    def __init__(self, runner: Runner, root: Path, *, remote: str, base_branch: str) -> None:
        self._runner = runner
        self._root = root
        self._candidates = (f"refs/remotes/{remote}/{base_branch}", f"refs/heads/{base_branch}")

    def base(self) -> str | None:
        """The commit that the current branch left its base branch at."""
        for ref in self._candidates:
            done = self._git("merge-base", ref, "HEAD", check=False)
            if done.code == 0:
                return done.stdout.strip()
        return None

    def changed_since(self, ref: str) -> tuple[str, ...]:
        """Files that differ between the fork point with ``ref`` and the working tree."""
        fork = self._git("merge-base", "--end-of-options", ref, "HEAD", check=False)
        if fork.code != 0:
            hint = "on CI fetch the history first (fetch-depth: 0), or name another --since"
            raise UsageError(f"git knows no common commit of HEAD and {ref}", code="NO_REF", hint=hint)
        since = fork.stdout.strip()
        known = self._git("diff", "--name-only", "-z", "--no-renames", "--relative", since, "--", ".").stdout
        new = self._git("ls-files", "--others", "--exclude-standard", "-z").stdout
        return tuple(sorted({path for path in f"{known}\0{new}".split("\0") if path}))

    def commits_since(self, ref: str | None) -> tuple[Commit, ...]:
        """Commits that ``ref`` lacks, oldest first."""
        span = "HEAD" if ref is None else f"{ref}..HEAD"
        form = f"--format={_START}%H%x00%s%x00%b{_END}"
        done = self._git(
            "log", "--reverse", "--no-merges", "--name-only", "--no-renames", "--relative", form, span, "--"
        )
        return tuple(_commit(part) for part in done.stdout.split(_START) if part.strip())

    def last_tag(self) -> str | None:
        """The nearest tag behind HEAD."""
        done = self._git("describe", "--tags", "--abbrev=0", check=False)
        return done.stdout.strip() if done.code == 0 else None

    def _git(self, *args: str, check: bool = True) -> Completed:
        # core.quotePath=false: git would escape every name outside ASCII otherwise.
        return self._runner.run(["git", "-c", "core.quotePath=false", *args], cwd=self._root, check=check)


def _commit(text: str) -> Commit:
    head, _, names = text.partition(_END)
    sha, subject, body = head.split("\0", 2)
    files = tuple(line for line in names.splitlines() if line)
    return Commit(sha, subject, body.strip(), files)
