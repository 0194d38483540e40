"""The registry before the rehearsal: accounts, and every package at the version it has now, so that the next one is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.model import DEPENDENCY_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vis_tasks.core.model import Package, Workspace
    from vis_tasks.registry.run import Registry

__all__ = ["seed", "seed_manifest", "stage_other_bytes"]

_ELSEWHERE = ("catalog:", "link:", "file:", "portal:", "patch:")
_LEFT_OUT = frozenset({"scripts", "publishConfig", "devDependencies", "private", "workspaces", "catalog", "catalogs"})


def seed(registry: Registry, workspace: Workspace, maintainers: tuple[str, ...]) -> frozenset[str]:
    """Put in what is published: packages with a version that aren't private. A few milliseconds each.

    Args:
        registry: the registry; its accounts are there already.
        workspace: the copy's.
        maintainers: who may publish and decide.

    Returns:
        ``name@version`` of each.
    """
    found = set()
    for package in workspace.packages:
        if not package.version or package.private:
            continue
        own = package.manifest.get("publishConfig")
        restricted = isinstance(own, dict) and own.get("access") == "restricted"
        registry.seed(
            package.name,
            package.version,
            manifest=seed_manifest(package, workspace),
            files=_readme(workspace.root / package.path),
            maintainers=maintainers,
            access="private" if restricted else "public",
        )
        found.add(f"{package.name}@{package.version}")
    return frozenset(found)


def seed_manifest(package: Package, workspace: Workspace) -> dict[str, Any]:
    """The manifest as it would have been published: ranges of the workspace resolved, those nobody else can read left out."""
    manifest = {key: value for key, value in package.manifest.items() if key not in _LEFT_OUT}
    for table in DEPENDENCY_TABLES:
        if table in manifest:
            manifest[table] = dict(_resolved(package.table(table), workspace))
    return manifest


def stage_other_bytes(registry: Registry, name: str, version: str, by: str) -> None:
    """Somebody stages a version with bytes of their own."""
    from vis_tasks.registry.accounts import Identity
    from vis_tasks.registry.payload import Upload
    from vis_tasks.registry.tarballs import build_tarball, inspect_tarball

    manifest = {"name": name, "version": version}
    data = build_tarball(manifest, {"index.js": "other bytes\n"})
    inspection = inspect_tarball(data, max_unpacked=registry.settings.max_unpacked)
    dist = {"integrity": inspection.integrity, "shasum": inspection.shasum}
    upload = Upload(name, version, "latest", None, {**manifest, "dist": dist}, data, inspection)
    registry.store.stages.add(upload, Identity(by, "session"))


def _resolved(table: Mapping[str, str], workspace: Workspace) -> list[tuple[str, str]]:
    found = []
    for name, spec in table.items():
        if not isinstance(spec, str) or spec.startswith(_ELSEWHERE):
            continue
        if spec.startswith("workspace:"):
            member = workspace.by_name.get(name)
            inner = spec.removeprefix("workspace:")
            version = member.version if member else ""
            found.append((name, {"*": version, "^": f"^{version}", "~": f"~{version}"}.get(inner, inner)))
        else:
            found.append((name, spec))
    return found


def _readme(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("README.md") if path.is_file()}
