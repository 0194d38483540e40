"""Locks that a killed git left in a repository: which there are, and taking away those that certainly are dead.

Git makes ``<file>.lock`` before it changes ``<file>``, renames it over when it is done, and takes it away when it fails or gets
SIGTERM (git's lockfile.h). Killed with SIGKILL, or by the kernel for want of memory, it leaves the lock, and every git after it
refuses.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["at_work", "find_locks", "sweep_locks"]

# A lock guards the file it is named after; `git commit --only` builds next-index-<pid>.lock (builtin/commit.c). Each work tree
# has its own index and HEAD, the rest is shared (gitrepository-layout(5)).
_OWN = ("index.lock", "next-index-*.lock", "HEAD.lock", "ORIG_HEAD.lock")
_SHARED = ("packed-refs.lock", "config.lock", "shallow.lock", "reftable/*.lock")
_PROC = Path("/proc")
# A file's time comes from the kernel's coarse clock, which is a few milliseconds behind ours.
_COARSE = 0.05
_MOMENT = 0.3
_PATIENCE = 10


def find_locks(folders: Sequence[Path]) -> tuple[Path, ...]:
    """All lock files of a work tree: a few looks, and one walk through the loose refs.

    A ref's name can't end in ``.lock`` (git-check-ref-format(1)), so whatever does below ``refs`` is a lock.

    Args:
        folders: its git folder, then the one that all work trees share, which may be the same; empty outside a repository.
    """
    if not folders:
        return ()
    found = [path for pattern in _OWN for path in sorted(folders[0].glob(pattern))]
    found += [path for pattern in _SHARED for path in sorted(folders[-1].glob(pattern))]
    refs = (
        Path(folder, name)
        for folder, _, names in os.walk(folders[-1] / "refs")
        for name in names
        if name.endswith(".lock")
    )
    return (*found, *sorted(refs))


def sweep_locks(
    folders: Sequence[Path], places: Sequence[Path], since: float, pause: Callable[[float], None]
) -> tuple[Path, ...]:
    """Take away the locks that a git of ours left when it was killed; returns which. Costs nothing where there is none.

    Only what can't belong to anybody alive goes: made by this user, not before ``since``, no git at work in the repository and no
    process that has it open, and all that still so after a moment. Where processes can't be looked at, everything stays. A git
    that outlived the run that started it is waited for, three seconds at most.

    Args:
        folders: see `find_locks`.
        places: folders in which a git that runs is at work on this repository: its work tree, its git folders.
        since: when the run (or the git) that is known to be dead began, seconds of the epoch.
        pause: waits so many seconds.
    """
    found = [path for path in find_locks(folders) if _may_be_ours(path, since)]
    if not found:
        return ()
    for _ in range(_PATIENCE):
        before = {path: _print(path) for path in found}
        busy = at_work(places, found)
        if busy is None:
            return ()
        pause(_MOMENT)
        if not busy and at_work(places, found) == ():
            return tuple(path for path in found if _unchanged(path, before[path]) and _removed(path))
    return ()


def _may_be_ours(path: Path, since: float) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    return there.st_mtime >= since - _COARSE and (not hasattr(os, "geteuid") or there.st_uid == os.geteuid())


def _print(path: Path) -> tuple[int, int, int] | None:
    try:
        there = path.lstat()
    except OSError:
        return None
    return there.st_ino, there.st_size, there.st_mtime_ns


def _unchanged(path: Path, before: tuple[int, int, int] | None) -> bool:
    return before is not None and _print(path) == before


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def at_work(places: Sequence[Path], locks: Sequence[Path] = ()) -> tuple[int, ...] | None:
    """Processes that may be changing a repository: each git that works in one of the places, whoever has one of the locks open.

    A git of another user that can't be looked at counts, too. Reads ``/proc`` (proc(5)).

    Returns:
        Process ids; None where the system has no ``/proc``.
    """
    if not (_PROC / "self" / "cwd").exists():
        return None
    roots = tuple(path.resolve() for path in places)
    wanted = {str(path.resolve()) for path in locks}
    return tuple(
        number for number in _numbers() if _git_in(number, roots) or any(each in wanted for each in _open_files(number))
    )


def _numbers() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal() and int(entry.name) != os.getpid())


def _git_in(number: int, roots: Sequence[Path]) -> bool:
    try:
        words = (_PROC / str(number) / "cmdline").read_bytes().split(b"\0")
        # The daemon that watches a tree for git runs on and on, and takes no lock (git-fsmonitor--daemon(1)).
        if not Path(os.fsdecode(words[0])).name.startswith("git") or b"fsmonitor--daemon" in words:
            return False
        if any(os.fsencode(root) in word for root in roots for word in words[1:]):
            return True
        where = (_PROC / str(number) / "cwd").readlink()
    except PermissionError:
        return True
    except OSError:  # it has ended meanwhile
        return False
    return any(where.is_relative_to(root) for root in roots)


def _open_files(number: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for each in (_PROC / str(number) / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(each.readlink())
