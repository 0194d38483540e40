"""``python -m tests.bench.staging [packages …]``: what it costs to pack and stage a wave, next to others.

Every program packs and stages the same workspace of pnpm to the same embedded registry, as a whole process, start-up included.
Ours does more: it holds the lock, asks the remote and the registry first, and writes down what it did. `floor.py` does less than
all of them: it shows what starting Python, packing and sending cost by themselves. `changeset publish` and `nx release publish`
know no staging: they publish, with the tags and questions to the registry that belong to it.
Budget: at most 2.5 times `pnpm stage publish -r` for 20 packages, 1.5 times for 100.
Everything is measured twice: with a registry that answers at once, and with one that is 50 ms away.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.registry import Client, ours
from tests.bench.rivals import Absent, absent_row, rival, rivals_path
from tests.bench.workspaces import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["rows"]

_ROUNDS = 15
_SLOW_ROUNDS = 2
_QUICK = 1000
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
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{rivals_path()}{os.pathsep}{kept['PATH']}",
        "NO_COLOR": "1",
        # changesets asks the environment, not npm's files, and else takes the public registry
        # (`packages/cli/src/commands/publish/npm-utils.ts`, getCorrectRegistry).
        "npm_config_registry": registry,
        "NX_DAEMON": "false",
    }


@dataclass(frozen=True)
class Contender:
    """A program that brings a wave to the registry.

    Attributes:
        argv: what is run, once its workspace is there.
        prepare: what it needs in the workspace beside what all have.
        live: it publishes; the versions are live afterwards, not staged.
        most: the largest wave it is measured with: a process for each package takes seconds, and shows no more with a hundred,
            nor in more than two rounds.
    """

    argv: Callable[[], Sequence[str]]
    prepare: Callable[[Path], None] = lambda root: None
    live: bool = False
    most: int = _QUICK


def seconds(folder: Path, contender: Contender, count: int, registry: str) -> float:
    """One whole process on a workspace of its own, with an account that nothing is staged by; everything must arrive."""
    argv = contender.argv()
    scope = f"s{time.time_ns():x}"
    token = _account(registry, scope)
    root = folder / scope
    env = environment(folder / "home", registry, token)
    build(root, count, scope)
    contender.prepare(root)
    settle()
    begin = time.perf_counter()
    done = subprocess.run(
        argv, cwd=root, env=env, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL, check=False
    )
    took = time.perf_counter() - begin
    arrived = _live(registry, token, scope, count) if contender.live else _staged(registry, token, scope)
    if done.returncode or arrived != count:
        msg = f"{argv}: exit {done.returncode}, {arrived} of {count} arrived\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    shutil.rmtree(root)
    return took


def _account(registry: str, name: str) -> str:
    """The token of a new one."""
    person = json.dumps({"name": name, "password": "benchmark", "email": f"{name}@example.com"}).encode()
    token: str = Client(registry, "").ask("PUT", f"/-/user/org.couchdb.user:{name}", person)["token"]
    return token


def _staged(registry: str, token: str, scope: str) -> int:
    client = Client(registry, token)
    found, page = 0, 0
    while items := client.ask("GET", f"/-/stage?perPage=100&page={page}")["items"]:
        found += sum(item["packageName"].startswith(f"@{scope}/") for item in items)
        page += 1
    return found


def _live(registry: str, token: str, scope: str, count: int) -> int:
    client = Client(registry, token)
    packages = (client.ask("GET", f"/@{scope}%2fpkg-{number}") for number in range(count))
    return sum("1.0.0" in package["versions"] for package in packages)


def _for_changesets(root: Path) -> None:
    (root / ".changeset").mkdir()
    (root / ".changeset/config.json").write_text('{"access": "public", "baseBranch": "main"}')


def _for_nx(root: Path) -> None:
    """Nx itself, as installed in the workspace; and npm's ranges, because nx takes the workspace for npm's and refuses others."""
    release = {"projects": ["packages/*"], "projectsRelationship": "independent"}
    (root / "nx.json").write_text(json.dumps({"release": release}))
    (root / "node_modules").symlink_to(Path(rival("nx")).parents[1])
    for manifest in root.glob("packages/*/package.json"):
        manifest.write_text(manifest.read_text().replace("workspace:^", "^1.0.0"))


_EACH = 'for folder in packages/*; do npm stage publish "./$folder" --access=public || exit 1; done'
_FOUR = "ls -d packages/* | xargs -P4 -I{} npm stage publish ./{} --access=public"

CONTENDERS = {
    "pnpm stage publish -r": Contender(
        lambda: [rival("pnpm"), "stage", "publish", "--recursive", "--no-git-checks", "--access=public"]
    ),
    "vis-tasks stage": Contender(lambda: [str(Path(sys.executable).with_name("vis-tasks")), "stage"]),
    "bare Python": Contender(lambda: [sys.executable, str(Path(__file__).with_name("floor.py"))]),
    "npm stage publish --workspaces": Contender(lambda: ["npm", "stage", "publish", "--workspaces", "--access=public"]),
    "lerna-lite publish from-package --stage": Contender(
        lambda: [rival("lerna-lite"), "publish", "from-package", "--stage", "--yes", "--no-git-reset"]
    ),
    "npm stage publish, four at once": Contender(lambda: ["sh", "-c", _FOUR], most=20),
    "npm stage publish, one each": Contender(lambda: ["sh", "-c", _EACH], most=20),
    "changeset publish (not staged)": Contender(
        lambda: [rival("changeset"), "publish"], prepare=_for_changesets, live=True, most=20
    ),
    "nx release publish (not staged)": Contender(
        lambda: [rival("nx"), "release", "publish", "--access=public"], prepare=_for_nx, live=True, most=20
    ),
}
_YARDSTICK = next(iter(CONTENDERS))


_FAR = 0.05
_FAR_ROUNDS = 3
_FAR_CONTENDERS = tuple(name for name, each in CONTENDERS.items() if each.most == _QUICK)


def rows(sizes: Sequence[int] = (20, 100)) -> list[dict[str, Any]]:
    """Measure, with a registry on this machine that answers at once.

    Args:
        sizes: numbers of packages.

    Returns:
        A row each: ``name``, ``n``, ``seconds``, ``ratio_to`` and ``ratio``; ``name``, ``n`` and ``why`` for a program that can't
        be had.
    """
    return [
        row
        for count in sizes
        for row in _measured(count, [name for name, each in CONTENDERS.items() if count <= each.most], _ROUNDS)
    ]


def far_rows(sizes: Sequence[int] = (20, 100)) -> list[dict[str, Any]]:
    """Measure as `rows` does, with a registry whose every answer comes 50 ms later: one that is somewhere else, as all are."""
    return [row for count in sizes for row in _measured(count, _FAR_CONTENDERS, _FAR_ROUNDS, _FAR)]


def _measured(count: int, contenders: Sequence[str], rounds: int, delay: float = 0.0) -> list[dict[str, Any]]:
    """Rounds of all programs, each on a registry of its own, so that a bad minute of the machine is a bad minute for all."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    absent: dict[str, dict[str, Any]] = {}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as place, ours(Path(place), _PORT, delay):
            # The registry's first answers are its slowest; the first in line must not pay for them.
            seconds(Path(place), CONTENDERS["bare Python"], count, f"http://127.0.0.1:{_PORT}/")
            for name, found in times.items():
                if name in absent or (number >= _SLOW_ROUNDS and CONTENDERS[name].most < _QUICK):
                    continue
                try:
                    took = seconds(Path(place), CONTENDERS[name], count, f"http://127.0.0.1:{_PORT}/")
                except Absent as why:
                    absent[name] = absent_row(name, count, why)
                else:
                    found.append(took)
    best = {name: min(found) for name, found in times.items() if found}
    # Without the yardstick each is compared with itself, and says so.
    to = {name: _YARDSTICK if _YARDSTICK in best else name for name in best}
    return [
        absent.get(name)
        or {
            "name": name,
            "n": count,
            "seconds": best[name],
            "ratio_to": to[name],
            "ratio": best[name] / best[to[name]],
        }
        for name in times
    ]


if __name__ == "__main__":
    chosen = [int(each) for each in sys.argv[1:]] or (20, 100)
    for row in [*rows(chosen), *far_rows(chosen)]:
        said = row.get("why") or f"{row['seconds']:.2f} s  {row['ratio']:.2f} times"
        print(f"{row['n']:>5} packages  {row['name']:<40} {said}")  # noqa: T201
