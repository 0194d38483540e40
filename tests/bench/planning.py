"""``python -m tests.bench.planning [packages …]``: what planning costs next to a bare loop that reads and parses the same files.

Budget: ``status`` at most 2.5 times the loop, growing with the number of packages. With ``VIS_CHANGESET`` naming the `changeset`
program of changesets, versioning the same workspace is compared with it as well (budget: at least 5 times faster).
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
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.changefiles import read_changes
from vis_tasks.adapters.planning import plan_edits, plan_on_disk
from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.services.planning.document import plan_table

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 7
CONFIG = ReleaseConfig()


def build(root: Path, count: int) -> None:
    """A workspace of ``count`` packages with six internal and ten other dependencies each, and twenty change files."""
    rnd = random.Random(count)  # noqa: S311
    (root / "package.json").write_text(json.dumps({"name": "root", "private": True, "workspaces": ["packages/*"]}))
    for number in range(count):
        folder = root / f"packages/pkg-{number}"
        folder.mkdir(parents=True)
        inside = {f"@bench/pkg-{rnd.randrange(number)}": "^1.0.0" for _ in range(min(number, 6))}
        manifest = {
            "name": f"@bench/pkg-{number}",
            "version": "1.0.0",
            "description": "A package among many, with a description of the usual length for such files.",
            "license": "MIT",
            "scripts": {"build": "tsc", "test": "vitest run"},
            "dependencies": {**inside, **{f"other-{each}": "^1.0.0" for each in range(8)}},
            "devDependencies": {"typescript": "^5.0.0", "vitest": "^3.0.0"},
        }
        (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    for number in range(20):
        for folder in (root / ".vis/release", root / ".changeset"):
            folder.mkdir(parents=True, exist_ok=True)
            level = rnd.choice(["patch", "minor", "major"])
            text = f'---\n"@bench/pkg-{number * count // 20}": {level}\n---\n\nA change\n'
            (folder / f"change-{number}.md").write_text(text)


def bare(root: Path, count: int) -> None:
    """The loop to compare with."""
    for number in range(count):
        with open(f"{root}/packages/pkg-{number}/package.json", "rb") as file:  # noqa: PTH123
            json.loads(file.read())


def status(root: Path) -> None:
    """What `status` does once it has started."""
    workspace = read_workspace(root)
    plan = plan_on_disk(root, CONFIG, workspace, read_changes(root, CONFIG, workspace))
    with contextlib.redirect_stdout(io.StringIO()):
        print("\n".join(plan_table(plan)))  # noqa: T201


def version(root: Path) -> int:
    """What `version` writes; the number of files."""
    workspace = read_workspace(root)
    plan = plan_on_disk(root, CONFIG, workspace, read_changes(root, CONFIG, workspace))
    edits = plan_edits(root, CONFIG, workspace, plan, datetime.now(UTC).date())
    for edit in edits:
        if edit.content is None:
            (root / edit.path).unlink()
        else:
            (root / edit.path).write_bytes(edit.content)
    return len(edits)


def best(body: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Seconds of processor time of the best round."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        body()
        times.append(time.process_time() - start)
    return min(times)


def compare(count: int) -> str:
    """One line of results."""
    folder = Path(tempfile.mkdtemp())
    try:
        build(folder, count)
        bare(folder, count)
        loop, ours = best(lambda: bare(folder, count)), best(lambda: status(folder))
        line = f"{count:>6} packages: loop {loop * 1000:.0f} ms, status {ours * 1000:.0f} ms, ratio {ours / loop:.2f}"
        theirs = os.environ.get("VIS_CHANGESET")
        return line + (_against(folder, theirs) if theirs else "")
    finally:
        shutil.rmtree(folder)


def _against(folder: Path, program: str) -> str:
    (folder / ".changeset/config.json").write_text('{"changelog": false, "prettier": false, "commit": false}')
    code = "import sys; from pathlib import Path; from tests.bench.planning import version; version(Path(sys.argv[1]))"
    ours = _process(folder, [sys.executable, "-c", code], argument=True)
    theirs = _process(folder, [program, "version"], argument=False)
    return f"; version {ours:.2f} s, changeset version {theirs:.2f} s, {theirs / ours:.1f} times"


def _process(folder: Path, argv: list[str], *, argument: bool) -> float:
    """Seconds of the best of three runs, each on a fresh copy and start-up included."""
    times = []
    for _ in range(3):
        twin = folder.with_name(folder.name + "-twin")
        shutil.copytree(folder, twin)
        env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        start = time.perf_counter()
        subprocess.run([*argv, *([str(twin)] if argument else [])], cwd=twin, env=env, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
        shutil.rmtree(twin)
    return min(times)


if __name__ == "__main__":
    for size in [int(each) for each in sys.argv[1:]] or [1000, 5000]:
        print(compare(size))  # noqa: T201
