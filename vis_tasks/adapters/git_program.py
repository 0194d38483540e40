"""The git program: one call of it, and what its ends mean."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.git_locks import at_work, find_locks, sweep_locks
from vis_tasks.adapters.git_place import PLACE_WORDS, parse_place
from vis_tasks.errors import Failed
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from vis_tasks.adapters.git_place import Place
    from vis_tasks.ports import Completed, Runner

__all__ = ["GitProgram"]

# A prompt would hang a CI job; messages are parsed, so they must not be translated.
# Our paths are paths, never patterns: `packages/[x]` is a folder.
_ENV = {
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_EDITOR": "true",
    "GIT_LITERAL_PATHSPECS": "1",
}
_NETWORK_TIMEOUT = 120.0
# lockfile.c, unable_to_lock_message
_LOCKED = regex(r"Unable to create '(?P<path>[^']+\.lock)': File exists")
# We change neither settings nor the depth of a clone; the others are named after a process, or for people's convenience.
_HARMLESS = regex(r"(config|shallow|ORIG_HEAD|next-index-\d+)\.lock")

# wt-status.c, wt_status_get_state
_UNDER_WAY = {
    "rebase-apply/applying": "am",
    "rebase-apply": "rebase",
    "rebase-merge": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}


class GitProgram:
    """Git in one workspace.

    Args:
        runner: the door to other programs.
        root: the workspace root; all paths are relative to it.
    """

    def __init__(self, runner: Runner, root: Path) -> None:
        self._runner = runner
        self._root = root
        self._known_place: Place | None = None

    def _place(self) -> Place | None:
        """Where the work tree lies: one process, once. None outside a repository."""
        if self._known_place is None:
            done = self._runner.run(["git", *PLACE_WORDS], cwd=self._root, env=_ENV, check=False)
            self._known_place = parse_place(done.stdout, self._root) if done.code == 0 else None
        return self._known_place

    def _git(
        self, *argv: str, check: bool = True, env: Mapping[str, str] | None = None, text: str | None = None
    ) -> Completed:
        """Run git.

        Raises:
            vis_tasks.errors.Failed: it failed and ``check`` is on; or, whatever ``check`` says, it was killed (code
                ``GIT_KILLED``: half an answer is no answer; the locks it left are taken away) or found a lock in its way (code
                ``GIT_LOCKED``).
        """
        command = argv[2] if argv[0] == "-c" else argv[0]
        timeout = _NETWORK_TIMEOUT if command in {"push", "fetch", "ls-remote"} else None
        merged = {**_ENV, **(env or {})}
        began = time.time()
        try:
            done = self._runner.run(
                ["git", *argv], cwd=self._root, env=merged, check=check, input_text=text, timeout=timeout
            )
        except Failed as error:
            code = error.details.get("exit")
            self._explain(command, code if isinstance(code, int) else 0, error.message, began)
            raise
        self._explain(command, done.code, done.stderr, began)
        return done

    def _explain(self, command: str, code: int, words: str, began: float) -> None:
        if code < 0:
            swept = self._swept(began, time.sleep)
            removed = f"; removed the lock it left: {', '.join(swept)}" if swept else ""
            raise Failed(
                f"git {command} was killed by signal {-code}{removed}",
                code="GIT_KILLED",
                hint="see whether the machine ran out of memory, then run again",
            )
        found = _LOCKED.search(words) if code else None
        if found and self._is_ours(Path(found["path"])):  # a remote's may stand there, too
            path = self._shown(Path(found["path"]))
            raise Failed(
                f"git {command} found {path} in its way: another git is at work in this checkout, or one was killed",
                code="GIT_LOCKED",
                hint=f"wait until no git is at work here (an open commit message counts); if {path} is still there then, "
                "delete it and run again",
                details={"path": path},
            )

    def _out(self, *argv: str) -> str:
        return self._git(*argv).stdout.strip()

    def locks(self) -> tuple[str, ...]:
        """Lock files that are in a release's way. See `vis_tasks.ports.Git.locks`."""
        return tuple(
            self._shown(path) for path in find_locks(self._folders()[:2]) if not _HARMLESS.fullmatch(path.name)
        )

    def under_way(self) -> str | None:
        """What git is in the middle of in this tree, such as ``merge``. See `vis_tasks.ports.Git.under_way`."""
        folders = self._folders()
        return next((what for name, what in _UNDER_WAY.items() if folders and (folders[0] / name).exists()), None)

    def users(self) -> tuple[int, ...]:
        """Processes of git that are at work in this repository; empty where that can't be told."""
        return at_work(self._folders()) or ()

    def sweep(self, since: datetime, pause: Callable[[float], None]) -> tuple[str, ...]:
        """Take away the locks of a git that a dead run of ours had started. See `vis_tasks.ports.Git.sweep`."""
        return self._swept(since.timestamp(), pause)

    def _swept(self, since: float, pause: Callable[[float], None]) -> tuple[str, ...]:
        folders = self._folders()
        return tuple(self._shown(path) for path in sweep_locks(folders[:2], folders, since, pause))

    def _folders(self) -> tuple[Path, ...]:
        """The git folder, the one that several work trees share, and the top of this tree; none outside a repository."""
        place = self._place()
        return place.folders if place else ()

    def _is_ours(self, lock: Path) -> bool:
        path = (self._root / lock).resolve()
        return any(path.is_relative_to(folder) for folder in self._folders()[:2])

    def _shown(self, path: Path) -> str:
        root = self._root.resolve()
        path = (root / path).resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
