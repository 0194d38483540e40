"""Rendering: packuments (full and abbreviated), per-version documents, and when they change.

A packument is kept as bytes until its package changes or a version's moment comes, so reading one is a look-up.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vis_tasks.registry.clock import iso
from vis_tasks.registry.names import tarball_name
from vis_tasks.registry.problems import not_found

if TYPE_CHECKING:
    from vis_tasks.registry.packages import Package, Packages, Version
    from vis_tasks.registry.settings import Settings

__all__ = ["Packuments", "Rendered"]

KEPT = 20_000
ABBREVIATED_FIELDS = (
    "name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies", "bundleDependencies",
    "bundledDependencies", "peerDependencies", "peerDependenciesMeta", "acceptDependencies", "bin", "directories", "dist",
    "engines", "cpu", "os", "libc", "funding", "_hasShrinkwrap",
)  # fmt: skip
ROOT_FIELDS = (
    "description",
    "homepage",
    "keywords",
    "repository",
    "author",
    "bugs",
    "license",
    "readme",
    "readmeFilename",
)
INSTALL_SCRIPTS = ("preinstall", "install", "postinstall")


@dataclass(frozen=True)
class Rendered:
    """A packument's bytes, and until when they hold (seconds since the epoch, package unchanged)."""

    body: bytes
    etag: str
    revision: int
    lag: float
    valid_from: float
    valid_until: float


class Packuments:
    """What readers get."""

    def __init__(self, packages: Packages, settings: Settings) -> None:
        self._packages = packages
        self._settings = settings
        self._kept: dict[tuple[str, bool, str], Rendered] = {}

    def packument(self, package: Package, *, abbreviated: bool, base: str) -> Rendered:
        """A package's packument as the edge has it now.

        Args:
            package: which.
            abbreviated: only what installing needs (``application/vnd.npm.install-v1+json``).
            base: the registry's address as the client knows it, for the tarballs'.

        Raises:
            Problem: 404 when no version is live yet.
        """
        now = self._settings.now()
        lag = self._settings.edge_lag
        revision = self._packages.revisions.get(package.name, 0)
        key = (package.name, abbreviated, base)
        kept = self._kept.get(key)
        if kept and kept.revision == revision and kept.lag == lag and kept.valid_from <= now < kept.valid_until:
            return kept
        at = now - lag
        versions = self._packages.versions(package.name)
        live = [version for version in versions if version.live(at)]
        if not live:
            raise not_found("The specified package does not exist.")
        tags = self._packages.dist_tags(package.name, at, [version.version for version in live])
        data = self._abbreviated(package, live, tags, base) if abbreviated else self._full(package, live, tags, base)
        body = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        moments = [version.live_at + lag for version in versions] + self._tag_moments(package.name, lag)
        rendered = Rendered(
            body=body,
            etag=f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"',
            revision=revision,
            lag=lag,
            valid_from=max((moment for moment in moments if moment <= now), default=-math.inf),
            valid_until=min((moment for moment in moments if moment > now), default=math.inf),
        )
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[key] = rendered
        return rendered

    def _tag_moments(self, name: str, lag: float) -> list[float]:
        return [moment + lag for moment in self._packages.tag_moments(name)] if lag else []

    def document(self, package: Package, version: str, *, base: str) -> dict[str, Any]:
        """The document of one version, or of the version a dist-tag points to.

        Raises:
            Problem: 404 when it isn't live (yet).
        """
        at = self._settings.now() - self._settings.document_lag
        found = self._packages.version(package.name, version)
        if found is None:
            target = self._packages.dist_tags(package.name, at).get(version)
            found = self._packages.version(package.name, target) if target else None
        if found is None or not found.live(at):
            raise not_found(f"version not found: {version}")
        return self.render(package, found, base=base)

    def render(self, package: Package, version: Version, *, base: str) -> dict[str, Any]:
        """A version's document with the tarball's address, whether it is live or not."""
        name = package.name
        dist = {**version.document["dist"], "tarball": f"{base}{name}/-/{tarball_name(name, version.version)}"}
        if version.provenance:
            url = f"{base}-/npm/v1/attestations/{name.replace('/', '%2f')}@{version.version}"
            dist["attestations"] = {"url": url, "provenance": {"predicateType": "https://slsa.dev/provenance/v1"}}
        document = {key: value for key, value in version.document.items() if key not in {"readme", "readmeFilename"}}
        maintainers = [{"name": user} for user in self._packages.maintainers(name)]
        return {**document, "dist": dist, "maintainers": maintainers}

    def _full(self, package: Package, live: list[Version], tags: dict[str, str], base: str) -> dict[str, Any]:
        newest = next((version for version in live if version.version == tags.get("latest")), live[-1])
        times = {version.version: iso(version.live_at) for version in live}
        return {
            "_id": package.name,
            "_rev": f"{package.rev}-{hashlib.sha1(str(package.rev).encode(), usedforsecurity=False).hexdigest()[:16]}",
            "name": package.name,
            "dist-tags": tags,
            "versions": {version.version: self.render(package, version, base=base) for version in live},
            "time": {"created": iso(package.created_at), "modified": max(times.values()), **times},
            "maintainers": [{"name": user} for user in self._packages.maintainers(package.name)],
            **{key: newest.document[key] for key in ROOT_FIELDS if key in newest.document},
        }

    def _abbreviated(self, package: Package, live: list[Version], tags: dict[str, str], base: str) -> dict[str, Any]:
        versions = {}
        for version in live:
            full = self.render(package, version, base=base)
            versions[version.version] = {key: full[key] for key in ABBREVIATED_FIELDS if key in full}
            scripts = full.get("scripts")
            if isinstance(scripts, dict) and any(script in scripts for script in INSTALL_SCRIPTS):
                versions[version.version]["hasInstallScript"] = True
        modified = iso(max(version.live_at for version in live))
        return {"name": package.name, "dist-tags": tags, "versions": versions, "modified": modified}
