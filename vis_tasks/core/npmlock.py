"""package-lock.json after a release: the few values that move, edited in place, where that is provably all npm would do.

npm writes each member's version and dependency tables into ``packages["<folder>"]`` (and, in lockfileVersion 2, ranges once
more below ``dependencies``). As long as every range on a member still resolves to that member, nothing else in the file can
change, and neither npm nor the network is needed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.core.jsontext import replace_strings
from vis_tasks.core.model import DEPENDENCY_TABLES
from vis_tasks.core.ranges import satisfies
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.model import Package, Workspace

__all__ = ["NeedsNpm", "edit_lock"]


@dataclass(frozen=True)
class NeedsNpm:
    """The file can't be edited by hand; ``why`` says what is beyond it."""

    why: str


def edit_lock(text: str, workspace: Workspace) -> str | NeedsNpm:
    """The lock file for the workspace as it now stands on disk.

    Args:
        text: package-lock.json or npm-shrinkwrap.json as it is.
        workspace: the packages, read after versions and ranges were written.

    Returns:
        the new text (the same when nothing moves), or why only npm can tell.
    """
    try:
        lock = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return NeedsNpm("the lock file is not JSON")
    entries = lock.get("packages") if isinstance(lock, dict) else None
    if not isinstance(entries, dict) or lock.get("lockfileVersion") not in {2, 3}:
        return NeedsNpm("the lock file is older than lockfileVersion 2")
    editor = _Editor(entries, workspace)
    problem = editor.collect()
    if problem is not None:
        return problem
    legacy = lock.get("dependencies")
    if isinstance(legacy, dict):
        editor.collect_legacy(legacy)
    return replace_strings(text, editor.values) if editor.values else text


class _Editor:
    def __init__(self, entries: Mapping[str, Any], workspace: Workspace) -> None:
        self.entries = entries
        self.workspace = workspace
        self.values: dict[tuple[str, ...], str] = {}

    def collect(self) -> NeedsNpm | None:
        root = self.workspace.root_package
        importers = [("" if package.path == "." else package.path, package) for package in self.workspace.packages]
        if root is not None:
            importers.append(("", root))
        for key, package in importers:
            entry = self.entries.get(key)
            if not isinstance(entry, dict):
                return NeedsNpm(f"{package.manifest_path} is not in the lock file")
            problem = self._importer(key, package, entry)
            if problem is not None:
                return problem
        return self._others({key for key, _ in importers})

    def _importer(self, key: str, package: Package, entry: Mapping[str, Any]) -> NeedsNpm | None:
        if package.version and entry.get("version") != package.version:
            if "version" not in entry:
                return NeedsNpm(f"{package.manifest_path} has a version that the lock file doesn't know")
            self.values["packages", key, "version"] = package.version
        for table in DEPENDENCY_TABLES:
            wanted, locked = self._table(package, table), entry.get(table) or {}
            if wanted.keys() != locked.keys():
                return NeedsNpm(f"{table} of {package.manifest_path} are not those in the lock file")
            for name, spec in wanted.items():
                if name in self.workspace.by_name:
                    if not self._resolves(key, name, spec):
                        return NeedsNpm(
                            f'"{name}": "{spec}" in {package.manifest_path} doesn\'t resolve to the workspace'
                        )
                    if locked[name] != spec:
                        self.values["packages", key, table, name] = spec
                elif locked[name] != spec:
                    return NeedsNpm(f'"{name}" in {package.manifest_path} differs from the lock file')
        return None

    @staticmethod
    def _table(package: Package, table: str) -> Mapping[str, str]:
        entries = package.table(table)
        if table == "dependencies":  # npm takes an optional dependency out of the plain ones
            optional = package.table("optionalDependencies")
            return {name: spec for name, spec in entries.items() if name not in optional}
        return entries

    def _resolves(self, importer: str, name: str, spec: str) -> bool:
        member = self.workspace.by_name[name]
        place = importer
        while place:
            if f"{place}/node_modules/{name}" in self.entries:
                return False
            place = place.rpartition("/")[0]
        link = self.entries.get(f"node_modules/{name}")
        linked = isinstance(link, dict) and link.get("link") is True and link.get("resolved") == member.path
        return linked and (spec == "*" or satisfies(member.version, spec))

    def _others(self, importers: set[str]) -> NeedsNpm | None:
        """Published packages that depend on a member have to go on fitting it."""
        names = self.workspace.by_name
        for key, entry in self.entries.items():
            if key in importers or not isinstance(entry, dict):
                continue
            for table in ("dependencies", "peerDependencies", "optionalDependencies"):
                for name in (entry.get(table) or {}).keys() & names.keys():
                    nested = f"{key}/node_modules/{name}" in self.entries
                    if not nested and not satisfies(names[name].version, entry[table][name]):
                        return NeedsNpm(f"{key} depends on {name} {entry[table][name]}")
        return None

    def collect_legacy(self, legacy: Mapping[str, Any]) -> None:
        """The second copy of the ranges that lockfileVersion 2 keeps for npm 6."""
        for package in self.workspace.packages:
            entry = legacy.get(package.name)
            requires = entry.get("requires") if isinstance(entry, dict) else None
            for name, locked in (requires or {}).items() if isinstance(requires, dict) else ():
                spec = package.table("optionalDependencies").get(name) or package.table("dependencies").get(name)
                if name in self.workspace.by_name and spec is not None and spec != locked:
                    self.values["dependencies", package.name, "requires", name] = spec
