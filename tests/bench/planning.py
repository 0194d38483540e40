"""``python -m tests.bench.planning [packages …]``: what planning and versioning cost, beside a bare loop and other programs.

Budgets: `status` at most 2.5 times a bare loop that reads and parses the same files (start-up aside), growing with the number of
packages; `version` at most 1.5 times native `pnpm version -r` and 10 times faster than `changeset version`, whole processes in
one run. Rounds take turns, so that a busy machine is busy for all. `pnpm` and `changeset` only write files; our command also
holds a lock, asks the remote, commits and pushes, and is measured with that and without. Programs that need many seconds run once
each, with 1,000 packages (`tests.bench.versioners`).
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import versioners
from tests.bench.rivals import rival
from tests.bench.workspaces import build, commit, seconds_on_a_clone
from vis_tasks.adapters.changefiles import read_changes
from vis_tasks.adapters.console import aligned
from vis_tasks.adapters.planning import plan_on_disk
from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.services.planning.document import PLAN_HEAD, as_text, plan_document, plan_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["rows"]

SIZES = (1000, 5000)
CONFIG = ReleaseConfig(rules="changesets-2")
_FILES = "`version`, files only"
_ROUNDS = 9
_PROCESS_ROUNDS = {1000: 15}  # the shorter a program, the more rounds until one is undisturbed
_FEWER_ROUNDS = 5


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Every measurement: ``name``, ``n`` packages, ``seconds``, ``ratio_to`` (what it is compared with) and ``ratio``.

    A program that can't be had has ``name``, ``n`` and ``why``.
    """
    found: list[dict[str, Any]] = []
    for count in sizes:
        ours = as_processes(count)
        found += [*in_process(count), *ours]
        if count <= versioners.MOST:
            found += versioners.rows(
                count, *next((row["name"], row["seconds"]) for row in ours if row["name"] == _FILES)
            )
    return found


def bare(root: Path, count: int) -> None:
    """The loop to compare with."""
    for number in range(count):
        with open(f"{root}/packages/pkg-{number}/package.json", "rb") as file:  # noqa: PTH123
            json.loads(file.read())


def status(root: Path) -> None:
    """What `status` does once it has started."""
    workspace = read_workspace(root)
    planned = plan_on_disk(root, CONFIG, workspace, read_changes(root, CONFIG, workspace))
    with contextlib.redirect_stdout(io.StringIO()):
        print("\n".join(aligned([PLAN_HEAD, *plan_rows(planned)])))  # noqa: T201


def plan(root: Path) -> None:
    """What `plan` does once it has started."""
    workspace = read_workspace(root)
    planned = plan_on_disk(root, CONFIG, workspace, read_changes(root, CONFIG, workspace))
    with contextlib.redirect_stdout(io.StringIO()):
        print(as_text(plan_document(planned, workspace)))  # noqa: T201


def in_process(count: int) -> list[dict[str, Any]]:
    """Start-up aside, in seconds of processor time: planning beside the loop."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build(root, count)
        bodies: dict[str, Callable[[], object]] = {
            "bare loop": lambda: bare(root, count),
            "status, start-up aside": lambda: status(root),
            "plan, start-up aside": lambda: plan(root),
        }
        best = dict.fromkeys(bodies, float("inf"))
        for _ in range(_ROUNDS):
            for name, body in bodies.items():
                start = time.process_time()
                body()
                best[name] = min(best[name], time.process_time() - start)
    return [_row(name, count, seconds, "bare loop", best["bare loop"]) for name, seconds in best.items()]


def as_processes(count: int) -> list[dict[str, Any]]:
    """Whole processes on fresh copies, start-up included."""
    program = str(Path(sys.executable).with_name("vis-tasks"))  # `python -m` loads more before it begins
    ours = {
        "`status`": [program, "status"],
        _FILES: [sys.executable, str(Path(__file__).with_name("versioning.py"))],
        "`version`, committed and pushed": [program, "version"],
    }
    theirs = {
        "`changeset status`": [rival("changeset"), "status"],
        "`pnpm version -r`": [rival("pnpm"), "version", "-r", "--no-git-checks"],
        "`changeset version`": [rival("changeset"), "version"],
    }
    compared = (
        ("`status`", "`changeset status`"),
        (_FILES, "`pnpm version -r`"),
        (_FILES, "`changeset version`"),
        ("`version`, committed and pushed", "`pnpm version -r`"),
        ("`version`, committed and pushed", "`changeset version`"),
    )
    best = _take_turns(count, {**ours, **theirs})
    alone = [_row(name, count, best[name], name, best[name]) for name in theirs]
    return [*(_row(name, count, best[name], other, best[other]) for name, other in compared), *alone]


def _take_turns(count: int, commands: Mapping[str, list[str]]) -> dict[str, float]:
    """Seconds of the best round of each command, every one on a fresh clone with a remote of its own."""
    best = dict.fromkeys(commands, float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        build(source, count)
        commit(source)
        for _ in range(_PROCESS_ROUNDS.get(count, _FEWER_ROUNDS)):
            for name, argv in commands.items():
                best[name] = min(best[name], seconds_on_a_clone(source, argv))
    return best


def _row(name: str, count: int, seconds: float, other: str, other_seconds: float) -> dict[str, Any]:
    ratio = seconds / other_seconds
    return {"name": name, "n": count, "seconds": seconds, "ratio_to": other, "ratio": ratio}


if __name__ == "__main__":
    for row in rows(tuple(int(each) for each in sys.argv[1:]) or SIZES):
        said = row.get("why") or f"{row['seconds']:8.3f} s  {row['ratio']:6.2f} times {row['ratio_to']}"
        print(f"{row['n']:>6}  {row['name']:<34}{said}")  # noqa: T201
