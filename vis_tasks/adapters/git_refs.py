"""A ref on a remote as a cell that is read and swapped: whoever pushes on top of what it last saw wins, nobody else.

``git push --force-with-lease=<ref>:<expected>`` is a compare-and-swap on the remote (git-push(1)); the value is a commit without
files whose message is the content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.git_push import read_push, unreachable
from vis_tasks.adapters.redact import redact
from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed, PushStale

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.ports import Completed, Runner

__all__ = ["GitRefCell"]

_ENV = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "vis-tasks"), ("EMAIL", "vis-tasks@localhost"))
}
_TIMEOUT = 120.0
_LOST = ("stale info", "already exists", "cannot lock ref", "incorrect old value", "fetch first", "non-fast-forward")


class GitRefCell:
    """`vis_tasks.ports.RefCell` over the git program.

    Args:
        runner: the door to other programs.
        root: the workspace root.
        remote: the remote's name.
        ref: the full name of the ref, such as ``refs/vis/lock/main``.
    """

    def __init__(self, runner: Runner, root: Path, remote: str, ref: str) -> None:
        self._runner = runner
        self._root = root
        self._remote = remote
        self._ref = ref

    def read(self) -> tuple[str, str] | None:
        """The cell's commit and content: one ``ls-remote``, and a fetch and a log when there is one.

        Raises:
            vis_tasks.errors.Failed: the remote can't be reached.
        """
        for _ in range(3):
            done = self._git("ls-remote", "--", self._remote, self._ref, check=False)
            if done.code != 0:
                raise unreachable(self._remote, done)
            listing = done.stdout
            if not listing.strip():
                return None
            commit = listing.split()[0]
            if self._git("fetch", "--quiet", "--no-tags", "--", self._remote, self._ref, check=False).code == 0:
                found = self._git("rev-parse", "FETCH_HEAD").stdout.strip()
                return found, self._git("log", "-1", "--format=%B", found).stdout.strip()
        raise Failed(f"{self._ref} on {self._remote} is at {commit[:12]}, but can't be fetched", code="GIT_FETCH")

    def swap(self, expected: str | None, content: str | None) -> str | PushStale | None:
        """Set the content if the cell is still at ``expected``; two processes.

        Args:
            expected: the commit last seen; None for no cell.
            content: the new content; None removes the cell.

        Returns:
            The new commit (None when removed), or `PushStale` when somebody else was faster.

        Raises:
            vis_tasks.errors.Failed: code ``PUSH_REFUSED``: the remote takes no such ref, or can't be reached.
        """
        new = None if content is None else self._commit(content)
        lease = f"--force-with-lease={self._ref}:{expected or ''}"
        done = self._git(
            "push", "--porcelain", "--no-verify", lease, "--", self._remote, f"{new or ''}:{self._ref}", check=False
        )
        result = read_push(done)
        if isinstance(result, Pushed):
            return new
        if isinstance(result, PushStale) or any(each in result.why for each in _LOST):
            return PushStale(result.why)
        raise Failed(
            f"{self._remote} did not take {self._ref}: {redact(result.why)}",
            code="PUSH_REFUSED",
            hint="let the release user push refs below refs/vis/, or set `remote-lock = false` under [release]",
        )

    def _commit(self, content: str) -> str:
        tree = self._git("mktree", text="").stdout.strip()
        return self._git("commit-tree", tree, text=content, env=_IDENTITY).stdout.strip()

    def _git(
        self, *argv: str, check: bool = True, text: str | None = None, env: dict[str, str] | None = None
    ) -> Completed:
        return self._runner.run(
            ["git", *argv], cwd=self._root, env=_ENV | (env or {}), check=check, input_text=text, timeout=_TIMEOUT
        )
