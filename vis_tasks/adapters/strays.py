"""Processes that somebody else started: those below a process, and those that carry a mark in their environment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

__all__ = ["descendants", "end_marked", "marked"]

_TIMEOUT = 10.0


def descendants(pid: int) -> tuple[int, ...]:
    """Everything a process started, and what that started; deepest last. One ``ps`` process; empty on Windows."""
    if sys.platform == "win32":
        return ()
    children: dict[int, list[int]] = {}
    for line in _ps("-A", "-o", "pid=,ppid="):
        words = line.split()
        if len(words) == 2 and all(word.isdecimal() for word in words):
            children.setdefault(int(words[1]), []).append(int(words[0]))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return tuple(found)


def marked(name: str, value: str) -> tuple[int, ...]:
    """Processes of ours that have a variable of this name and value, this one left out. Empty on Windows."""
    wanted = f"{name}={value}"
    if Path("/proc/self/environ").exists():
        return tuple(pid for pid in _numbers() if pid != os.getpid() and _has(pid, wanted.encode()))
    if sys.platform == "darwin":
        # BSD's ps shows the environment behind the command, with -E.
        lines = (line.strip().split(" ") for line in _ps("-AEww", "-o", "pid=,command="))
        return tuple(int(words[0]) for words in lines if wanted in words and int(words[0]) != os.getpid())
    return ()


def end_marked(name: str, value: str) -> tuple[int, ...]:
    """Kill them; returns which there were."""
    found = marked(name, value)
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    return found


def _numbers() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _has(pid: int, wanted: bytes) -> bool:
    try:
        return wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _ps(*options: str) -> list[str]:
    try:
        done = subprocess.run(["ps", *options], capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines()
