"""The workspaces on which planning and versioning are measured, and how a command is timed on one."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from tests.bench.rivals import rivals_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["CHANGED", "build", "changed", "commit", "git", "seconds_on_a_clone", "settle"]

CHANGED = 100


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
    for number, name in enumerate(changed(count)):
        files[f".changeset/change-{number}.md"] = f'---\n"{name}": patch\n---\n\nA change\n'
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def changed(count: int) -> list[str]:
    """The names of the packages that have a change file."""
    return [f"@bench/pkg-{number * count // CHANGED}" for number in range(CHANGED)]


def environment() -> dict[str, str]:
    """What every program runs with: the same Node, no configuration of git, an author."""
    env = {
        # Without the byte code that every installation has, Python would be measured compiling.
        **{key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        "PATH": f"{rivals_path()}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.getcwd(),  # noqa: PTH109
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "NX_DAEMON": "false",
    }
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "Bench", f"GIT_{who}_EMAIL": "bench@example.test"}
    return env


def git(root: Path, *argv: str) -> None:
    """One git process."""
    subprocess.run(["git", *argv], cwd=root, env=environment(), check=True, capture_output=True)


def settle() -> None:
    """Wait until what was built lies on the disk: nobody releases from a workspace that is still being written."""
    if hasattr(os, "sync"):
        os.sync()


def commit(source: Path) -> None:
    """Make the folder a repository with one commit."""
    git(source, "init", "-q", "-b", "main")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "start")


def seconds_on_a_clone(source: Path, argv: Sequence[str], *, bumped: int | None = None) -> float:
    """Run a command on a fresh clone whose remote is fresh, too.

    Args:
        source: the repository to clone.
        argv: the command.
        bumped: how many package.json files it must change; not looked at when None.

    Returns:
        The seconds it took, start-up included.

    Raises:
        RuntimeError: it failed, or changed another number of files.
    """
    remote, twin = source.with_name("remote.git"), source.with_name("twin")
    git(source, "clone", "-q", "--bare", str(source), str(remote))
    git(source, "clone", "-q", str(remote), str(twin))
    if (modules := source / "node_modules").is_symlink():
        (twin / "node_modules").symlink_to(modules.readlink())
    env = environment()
    settle()
    start = time.perf_counter()
    done = subprocess.run(argv, cwd=twin, env=env, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    took = time.perf_counter() - start
    listed = subprocess.run(
        ["git", "diff", "--name-only", "HEAD", "--", "packages/*/package.json"],
        cwd=twin, env=env, check=True, capture_output=True,
    )  # fmt: skip
    written = len(listed.stdout.splitlines())
    shutil.rmtree(twin)
    shutil.rmtree(remote)
    if done.returncode or bumped not in {None, written}:
        msg = f"{argv}: exit {done.returncode}, {written} package.json written\n{done.stderr[-2000:]!r}"
        raise RuntimeError(msg)
    return took
