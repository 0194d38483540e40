"""What git knows about a repository that vis-tasks doesn't know yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.ports import Runner

__all__ = ["files_in", "ignored_by_git", "read_top", "remote_facts"]

_PATIENCE = 15.0
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def _git(runner: Runner, root: Path, *argv: str, timeout: float | None = None) -> str | None:
    """The output, or None when git says no, takes too long, or isn't there."""
    try:
        done = runner.run(["git", *argv], cwd=root, env=_QUIET, check=False, timeout=timeout)
    except Failed as error:
        if error.code == "NOT_FOUND":
            raise
        return None
    return done.stdout.strip() if done.code == 0 else None


def read_top(runner: Runner, root: Path) -> Path | None:
    """The top of the repository around a folder; None outside one.

    Raises:
        Failed: code ``NOT_FOUND``: there is no git.
    """
    top = _git(runner, root, "rev-parse", "--show-toplevel")
    return Path(top) if top else None


def remote_facts(runner: Runner, root: Path) -> tuple[str, str, str, str, frozenset[str], frozenset[str]]:
    """Remote, its address, the branch checked out, the default branch, all branches, all tags.

    The remote is the one the branch follows, else ``origin``, else the only one. Its default branch is what
    ``refs/remotes/<remote>/HEAD`` says (`git clone` writes it); where that is missing the remote itself is asked, once.
    """
    branch = _git(runner, root, "symbolic-ref", "--quiet", "--short", "HEAD") or ""
    remotes = (_git(runner, root, "remote") or "").split()
    followed = (_git(runner, root, "config", "--get", f"branch.{branch}.remote") or "") if branch else ""
    remote = next((name for name in (followed, "origin", *remotes[:1]) if name in remotes), "")
    url = (_git(runner, root, "remote", "get-url", remote) or "") if remote else ""
    refs = (_git(runner, root, "for-each-ref", "--format=%(refname)") or "").split("\n")
    tags = {ref.removeprefix("refs/tags/") for ref in refs if ref.startswith("refs/tags/")}
    branches = {ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/")}
    prefix = f"refs/remotes/{remote}/"
    branches |= {ref.removeprefix(prefix) for ref in refs if remote and ref.startswith(prefix)} - {"HEAD"}
    default = ""
    if remote:
        default = (_git(runner, root, "symbolic-ref", "--quiet", f"{prefix}HEAD") or "").removeprefix(prefix)
    if remote and not default:
        default = _asked(runner, root, remote)
    if not default:
        default = next((name for name in ("main", "master") if remote and name in branches), branch)
    return remote, url, branch, default, frozenset(branches), frozenset(tags)


def _asked(runner: Runner, root: Path, remote: str) -> str:
    told = _git(runner, root, "ls-remote", "--symref", remote, "HEAD", timeout=_PATIENCE) or ""
    first = told.split("\n", 1)[0]  # ref: refs/heads/main<TAB>HEAD
    return first.removeprefix("ref: refs/heads/").partition("\t")[0] if first.startswith("ref: refs/heads/") else ""


def ignored_by_git(runner: Runner, root: Path, paths: Sequence[str]) -> frozenset[str]:
    """Which of these paths git ignores, by all its files of patterns; they need not exist."""
    done = runner.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=root,
        env=_QUIET,
        input_text="".join(f"{path}\0" for path in paths),
        check=False,
    )
    return frozenset(done.stdout.split("\0")) & frozenset(paths)


def files_in(root: Path, folder: str) -> tuple[str, ...]:
    """Names of the files in a folder, sorted; empty for a missing one."""
    try:
        with os.scandir(root.joinpath(*folder.split("/")) if folder else root) as entries:
            return tuple(sorted(entry.name for entry in entries if entry.is_file()))
    except OSError:
        return ()
