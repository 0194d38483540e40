"""``python -m tests.bench.staging [packages …]``: what it costs to pack and stage a wave, next to others.

Every program packs and stages the same workspace of pnpm to the same embedded registry, as a whole process, start-up included.
Ours does more: it holds the lock, asks the remote and the registry first, and writes down what it did. `floor.py` does less than
all of them: it shows what starting Python, packing and sending cost by themselves.
Budget: at most 2.5 times `pnpm stage publish -r` for 20 packages, 1.5 times for 100.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.registry import Client, ours
from tests.bench.rivals import rival

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["rows"]

_ROUNDS = 3
_PORT = 4997
_CONFIG = """[release.publish]
client = "direct"
"""


def build(root: Path, count: int, scope: str, config: str = _CONFIG) -> None:
    """A workspace of ``count`` small packages, each needing the one before, committed and pushed."""
    root.mkdir(parents=True)
    (root / "package.json").write_text(json.dumps({"name": "root", "private": True, "workspaces": ["packages/*"]}))
    (root / "pnpm-workspace.yaml").write_text("packages:\n  - packages/*\n")
    (root / "lerna.json").write_text(json.dumps({"version": "independent", "npmClient": "npm"}))
    (root / ".gitignore").write_text("dist/\n.vis/release/journal*\n.vis/release/*.lock\n")
    (root / "vis.toml").write_text(config)
    for number in range(count):
        folder = root / f"packages/pkg-{number}"
        folder.mkdir(parents=True)
        needs = {"dependencies": {f"@{scope}/pkg-{number - 1}": "workspace:^"}} if number % 5 else {}
        manifest = {"name": f"@{scope}/pkg-{number}", "version": "1.0.0", "license": "MIT", "main": "index.js", **needs}
        (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
        (folder / "index.js").write_text("module.exports = 1\n" * 200)
        (folder / "README.md").write_text(f"# pkg-{number}\n" * 20)
    remote = root.with_name(root.name + ".git")
    for argv in (
        ["init", "--quiet", "--bare", "--initial-branch=main", str(remote)],
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["commit", "--quiet", "--message=Begin"],
        ["remote", "add", "origin", str(remote)],
        ["push", "--quiet", "--set-upstream", "origin", "main"],
    ):
        subprocess.run(["git", *argv], cwd=root, check=True, capture_output=True)


def environment(home: Path, registry: str, token: str) -> dict[str, str]:
    """A private home with the registry and its token."""
    home.mkdir(exist_ok=True)
    address = registry.partition(":")[2]
    (home / ".npmrc").write_text(f"registry={registry}\n{address}:_authToken={token}\naudit=false\nfund=false\n")
    (home / ".gitconfig").write_text("[user]\nname = Bench\nemail = bench@example.com\n")
    # Without the byte code that every installation has, Python would be measured compiling.
    foreign = ("npm_", "vis_", "git_", "ci", "pythondontwritebytecode")
    kept = {key: value for key, value in os.environ.items() if not key.lower().startswith(foreign)}
    tools = str(Path(rival("pnpm")).parent)
    return {**kept, "HOME": str(home), "PATH": f"{tools}{os.pathsep}{kept['PATH']}", "NO_COLOR": "1"}


def seconds(folder: Path, argv: Sequence[str], count: int, registry: str, token: str) -> float:
    """The best of three whole processes, each on a workspace of its own; everything must be staged afterwards."""
    times = []
    for number in range(_ROUNDS):
        scope = f"s{time.time_ns():x}"
        root = folder / f"{scope}-{number}"
        env = environment(folder / "home", registry, token)
        build(root, count, scope)
        begin = time.perf_counter()
        done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - begin)
        staged = _staged(registry, token, scope)
        if done.returncode or staged != count:
            msg = f"{argv}: exit {done.returncode}, {staged} of {count} staged\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            raise RuntimeError(msg)
        shutil.rmtree(root)
    return min(times)


def _staged(registry: str, token: str, scope: str) -> int:
    client = Client(registry, token)
    found, page = 0, 0
    while items := client.ask("GET", f"/-/stage?perPage=100&page={page}")["items"]:
        found += sum(item["packageName"].startswith(f"@{scope}/") for item in items)
        page += 1
    return found


def contenders(count: int) -> dict[str, list[str]]:
    """The programs, the yardstick first; those that start a process for each package only where that takes seconds."""
    ours = str(Path(sys.executable).with_name("vis-tasks"))
    found = {
        "pnpm stage publish -r": [
            rival("pnpm"),
            "stage",
            "publish",
            "--recursive",
            "--no-git-checks",
            "--access=public",
        ],
        "vis-tasks stage": [ours, "stage"],
        "bare Python": [sys.executable, str(Path(__file__).with_name("floor.py"))],
        "npm stage publish --workspaces": ["npm", "stage", "publish", "--workspaces", "--access=public"],
    }
    if count <= 20:
        each = 'for folder in packages/*; do npm stage publish "./$folder" --access=public || exit 1; done'
        found["npm stage publish, one each"] = ["sh", "-c", each]
    return found


def rows(sizes: Sequence[int] = (20, 100)) -> list[dict[str, Any]]:
    """Measure.

    Args:
        sizes: numbers of packages.

    Returns:
        A row each: ``name``, ``n``, ``seconds``, ``ratio_to`` and ``ratio``.
    """
    found: list[dict[str, Any]] = []
    for count in sizes:
        yardstick, *_ = contenders(count)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            with ours(folder, _PORT) as (_, token, _took):
                times = {
                    name: seconds(folder, argv, count, f"http://127.0.0.1:{_PORT}/", token)
                    for name, argv in contenders(count).items()
                }
        found += [
            {"name": name, "n": count, "seconds": took, "ratio_to": yardstick, "ratio": took / times[yardstick]}
            for name, took in times.items()
        ]
    return found


if __name__ == "__main__":
    for row in rows([int(each) for each in sys.argv[1:]] or (20, 100)):
        print(f"{row['n']:>5} packages  {row['name']:<30} {row['seconds']:.2f} s  {row['ratio']:.2f} times")  # noqa: T201
