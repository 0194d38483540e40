"""The other programs that version a workspace, once each: they need many seconds for 1,000 packages.

All bump the same 100 packages. lerna and lerna-lite bump whatever depends on one of them, too, which is nearly every package of
this workspace; they can't be told not to. What a program needs in the workspace beside its packages is made first.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.rivals import Absent, absent_row, rival
from tests.bench.workspaces import CHANGED, build, changed, commit, git, seconds_on_a_clone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MOST", "rows"]

MOST = 1000


@dataclass(frozen=True)
class Versioner:
    """A program that versions.

    Attributes:
        program: what `rival` knows it as.
        argv: its arguments, for packages that have changed.
        prepare: what it needs in the workspace; is given the folder and the changed packages.
        dependents: it bumps whatever depends on a changed package.
    """

    program: str
    argv: Callable[[Sequence[str]], Sequence[str]]
    prepare: Callable[[Path, Sequence[str]], None]
    dependents: bool = False


def _beachball(root: Path, names: Sequence[str]) -> None:
    """Change files of its own; it leaves private packages alone."""
    for manifest in root.glob("packages/*/package.json"):
        manifest.write_text(manifest.read_text().replace('  "private": true,\n', ""))
    (root / "change").mkdir()
    for number, name in enumerate(names):
        change = {"type": "patch", "comment": "A change", "packageName": name, "email": "bench@example.test"}
        text = json.dumps({**change, "dependentChangeType": "none"})
        (root / f"change/change-{number}.json").write_text(text)


def _vis(root: Path, _names: Sequence[str]) -> None:
    (root / ".vis").mkdir()
    shutil.copytree(root / ".changeset", root / ".vis/release", ignore=shutil.ignore_patterns("config.json"))


def _nx(root: Path, names: Sequence[str]) -> None:
    """Version plans; npm's workspaces and ranges, because its reader of pnpm's lock file wants a true one."""
    version = {"updateDependents": "never", "versionActionsOptions": {"skipLockFileUpdate": True}}
    release = {"projects": ["packages/*"], "projectsRelationship": "independent", "versionPlans": True}
    (root / "nx.json").write_text(json.dumps({"release": {**release, "version": version}}))
    (root / "pnpm-workspace.yaml").unlink()
    (root / "package.json").write_text(json.dumps({"name": "root", "private": True, "workspaces": ["packages/*"]}))
    for manifest in root.glob("packages/*/package.json"):
        manifest.write_text(manifest.read_text().replace("workspace:^", "^1.0.0"))
    (root / ".nx/version-plans").mkdir(parents=True)
    for number, name in enumerate(names):
        (root / f".nx/version-plans/plan-{number}.md").write_text(f'---\n"{name}": patch\n---\n\nA change\n')
    (root / ".gitignore").write_text("node_modules\n.nx/cache\n.nx/workspace-data\n")
    (root / "node_modules").symlink_to(Path(rival("nx")).parents[1])


def _lerna(root: Path, _names: Sequence[str]) -> None:
    config = {"version": "independent", "npmClient": "npm", "packages": ["packages/*"]}
    (root / "lerna.json").write_text(json.dumps(config))


def _lerna_argv(names: Sequence[str]) -> Sequence[str]:
    return ["version", "patch", "--yes", "--no-git-tag-version", "--no-push", f"--force-publish={','.join(names)}"]


VERSIONERS = {
    "`beachball bump`": Versioner("beachball", lambda _: ["bump", "--no-fetch", "--yes"], _beachball),
    "`vis release version`": Versioner("vis", lambda _: ["release", "version"], _vis),
    "`nx release version`": Versioner("nx", lambda _: ["release", "version"], _nx),
    "`lerna-lite version`": Versioner("lerna-lite", _lerna_argv, _lerna, dependents=True),
    "`lerna version`": Versioner("lerna", _lerna_argv, _lerna, dependents=True),
}


def rows(count: int, ours: str, seconds: float) -> list[dict[str, Any]]:
    """Measure each once.

    Args:
        count: packages.
        ours: the name of what they are compared with.
        seconds: what that took.

    Returns:
        A row each: ``name``, ``n``, ``seconds``, ``ratio_to`` and ``ratio``; of one that can't be had or doesn't do it ``name``,
        ``n`` and ``why``.
    """
    return [_row(name, versioner, count, ours, seconds) for name, versioner in VERSIONERS.items()]


def _row(name: str, versioner: Versioner, count: int, ours: str, seconds: float) -> dict[str, Any]:
    try:
        took = _seconds(versioner, count)
    except (Absent, RuntimeError) as why:
        return absent_row(name, count, why)
    return {"name": name, "n": count, "seconds": took, "ratio_to": ours, "ratio": took / seconds}


def _seconds(versioner: Versioner, count: int) -> float:
    names = changed(count)
    argv = [rival(versioner.program), *versioner.argv(names)]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        build(source, count)
        versioner.prepare(source, names)
        commit(source)
        # The last release, from which lerna looks for changes; without it every package has changed.
        git(source, "tag", "--annotate", "--message=start", "@bench/pkg-0@1.0.0")
        return seconds_on_a_clone(source, argv, bumped=None if versioner.dependents else CHANGED)
