"""Workspaces for tests: in memory for the pure core, on disk for the adapters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vis_tasks.core.changes import parse_change
from vis_tasks.core.model import Change, Package, Plan, Workspace

__all__ = ["change", "package", "ranges_of", "versions_of", "workspace", "write_change", "write_workspace"]


def package(
    name: str,
    version: str = "1.0.0",
    *,
    path: str = "",
    deps: dict[str, str] | None = None,
    dev: dict[str, str] | None = None,
    peer: dict[str, str] | None = None,
    optional: dict[str, str] | None = None,
    private: bool = False,
    **more: Any,
) -> Package:
    """A package; its folder is ``packages/<name without scope>`` unless told."""
    manifest: dict[str, Any] = {"name": name, "version": version, **more}
    tables = {"dependencies": deps, "devDependencies": dev, "peerDependencies": peer, "optionalDependencies": optional}
    manifest.update({table: entries for table, entries in tables.items() if entries})
    if private:
        manifest["private"] = True
    return Package(name, version, path or f"packages/{name.rpartition('/')[2]}", manifest)


def workspace(*packages: Package, manager: str = "npm", root: Path = Path("/workspace")) -> Workspace:
    """A workspace of these packages, in the order of their paths."""
    return Workspace(root, manager, tuple(sorted(packages, key=lambda each: each.path)))


def change(id_: str, text: str = "Something changed", /, **levels: str) -> Change:
    """A change file; package names with characters Python doesn't allow go into `changes_text`."""
    front = "\n".join(f'"{name}": {level}' for name, level in levels.items())
    return parse_change(id_, f".vis/release/{id_}.md", f"---\n{front}\n---\n\n{text}\n")


def change_text(id_: str, text: str) -> Change:
    """A change file from its whole text."""
    return parse_change(id_, f".vis/release/{id_}.md", text)


def versions_of(plan: Plan) -> dict[str, str]:
    """New version by name."""
    return {release.name: release.new for release in plan.releases}


def ranges_of(plan: Plan) -> dict[tuple[str, str, str], str]:
    """New range by package, table and dependency."""
    return {
        (name, table, dependency): range_
        for name, tables in plan.ranges.items()
        for table, entries in tables.items()
        for dependency, range_ in entries.items()
    }


def write_workspace(root: Path, *packages: Package, manager: str = "npm", patterns: list[str] | None = None) -> Path:
    """Put a workspace on disk: root package.json (or pnpm-workspace.yaml) and every package."""
    patterns = patterns or ["packages/*"]
    top: dict[str, Any] = {"name": "root", "private": True}
    root.mkdir(parents=True, exist_ok=True)
    if manager == "pnpm":
        listed = "\n".join(f"  - {json.dumps(each)}" for each in patterns)
        (root / "pnpm-workspace.yaml").write_text(f"packages:\n{listed}\n", encoding="utf-8")
    else:
        top["workspaces"] = patterns
    (root / "package.json").write_text(json.dumps(top, indent=2) + "\n", encoding="utf-8")
    for each in packages:
        folder = root / each.path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps(each.manifest, indent=2) + "\n", encoding="utf-8")
    return root


def write_change(root: Path, name: str, text: str, folder: str = ".vis/release") -> Path:
    """Put a change file on disk."""
    file = root / folder / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")
    return file
