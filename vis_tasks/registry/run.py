"""The registry for Python: start it in the background, look into it, decide as the web page would."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vis_tasks.registry.faults import Fault
from vis_tasks.registry.names import check_name, check_version
from vis_tasks.registry.oidc import GITHUB_ISSUER, Issuer, TrustRule
from vis_tasks.registry.packument import Packuments
from vis_tasks.registry.problems import Problem, not_found
from vis_tasks.registry.server import Server, bind
from vis_tasks.registry.settings import RateLimit, Settings
from vis_tasks.registry.store import Store
from vis_tasks.registry.tarballs import build_tarball, inspect_tarball

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.registry.accounts import TokenKind, User
    from vis_tasks.registry.audit import Decision
    from vis_tasks.registry.faults import FaultPlan
    from vis_tasks.registry.payload import Access
    from vis_tasks.registry.requestlog import LoggedRequest
    from vis_tasks.registry.stages import StageItem

__all__ = [
    "Fault",
    "Issuer",
    "Problem",
    "RateLimit",
    "Registry",
    "Settings",
    "TrustRule",
    "npmrc_lines",
    "start_registry",
]


def npmrc_lines(url: str, token: str | None = None) -> list[str]:
    """What a ``.npmrc`` needs to use a registry.

    Args:
        url: its address with a trailing slash.
        token: leaves the auth line out when None.
    """
    lines = [f"registry={url}"]
    if token is not None:
        parts = urlsplit(url)
        lines.append(f"//{parts.netloc}{parts.path}:_authToken={token}")
    return lines


class Registry:
    """A registry, seen by who runs it. Nothing here goes over HTTP; everything is safe from any thread.

    Args:
        store: what it holds.
        url: its address, with a trailing slash.
    """

    def __init__(self, store: Store, url: str) -> None:
        self.store = store
        self.url = url

    # --- people and credentials -------------------------------------------------------------------------------------

    def add_user(self, name: str, password: str | None = None, *, two_factor: bool = True) -> User:
        """Make an account; ``.password`` and ``.totp_secret`` are on the answer."""
        return self.store.accounts.add(name, password=password, two_factor=two_factor)

    def token(
        self, name: str, kind: TokenKind = "session", *, bypass_2fa: bool = False, lifetime: float | None = None
    ) -> str:
        """A new token of an account.

        Args:
            name: the account.
            kind: ``session``, ``read-write``, ``stage-only`` or ``read-only``.
            bypass_2fa: plain publishing needs no code. Approving and rejecting always do.
            lifetime: seconds; None lives forever.
        """
        return self.store.accounts.issue(name, kind, bypass_2fa=bypass_2fa, lifetime=lifetime)

    def otp(self, name: str) -> str:
        """The code the account's authenticator shows now, by the registry's clock."""
        return self.store.accounts.otp(name)

    def npmrc_lines(self, token: str | None = None) -> list[str]:
        """What a ``.npmrc`` needs to use this registry."""
        return npmrc_lines(self.url, token)

    # --- trusted publishing -----------------------------------------------------------------------------------------

    def add_issuer(self, url: str = GITHUB_ISSUER) -> Issuer:
        """A CI provider this registry believes; it can mint id tokens."""
        issuer = Issuer.generate(url)
        self.store.trusted.add_issuer(issuer.url, issuer.public_key)
        return issuer

    def trust(self, rule: TrustRule) -> str:
        """Let a workflow stage (and publish, if its permissions say so) a package."""
        return self.store.trusted.add_rule(rule)

    def id_token(self, issuer: Issuer, **claims: Any) -> str:
        """An id token good for this registry now."""
        audience = f"npm:{urlsplit(self.url).hostname}"
        return issuer.mint(audience=audience, issued_at=self.settings.now(), **claims)

    # --- packages ---------------------------------------------------------------------------------------------------

    def seed(
        self,
        name: str,
        version: str,
        manifest: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes | str] | None = None,
        tag: str = "latest",
        tarball: bytes | None = None,
        maintainers: Sequence[str] = ("alice",),
        access: Access = "public",
    ) -> None:
        """Put a version in, live at once, without HTTP, scan or audit line.

        Args:
            name: package.
            version: exact version.
            manifest: its package.json; name and version are filled in.
            files: more files of the tarball.
            tag: dist-tag to set.
            tarball: the bytes, instead of building them.
            maintainers: who may publish and decide; accounts may be made later.
            access: of a package that is new.

        Raises:
            Problem: 400 for what no registry would take; 409 when the version is there.
        """
        store, full = self.store, {**(manifest or {}), "name": check_name(name), "version": check_version(version)}
        data = build_tarball(full, files) if tarball is None else tarball
        inspection = inspect_tarball(data, max_unpacked=store.settings.max_unpacked)
        dist = {
            "integrity": inspection.integrity, "shasum": inspection.shasum, "fileCount": len(inspection.files),
            "unpackedSize": inspection.unpacked_size,
        }  # fmt: skip
        document = {
            **full,
            "_id": f"{name}@{version}",
            "dist": dist,
            "_npmUser": {"name": maintainers[0] if maintainers else ""},
        }
        with store.database.transaction():
            if store.packages.find(name) is None:
                store.packages.create(name, access, maintainers)
            else:
                store.packages.add_maintainers(name, maintainers)
            if store.packages.version(name, version) is not None:
                raise Problem(409, f"{name}@{version} is already there")
            store.packages.add_version(
                name, document, store.tarballs.write(data), tag=tag, live_at=store.settings.now()
            )

    def versions(self, name: str) -> dict[str, dict[str, Any]]:
        """Live versions and their documents, fresh (no edge lag)."""
        package = self.store.packages.find(name)
        if package is None:
            return {}
        rendered = Packuments(self.store.packages, self.settings)
        now = self.settings.now()
        return {
            version.version: rendered.render(package, version, base=self.url)
            for version in self.store.packages.versions(name)
            if version.live(now)
        }

    def dist_tags(self, name: str) -> dict[str, str]:
        """dist-tags, fresh."""
        return self.store.packages.dist_tags(name, self.settings.now())

    def tarball(self, name: str, version: str) -> bytes:
        """The bytes of a version, live or not."""
        found = self.store.packages.version(name, version)
        if found is None:
            raise not_found(f"{name}@{version}")
        return self.store.tarballs.read(found.blob)

    def block(self, name: str, version: str) -> None:
        """The scan says no to a version that is already published or approved."""
        if not self.store.packages.mark(name, version, blocked=True):
            raise not_found(f"{name}@{version}")

    def delete(self, name: str, version: str) -> None:
        """Remove a live version, as unpublishing does: its number stays taken."""
        if not self.store.packages.mark(name, version, deleted=True):
            raise not_found(f"{name}@{version}")

    # --- staging ----------------------------------------------------------------------------------------------------

    def stages(self) -> list[StageItem]:
        """Everything staged, newest first."""
        return self.store.stages.all()

    def approve(self, stage_id: str, by: str = "alice") -> StageItem:
        """Approve as the web page would, no code needed.

        Raises:
            Problem: 403, 404 or 409, as the route answers.
        """
        return self.store.stages.approve(stage_id, by=by)

    def reject(self, stage_id: str, by: str = "alice") -> StageItem:
        """Reject as the web page would, no code needed; raises as `approve`."""
        return self.store.stages.reject(stage_id, by=by)

    def audit(self) -> list[Decision]:
        """What was staged, published, approved and rejected, oldest first."""
        return self.store.audit.decisions()

    # --- behaviour --------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """How it behaves; change it while it runs."""
        return self.store.settings

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong."""
        return self.store.faults

    @property
    def admin_token(self) -> str:
        """Bearer token of the admin API (``/-/admin/…``) of this process."""
        return self.store.admin_token

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request since the start or `clear_requests`, oldest first."""
        return self.store.log.all()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self.store.log.clear()


@contextmanager
def start_registry(
    data_dir: Path, *, host: str = "127.0.0.1", port: int = 0, settings: Settings | None = None
) -> Iterator[Registry]:
    """A running registry, in a background thread of this process, for the length of a ``with`` block.

    Args:
        data_dir: its data; a folder used before goes on where it was.
        host: address to listen on.
        port: 0 takes a free one.
        settings: how it behaves.

    Raises:
        vis_tasks.errors.Refused: another process uses the folder.
        vis_tasks.errors.Failed: the address can't be had.
    """
    store = Store(data_dir, settings or Settings())
    try:
        server = Server(store, bind(host, port))
        server.start()
        try:
            yield Registry(store, server.url)
        finally:
            server.stop()
    finally:
        store.close()
