"""``python -m tests.bench.startup``: what it costs to be asked for a list or for help.

The yardstick is Invoke's own ``invoke --list`` on a tasks.py with one task. Budget: 1.6 times that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["rows"]

_ROUNDS = 15
_TRIVIAL = "from invoke import task\n\n\n@task\ndef one(c):\n    pass\n"
_OURS = "from vis_tasks import release_namespace\n\nns = release_namespace()\n"


def rows() -> list[dict[str, Any]]:
    """A row for each command: ``name``, ``n`` (1), ``seconds`` (the best of fifteen processes), ``ratio_to`` and ``ratio``."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, text in (("trivial", _TRIVIAL), ("ours", _OURS)):
            (folder / name).mkdir()
            (folder / name / "tasks.py").write_text(text)
        (folder / "ours" / "package.json").write_text('{"name": "root", "private": true, "workspaces": []}')
        programs = Path(sys.executable).parent
        commands = {
            "invoke --list (a trivial tasks.py)": (folder / "trivial", [programs / "invoke", "--list"]),
            "invoke --list": (folder / "ours", [programs / "invoke", "--list"]),
            "vis-tasks --list": (folder / "ours", [programs / "vis-tasks", "--list"]),
            "vis-tasks --help": (folder / "ours", [programs / "vis-tasks", "--help"]),
        }
        times = _alternating(commands)
        yardstick = next(iter(commands))
        return [
            {"name": name, "n": 1, "seconds": took, "ratio_to": yardstick, "ratio": took / times[yardstick]}
            for name, took in times.items()
        ]


def _alternating(commands: Mapping[str, tuple[Path, Sequence[object]]]) -> dict[str, float]:
    """The best time of each; they take turns, so that a busy moment hits all of them."""
    best = dict.fromkeys(commands, float("inf"))
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(_ROUNDS):
        for name, (folder, argv) in commands.items():
            begin = time.perf_counter()
            subprocess.run([str(each) for each in argv], cwd=folder, env=env, check=True, capture_output=True)
            best[name] = min(best[name], time.perf_counter() - begin)
    return best


if __name__ == "__main__":
    for row in rows():
        print(f"{row['name']:<40} {row['seconds'] * 1000:6.0f} ms  {row['ratio']:.2f} times")  # noqa: T201
