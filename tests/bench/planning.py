"""``python -m tests.bench.planning [packages …]``: what planning and versioning cost, beside a bare loop and other programs.

Budgets: `status` at most 2.5 times a bare loop that reads and parses the same files (start-up aside), growing with the number of
packages; `version` at most 1.5 times native `pnpm version -r` and 10 times faster than `changeset version`, whole processes in
one run. Rounds take turns, so that a busy machine is busy for all. `pnpm` and `changeset` only write files; our command also
holds a lock, asks the remote, commits and pushes, and is measured with that and without.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.rivals import rival
from vis_tasks.adapters.changefiles import read_changes
from vis_tasks.adapters.console import aligned
from vis_tasks.adapters.planning import plan_on_disk
from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.services.planning.document import PLAN_HEAD, as_text, plan_document, plan_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["build", "rows"]

SIZES = (1000, 5000)
CHANGED = 100
CONFIG = ReleaseConfig(rules="changesets-2")
_ROUNDS = 9
_PROCESS_ROUNDS = 3


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Every measurement: ``name``, ``n`` packages, ``seconds``, ``ratio_to`` (what it is compared with) and ``ratio``."""
    return [row for count in sizes for row in (*in_process(count), *as_processes(count))]


def build(root: Path, count: int) -> None:
    """A pnpm workspace of ``count`` private packages with six internal and ten other dependencies each, 100 of them changed."""
    rnd = random.Random(count)  # noqa: S311
    files = {
        "package.json": json.dumps({"name": "root", "private": True}),
        "pnpm-workspace.yaml": "packages:\n  - packages/*\n",
        "vis.toml": '[release]\nrules = "changesets-2"\n',
        ".gitignore": ".vis/release/.lock\n.vis/release/.state.json\n.vis/release/dist/\n",
        ".changeset/config.json": '{"changelog": "@changesets/cli/changelog", "baseBranch": "main"}',
    }
    for number in range(count):
        inside = {f"@bench/pkg-{rnd.randrange(number)}": "workspace:^" for _ in range(min(number, 6))}
        manifest = {
            "name": f"@bench/pkg-{number}",
            "version": "1.0.0",
            "private": True,  # pnpm asks the registry about all others
            "description": "A package among many, with a description of the usual length for such files.",
            "license": "MIT",
            "scripts": {"build": "tsc", "test": "vitest run"},
            "dependencies": {**inside, **{f"other-{each}": "^1.0.0" for each in range(8)}},
            "devDependencies": {"typescript": "^5.0.0", "vitest": "^3.0.0"},
        }
        files[f"packages/pkg-{number}/package.json"] = json.dumps(manifest, indent=2) + "\n"
    for number in range(CHANGED):
        text = f'---\n"@bench/pkg-{number * count // CHANGED}": patch\n---\n\nA change\n'
        files[f".changeset/change-{number}.md"] = text
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


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
    python = sys.executable
    ours = {
        "`status`": [python, "-m", "vis_tasks", "status"],
        "`version`, files only": [python, "-m", "tests.bench.versioning"],
        "`version`, committed and pushed": [python, "-m", "vis_tasks", "version"],
    }
    theirs = {
        "`changeset status`": [rival("changeset"), "status"],
        "`pnpm version -r`": [rival("pnpm"), "version", "-r", "--no-git-checks"],
        "`changeset version`": [rival("changeset"), "version"],
    }
    compared = (
        ("`status`", "`changeset status`"),
        ("`version`, files only", "`pnpm version -r`"),
        ("`version`, files only", "`changeset version`"),
        ("`version`, committed and pushed", "`pnpm version -r`"),
        ("`version`, committed and pushed", "`changeset version`"),
    )
    best = _take_turns(count, {**ours, **theirs})
    alone = [_row(name, count, best[name], name, best[name]) for name in theirs]
    return [*(_row(name, count, best[name], other, best[other]) for name, other in compared), *alone]


def _take_turns(count: int, commands: Mapping[str, list[str]]) -> dict[str, float]:
    """Seconds of the best round of each command, every one on a fresh clone with a remote of its own."""
    best = dict.fromkeys(commands, float("inf"))
    env = {
        # Without the byte code that every installation has, Python would be measured compiling.
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(Path.cwd()),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    env |= {f"GIT_{who}_{what}": "bench@example.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    with tempfile.TemporaryDirectory() as folder:
        source, twin, remote = (Path(folder) / name for name in ("source", "twin", "remote.git"))
        source.mkdir()
        build(source, count)

        def git(root: Path, *argv: str) -> None:
            subprocess.run(["git", *argv], cwd=root, env=env, check=True, capture_output=True)

        git(source, "init", "-q", "-b", "main")
        git(source, "add", "-A")
        git(source, "commit", "-q", "-m", "start")
        for _ in range(_PROCESS_ROUNDS):
            for name, argv in commands.items():
                git(source, "clone", "-q", "--bare", str(source), str(remote))
                git(source, "clone", "-q", str(remote), str(twin))
                start = time.perf_counter()
                subprocess.run(argv, cwd=twin, env=env, check=True, capture_output=True, stdin=subprocess.DEVNULL)
                best[name] = min(best[name], time.perf_counter() - start)
                shutil.rmtree(twin)
                shutil.rmtree(remote)
    return best


def _row(name: str, count: int, seconds: float, other: str, other_seconds: float) -> dict[str, Any]:
    ratio = seconds / other_seconds
    return {"name": name, "n": count, "seconds": seconds, "ratio_to": other, "ratio": ratio}


if __name__ == "__main__":
    for row in rows(tuple(int(each) for each in sys.argv[1:]) or SIZES):
        print(f"{row['n']:>6}  {row['name']:<34}{row['seconds']:8.3f} s  {row['ratio']:6.2f} times {row['ratio_to']}")  # noqa: T201
