"""The words of the house: package, workspace, change, release, plan. Frozen data, no behaviour beyond look-ups."""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Change", "ChangeEntry", "Level", "Package", "Plan", "Reason", "Release", "Workspace"]

DEPENDENCY_TABLES = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


class Level(Enum):
    """How far a version moves. Ordered: ``NONE < PATCH < MINOR < MAJOR``."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __lt__(self, other: Level) -> bool:
        return self.value < other.value

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Package:
    """One member of a workspace, as its package.json stood when it was read.

    Attributes:
        name: the npm name, scope included.
        version: as written; an empty string when the file has none.
        path: folder, POSIX style, relative to the workspace root; ``"."`` for the root package.
        manifest: the parsed package.json. Treat as read-only.
    """

    name: str
    version: str
    path: str
    manifest: Mapping[str, Any] = field(repr=False, hash=False, compare=False)

    @property
    def private(self) -> bool:
        """Whether npm would refuse to publish it (``"private": true``)."""
        return bool(self.manifest.get("private", False))

    @property
    def manifest_path(self) -> str:
        """The package.json's path relative to the workspace root."""
        return "package.json" if self.path == "." else f"{self.path}/package.json"

    def table(self, name: str) -> Mapping[str, str]:
        """One of `DEPENDENCY_TABLES`; empty when the manifest has none or it isn't an object."""
        value = self.manifest.get(name)
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class Workspace:
    """All packages below one root, in the order of their paths.

    Attributes:
        root: absolute path of the workspace root.
        manager: ``"npm"``, ``"pnpm"``, ``"yarn"`` or ``"bun"``: who packs and refreshes the lock file.
        packages: every member; the root package is among them only when it is a member (or the only package).
        root_package: the root's package.json when the root isn't a member; its ranges are kept in step with the members.
    """

    root: Path
    manager: str
    packages: tuple[Package, ...]
    root_package: Package | None = None

    @cached_property
    def by_name(self) -> Mapping[str, Package]:
        """Packages by npm name."""
        return {package.name: package for package in self.packages}

    @cached_property
    def mentions(self) -> Sequence[tuple[Package, str, Sequence[str]]]:
        """Package, one of `DEPENDENCY_TABLES`, and the members that the table names; tables that name none are left out.

        Looked up once for all that walk the graph; packages, tables and names in their order.
        """
        names = self.by_name
        found: list[tuple[Package, str, Sequence[str]]] = []
        for package in self.packages:
            manifest = package.manifest
            for table in DEPENDENCY_TABLES:
                entries = manifest.get(table)
                if entries and isinstance(entries, dict) and (inside := [name for name in entries if name in names]):
                    found.append((package, table, inside))
        return found


@dataclass(frozen=True)
class ChangeEntry:
    """What one change file says about one package."""

    name: str
    level: Level
    release_as: str | None = None
    cascade: Mapping[str, str] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Change:
    """One change file.

    Attributes:
        id: file name without ``.md``.
        path: relative to the workspace root, POSIX style.
        entries: one per package named; empty for an empty change file.
        summary: the text below the front matter, stripped.
        links: ``pr``, ``commit`` and ``author`` lines found in the text.
    """

    id: str
    path: str
    entries: tuple[ChangeEntry, ...]
    summary: str
    links: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Reason:
    """Why a package is released: one link of the chain that ``status --why`` shows.

    Attributes:
        kind: ``"change"``, ``"dependency"``, ``"peer"``, ``"fixed"``, ``"linked"``, ``"release-as"``, ``"prerelease"``.
        source: the change file's id, or the package that pulled this one along.
        level: the level this reason alone asks for.
        text: one human sentence.
    """

    kind: str
    source: str
    level: Level
    text: str


@dataclass(frozen=True)
class Release:
    """One package that gets a new version."""

    name: str
    old: str
    new: str
    level: Level
    reasons: tuple[Reason, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What `version` would do: computed once, shown, written down, executed; never computed twice.

    Attributes:
        releases: in the order of package paths.
        ranges: ``{package: {table: {dependency: new range}}}``, only what changes.
        changes: every change file the plan uses up.
    """

    releases: tuple[Release, ...]
    ranges: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict, hash=False)
    changes: tuple[Change, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Release]:
        """Releases by package name."""
        return {release.name: release for release in self.releases}

    @cached_property
    def asks(self) -> Mapping[str, Sequence[tuple[Level, Change]]]:
        """What the change files ask for, by package name, in their order; an entry that asks for nothing is left out."""
        found: dict[str, list[tuple[Level, Change]]] = {}
        for change in self.changes:
            for entry in change.entries:
                if entry.level is not Level.NONE:
                    found.setdefault(entry.name, []).append((entry.level, change))
        return found
