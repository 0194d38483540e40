"""All the registry holds, over one folder: the database, the tarballs, and the rooms built on them."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from vis_tasks.registry.accounts import Accounts, Identity
from vis_tasks.registry.audit import Audit
from vis_tasks.registry.database import Database
from vis_tasks.registry.faults import FaultPlan
from vis_tasks.registry.limits import RateLimiter
from vis_tasks.registry.oidc import TrustedPublishing
from vis_tasks.registry.packages import Packages
from vis_tasks.registry.packument import Packuments
from vis_tasks.registry.problems import Problem, forbidden, not_found
from vis_tasks.registry.requestlog import RequestLog
from vis_tasks.registry.stages import Stages
from vis_tasks.registry.tarballs import TarballFiles
from vis_tasks.registry.webauth import WebAuth

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.registry.payload import Upload
    from vis_tasks.registry.settings import Settings

__all__ = ["Store"]


class Store:
    """The registry without its network.

    Args:
        folder: everything is kept here; created when missing. Opening removes tarballs nobody refers to.
        settings: how it behaves.

    Raises:
        vis_tasks.errors.Refused: another process uses the folder.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.database = Database(folder / "registry.sqlite")
        self.tarballs = TarballFiles(folder / "tarballs")
        self.accounts = Accounts(self.database, settings)
        self.audit = Audit(self.database, settings)
        self.packages = Packages(self.database, self.tarballs, settings)
        self.stages = Stages(self.database, self.tarballs, self.packages, self.audit, settings)
        self.packuments = Packuments(self.packages, settings)
        self.trusted = TrustedPublishing(self.database, self.accounts, settings)
        self.web_auth = WebAuth(self.database, settings)
        self.faults = FaultPlan()
        self.limiter = RateLimiter(settings)
        self.log = RequestLog(settings)
        self.url = "http://127.0.0.1/"
        self.admin_token = f"admin_{secrets.token_hex(18)}"
        blobs = self.database.rows("SELECT blob FROM versions UNION SELECT blob FROM stages")
        self.tarballs.sweep({row["blob"] for row in blobs})

    def publish(self, upload: Upload, actor: Identity) -> None:
        """Let an upload in without staging.

        Raises:
            Problem: 403 not a maintainer, or the version is there already; 404 a brand-new package by OIDC; 409 it is staged.
        """
        with self.database.transaction():
            package = self.packages.find(upload.name)
            if package is None:
                if actor.kind == "oidc":
                    raise not_found("The specified package does not exist.")
                self.packages.create(upload.name, upload.access or "public", [actor.user])
            elif actor.kind != "oidc" and not self.packages.is_maintainer(upload.name, actor.user):
                raise forbidden("You do not have permission to publish this package")
            self._refuse_taken(upload.name, upload.version)
            user = self.accounts.find(actor.user)
            document = {**upload.document, "_npmUser": {"name": actor.user, "email": user.email if user else ""}}
            provenance = json.dumps(upload.provenance) if upload.provenance else None
            blob = self.tarballs.write(upload.tarball)
            self.packages.add_version(upload.name, document, blob, tag=upload.tag, provenance=provenance)
            if upload.access is not None:
                self.packages.set_access(upload.name, upload.access)
            self.audit.record("published", actor.user, upload.name, upload.version, tag=upload.tag)

    def _refuse_taken(self, name: str, version: str) -> None:
        """In npm's words; a version still in its scan counts as staged there (npm/cli issue 9889)."""
        found = self.packages.version(name, version)
        if self.stages.of_version(name, version) or (found and found.live_at > self.settings.now()):
            raise Problem(409, f'Cannot publish over previously staged version "{version}".')
        if found is not None:
            raise forbidden(f"You cannot publish over the previously published versions: {version}.")

    def close(self) -> None:
        """Close the database."""
        self.database.close()
