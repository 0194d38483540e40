"""The staging area: versions a maintainer has yet to approve or reject."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vis_tasks.registry.clock import iso
from vis_tasks.registry.names import PLACEHOLDER_VERSION
from vis_tasks.registry.problems import Problem, conflict, forbidden, not_found

if TYPE_CHECKING:
    from sqlite3 import Row

    from vis_tasks.registry.accounts import Identity
    from vis_tasks.registry.audit import Audit
    from vis_tasks.registry.database import Database
    from vis_tasks.registry.packages import Packages
    from vis_tasks.registry.payload import Access, Upload
    from vis_tasks.registry.settings import Settings
    from vis_tasks.registry.tarballs import TarballFiles

__all__ = ["StageItem", "Stages"]


@dataclass(frozen=True)
class StageItem:
    """One staged version (npm's API description: StagePackageVersion).

    Attributes:
        id: a UUID.
        name: package; the API calls it ``packageName``.
        version: exact version.
        tag: dist-tag, fixed when staged.
        created_at: ISO 8601, UTC, milliseconds.
        actor: who staged it.
        actor_type: ``"user"`` or ``"trusted automation"``.
        access: ``"public"`` or ``"private"``.
        shasum: sha1 hex of the tarball.
        integrity: ``sha512-…`` of the tarball; not part of npm's API.
        status: ``"validating"`` or ``"staged"``.
        blob: key of the tarball.
        document: the version's document.
        provenance: sigstore bundles.
    """

    id: str
    name: str
    version: str
    tag: str
    created_at: str
    actor: str
    actor_type: str
    access: Access
    shasum: str
    integrity: str
    status: str
    blob: str
    document: dict[str, Any]
    provenance: list[Any]


class Stages:
    """What is staged. Every decision is one transaction: the record is gone exactly when the version is in, or dropped.

    Args:
        database: where records are kept.
        tarballs: the bytes.
        packages: where an approved version goes.
        audit: the log of decisions.
        settings: clock and switches.
    """

    def __init__(
        self, database: Database, tarballs: TarballFiles, packages: Packages, audit: Audit, settings: Settings
    ) -> None:
        self._db = database
        self._tarballs = tarballs
        self._packages = packages
        self._audit = audit
        self._settings = settings

    # --- reading ----------------------------------------------------------------------------------------------------

    def all(self) -> list[StageItem]:
        """Everything staged, newest first."""
        return [self._item(row) for row in self._db.rows("SELECT * FROM stages ORDER BY seq DESC")]

    def page(self, user: str, *, package: str | None, page: int, per_page: int) -> tuple[list[StageItem], int]:
        """What one maintainer may see, newest first, and how many there are in all."""
        scope = "FROM stages JOIN maintainers USING (package) WHERE maintainers.user = ?1 AND (?2 IS NULL OR stages.package = ?2)"
        with self._db.transaction():
            total = self._db.rows(f"SELECT count(*) AS n {scope}", user, package)[0]["n"]
            rows = self._db.rows(
                f"SELECT stages.* {scope} ORDER BY seq DESC LIMIT ?3 OFFSET ?4",
                user, package, per_page, page * per_page,
            )  # fmt: skip
        return [self._item(row) for row in rows], total

    def find(self, stage_id: str) -> StageItem:
        """One staged version by its id.

        Raises:
            Problem: 404.
        """
        row = self._db.row("SELECT * FROM stages WHERE id = ?", stage_id)
        if row is None:
            raise _no_such_stage()
        return self._item(row)

    def visible(self, stage_id: str, user: str) -> StageItem:
        """One staged version, when this user maintains its package; 404 otherwise, as for none."""
        item = self.find(stage_id)
        if not self._packages.is_maintainer(item.name, user):
            raise _no_such_stage()
        return item

    def of_version(self, name: str, version: str) -> StageItem | None:
        """The record that occupies a version number, if there is one."""
        row = self._db.row("SELECT * FROM stages WHERE package = ? AND version = ?", name, version)
        return None if row is None else self._item(row)

    # --- deciding ---------------------------------------------------------------------------------------------------

    def add(self, upload: Upload, actor: Identity) -> StageItem:
        """Stage an upload.

        Raises:
            Problem: 403 not a maintainer; 404 a brand-new package where those are refused; 409 the number is taken.
        """
        with self._db.transaction():
            package = self._packages.find(upload.name)
            if package is None:
                if self._settings.new_packages == "refuse" or actor.kind == "oidc":
                    raise not_found("The specified package does not exist.")
                self._refuse_taken(upload)
                self._packages.create_placeholder(upload.name, upload.access or "public", actor.user)
                access = upload.access or "public"
            else:
                if actor.kind != "oidc" and not self._packages.is_maintainer(upload.name, actor.user):
                    raise forbidden("You do not have permission to stage this package")
                self._refuse_taken(upload)
                access = upload.access or package.access
            stage_id = str(uuid.uuid4())
            now = self._settings.now()
            self._db.execute(
                "INSERT INTO stages (id, package, version, tag, created_at, ready_at, actor, actor_type, access, shasum,"
                " integrity, blob, document, provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                stage_id, upload.name, upload.version, upload.tag, now, now + self._settings.stage_scan_delay, actor.user,
                actor.actor_type, access, upload.inspection.shasum, upload.inspection.integrity,
                self._tarballs.write(upload.tarball), json.dumps(upload.document),
                json.dumps(upload.provenance) if upload.provenance else None,
            )  # fmt: skip
            self._audit.record("staged", actor.user, upload.name, upload.version, stage_id=stage_id, tag=upload.tag)
            return self.find(stage_id)

    def _refuse_taken(self, upload: Upload) -> None:
        """As npm: it uses the same words whether the version is published or staged (npm/cli issue 9519)."""
        taken = Problem(409, f'Cannot stage previously published version "{upload.version}"')
        if upload.version == PLACEHOLDER_VERSION or self._packages.version(upload.name, upload.version) is not None:
            raise taken
        if self.of_version(upload.name, upload.version) is not None:
            raise taken

    def approve(self, stage_id: str, *, by: str) -> StageItem:
        """Let a staged version in: the record goes, the version comes, in one step.

        Raises:
            Problem: 403, 404, or 409 when it is still validating or the number was taken meanwhile.
        """
        with self._db.transaction():
            item = self.decidable(stage_id, by)
            if item.status == "validating":
                raise conflict(f"{item.name}@{item.version} is still being validated")
            if self._packages.version(item.name, item.version) is not None:
                raise Problem(409, f'Cannot publish previously published version "{item.version}"')
            self._db.execute("DELETE FROM stages WHERE id = ?", stage_id)
            user = self._db.row("SELECT email FROM users WHERE name = ?", by)
            document = {**item.document, "_npmUser": {"name": by, "email": user["email"] if user else ""}}
            provenance = json.dumps(item.provenance) if item.provenance else None
            self._packages.add_version(item.name, document, item.blob, tag=item.tag, provenance=provenance)
            self._packages.set_access(item.name, item.access)
            self._audit.record("approved", by, item.name, item.version, stage_id=stage_id, tag=item.tag)
        return item

    def reject(self, stage_id: str, *, by: str) -> StageItem:
        """Drop a staged version, record and bytes, for good.

        Raises:
            Problem: 403 or 404.
        """
        with self._db.transaction():
            item = self.decidable(stage_id, by)
            self._db.execute("DELETE FROM stages WHERE id = ?", stage_id)
            self._audit.record("rejected", by, item.name, item.version, stage_id=stage_id, tag=item.tag)
        self._remove_orphan(item.blob)
        return item

    def decidable(self, stage_id: str, user: str) -> StageItem:
        """The record, when this user may decide about it; 404 or 403 otherwise."""
        item = self.find(stage_id)
        if not self._packages.is_maintainer(item.name, user):
            raise forbidden("Insufficient permissions to access this resource")
        return item

    def _remove_orphan(self, blob: str) -> None:
        """After the commit: a killed process leaves a stray file (swept at the start), never a record without bytes."""
        with self._db.transaction():
            query = "SELECT 1 FROM versions WHERE blob = ?1 UNION ALL SELECT 1 FROM stages WHERE blob = ?1 LIMIT 1"
            if self._db.row(query, blob) is None:
                self._tarballs.remove(blob)

    def _item(self, row: Row) -> StageItem:
        return StageItem(
            id=row["id"], name=row["package"], version=row["version"], tag=row["tag"], created_at=iso(row["created_at"]),
            actor=row["actor"], actor_type=row["actor_type"], access=row["access"], shasum=row["shasum"],
            integrity=row["integrity"], status="validating" if row["ready_at"] > self._settings.now() else "staged",
            blob=row["blob"], document=json.loads(row["document"]),
            provenance=json.loads(row["provenance"]) if row["provenance"] else [],
        )  # fmt: skip


def _no_such_stage() -> Problem:
    return not_found("No staged package version found with the provided ID.")
