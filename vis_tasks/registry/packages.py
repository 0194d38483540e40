"""Live packages: versions, dist-tags, maintainers.

Nothing moves by itself: a version has the moment it goes live, a dist-tag the moments it was set, and every question is asked
for a moment in time. A scan is a moment in the future; a stale edge is a question about the past.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vis_tasks.registry.names import PLACEHOLDER_VERSION
from vis_tasks.registry.problems import not_found
from vis_tasks.registry.tarballs import build_tarball, hashes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Row

    from vis_tasks.registry.database import Database
    from vis_tasks.registry.payload import Access
    from vis_tasks.registry.settings import Settings
    from vis_tasks.registry.tarballs import TarballFiles

__all__ = ["Package", "Packages", "Version"]


@dataclass(frozen=True)
class Package:
    """A package as such. ``access`` is ``"public"`` or ``"private"``; ``created_at`` in seconds since the epoch."""

    name: str
    access: Access
    created_at: float
    rev: int


@dataclass(frozen=True)
class Version:
    """One version that was published or approved.

    Attributes:
        version: exact version.
        document: manifest with ``dist`` and ``_npmUser``, without the tarball's address.
        blob: key of the tarball.
        live_at: when it is, or will be, installable; seconds since the epoch.
        blocked: the scan said no.
        deleted: it was removed.
        provenance: sigstore bundles.
    """

    version: str
    document: dict[str, Any]
    blob: str
    live_at: float
    blocked: bool
    deleted: bool
    provenance: list[Any]

    def live(self, at: float) -> bool:
        """Whether it is installable at that moment."""
        return self.live_at <= at and not self.blocked and not self.deleted

    def status(self, at: float) -> str:
        """In the words of the version status route."""
        if self.deleted:
            return "deleted"
        if self.live_at > at:
            return "validating"
        return "blocked" if self.blocked else "published"


class Packages:
    """What is live.

    Args:
        database: where it is kept.
        tarballs: the bytes.
        settings: clock, scan, blocked list.
    """

    def __init__(self, database: Database, tarballs: TarballFiles, settings: Settings) -> None:
        self._db = database
        self._tarballs = tarballs
        self._settings = settings
        self.revisions: dict[str, int] = {}

    # --- reading ----------------------------------------------------------------------------------------------------

    def find(self, name: str) -> Package | None:
        """The package, live or not."""
        row = self._db.row("SELECT * FROM packages WHERE name = ?", name)
        return None if row is None else Package(row["name"], row["access"], row["created_at"], row["rev"])

    def maintainers(self, name: str) -> list[str]:
        """Names of everybody who may publish, approve and reject."""
        return [
            row["user"] for row in self._db.rows("SELECT user FROM maintainers WHERE package = ? ORDER BY user", name)
        ]

    def is_maintainer(self, name: str, user: str) -> bool:
        """Whether this user is one."""
        return self._db.row("SELECT 1 FROM maintainers WHERE package = ? AND user = ?", name, user) is not None

    def require_readable(self, name: str, user: str | None) -> Package:
        """The package, when this user may see it.

        Raises:
            Problem: 404; the registry doesn't tell a restricted package from none.
        """
        package = self.find(name)
        if package is None or (package.access == "private" and not (user and self.is_maintainer(name, user))):
            raise not_found("The specified package does not exist.")
        return package

    def version(self, name: str, version: str) -> Version | None:
        """One version, whatever its status."""
        row = self._db.row("SELECT * FROM versions WHERE package = ? AND version = ?", name, version)
        return None if row is None else _version(row)

    def versions(self, name: str) -> list[Version]:
        """All versions in the order they came, whatever their status."""
        return [
            _version(row)
            for row in self._db.rows("SELECT * FROM versions WHERE package = ? ORDER BY live_at, rowid", name)
        ]

    def dist_tags(self, name: str, at: float, live: Iterable[str] | None = None) -> dict[str, str]:
        """dist-tags as they stood at a moment; a tag moves when its version goes live, not before.

        Args:
            name: package.
            at: seconds since the epoch.
            live: the versions live then, when the caller knows them already.
        """
        alive = set(live) if live is not None else {found.version for found in self.versions(name) if found.live(at)}
        tags: dict[str, str] = {}
        for row in self._db.rows(
            "SELECT tag, version FROM tags WHERE package = ? AND at <= ? ORDER BY at, id", name, at
        ):
            if row["version"] is None:
                tags.pop(row["tag"], None)
            elif row["version"] in alive:
                tags[row["tag"]] = row["version"]
        return tags

    def tag_moments(self, name: str) -> list[float]:
        """When dist-tags were, or will be, set."""
        return [row["at"] for row in self._db.rows("SELECT at FROM tags WHERE package = ?", name)]

    # --- writing ----------------------------------------------------------------------------------------------------

    def create(self, name: str, access: Access, maintainers: Iterable[str]) -> None:
        """Make a package without versions."""
        with self._db.transaction():
            self._db.execute("INSERT INTO packages VALUES (?, ?, ?, 0)", name, access, self._settings.now())
            self.add_maintainers(name, maintainers)

    def add_maintainers(self, name: str, maintainers: Iterable[str]) -> None:
        """Let more users publish, approve and reject."""
        for user in maintainers:
            self._db.execute("INSERT OR IGNORE INTO maintainers VALUES (?, ?)", name, user)
        self._changed(name)

    def create_placeholder(self, name: str, access: Access, maintainer: str) -> None:
        """What staging the first version of a brand-new package leaves behind: the package and a public ``0.0.0-stage``."""
        self.create(name, access, [maintainer])
        manifest = {"name": name, "version": PLACEHOLDER_VERSION, "description": "Placeholder of a staged package."}
        tarball = build_tarball(manifest)
        shasum, integrity = hashes(tarball)
        dist = {
            "integrity": integrity,
            "shasum": shasum,
            "fileCount": 1,
            "unpackedSize": len(json.dumps(manifest, indent=2)) + 1,
        }
        document = {**manifest, "_id": f"{name}@{PLACEHOLDER_VERSION}", "dist": dist, "_npmUser": {"name": maintainer}}
        self.add_version(name, document, self._tarballs.write(tarball), tag="latest", live_at=self._settings.now())

    def add_version(
        self,
        name: str,
        document: dict[str, Any],
        blob: str,
        *,
        tag: str,
        live_at: float | None = None,
        provenance: str | None = None,
    ) -> None:
        """Let a version in: it goes live after the scan, or is blocked by it.

        Args:
            name: an existing package.
            document: the version's document.
            blob: key of its tarball.
            tag: set at the same moment.
            live_at: that moment; now plus the scan when omitted.
            provenance: JSON list of bundles.
        """
        version = document["version"]
        at = self._settings.now() + self._settings.scan_delay if live_at is None else live_at
        blocked = bool({name, f"{name}@{version}"} & self._settings.blocked)
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
                name, version, json.dumps(document), blob, at, int(blocked), provenance,
            )  # fmt: skip
            self.set_tag(name, tag, version, at=at)

    def set_access(self, name: str, access: Access) -> None:
        """Make it public or private."""
        self._db.execute("UPDATE packages SET access = ? WHERE name = ?", access, name)
        self._changed(name)

    def set_tag(self, name: str, tag: str, version: str | None, *, at: float | None = None) -> None:
        """Point a dist-tag at a version, or remove it (None)."""
        moment = self._settings.now() if at is None else at
        self._db.execute("INSERT INTO tags (package, tag, version, at) VALUES (?, ?, ?, ?)", name, tag, version, moment)
        self._changed(name)

    def mark(self, name: str, version: str, *, blocked: bool | None = None, deleted: bool | None = None) -> bool:
        """Block or delete a version after the fact; False when there is none."""
        touched = self._db.execute(
            "UPDATE versions SET blocked = coalesce(?, blocked), deleted = coalesce(?, deleted)"
            " WHERE package = ? AND version = ?",
            blocked,
            deleted,
            name,
            version,
        )
        self._changed(name)
        return touched == 1

    def _changed(self, name: str) -> None:
        self._db.execute("UPDATE packages SET rev = rev + 1 WHERE name = ?", name)
        self.revisions[name] = self.revisions.get(name, 0) + 1


def _version(row: Row) -> Version:
    return Version(
        version=row["version"],
        document=json.loads(row["document"]),
        blob=row["blob"],
        live_at=row["live_at"],
        blocked=bool(row["blocked"]),
        deleted=bool(row["deleted"]),
        provenance=json.loads(row["provenance"]) if row["provenance"] else [],
    )
