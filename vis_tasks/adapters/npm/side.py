"""`vis_tasks.ports.Npm`: configuration, readers and uploaders of one workspace, each built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.identity import can_identify
from vis_tasks.adapters.npm.latest import LatestVersions
from vis_tasks.adapters.npm.node import find_npm
from vis_tasks.adapters.npm.reader import HttpRegistryReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vis_tasks.adapters.npm.node import FoundNpm
    from vis_tasks.config.model import PublishConfig
    from vis_tasks.ports import Clock, Desk, Foreground, RegistryReader, Runner, Stager, Tarball

__all__ = ["NpmSide"]


class NpmSide:
    """The npm side of a workspace. One process to load (npm's configuration), none afterwards.

    Args:
        npm: how npm is started.
        config: npm's configuration.
        runner: starts npm.
        clock: for the readers.
        publish: ``[release.publish]``.
        foreground: gives npm the terminal, for decisions.
    """

    def __init__(
        self,
        npm: FoundNpm,
        config: NpmConfig,
        runner: Runner,
        clock: Clock,
        publish: PublishConfig,
        *,
        foreground: Foreground | None = None,
    ) -> None:
        self.npm = npm
        self.config = config
        self._runner = runner
        self._clock = clock
        self._publish = publish
        self._foreground = foreground
        self._readers: dict[str, RegistryReader] = {}
        self._stagers: dict[str, Stager] = {}
        self._latest: dict[str, LatestVersions] = {}

    @classmethod
    def load(
        cls,
        runner: Runner,
        root: Path,
        env: Mapping[str, str],
        clock: Clock,
        publish: PublishConfig,
        *,
        foreground: Foreground | None = None,
    ) -> NpmSide:
        """Find npm and ask it for its configuration.

        Raises:
            vis_tasks.errors.Refused: npm is missing, too old, or can't read its own configuration.
        """
        npm = find_npm(runner, root, env)
        config = NpmConfig.load(runner, root, env, publish.registry, npm=npm.argv)
        return cls(npm, config, runner, clock, publish, foreground=foreground)

    @property
    def version(self) -> str:
        """The npm client's version."""
        return self.npm.version

    def url_for(self, package: str, manifest: Mapping[str, object]) -> str:
        """The registry a package goes to."""
        config = manifest.get("publishConfig")
        return self.config.registry_for(package, config if isinstance(config, dict) else None)

    def reader(self, url: str) -> RegistryReader:
        """Questions to the registry at that address."""
        if url not in self._readers:
            shared = None if self._publish.client == "npm" else self._latest_at(url)
            self._readers[url] = HttpRegistryReader(self.config, url, self._clock, shared)
        return self._readers[url]

    def stager(self, url: str) -> Stager:
        """The engine that uploads there."""
        return self._stagers.setdefault(url, self._stagers.get(url) or self._engine(url))

    def _latest_at(self, url: str) -> LatestVersions:
        return self._latest.setdefault(url, LatestVersions(self.config, url, self._clock))

    def _engine(self, url: str) -> Stager:
        from vis_tasks.adapters.npm.client import NpmClientStager
        from vis_tasks.adapters.npm.direct import DirectStager
        from vis_tasks.adapters.npm.engine import ChosenStager, refuse_direct_provenance, wants_provenance

        provenance, client = self._publish.provenance, self._publish.client
        npm = NpmClientStager(
            self._runner, self.npm.argv, self.config, self.config.root, registry=url, provenance=provenance
        )
        if client == "npm":
            return npm
        direct = DirectStager(self.config, url, self._clock, self._latest_at(url))
        if client == "direct":
            refuse_direct_provenance(provenance)
            return direct

        def wanted(tarball: Tarball) -> bool:
            own = tarball.manifest.get("publishConfig")
            return wants_provenance(self.config, provenance, own if isinstance(own, dict) else None)

        return ChosenStager(npm, direct, wanted)

    def desk(self, url: str) -> Desk:
        """Where stages at that registry are approved and rejected."""
        from vis_tasks.adapters.npm.desk import NpmDesk

        return NpmDesk(
            self._runner, self.npm.argv, self.config, self.config.root, registry=url, foreground=self._foreground
        )

    def problems(self) -> tuple[str, ...]:
        """Credentials of no registry, and variables that aren't set."""
        return self.config.problems()

    def review_page(self, url: str, *, name: str, version: str, stage_id: str | None) -> str | None:
        """``review-url`` filled in; else the npm registry's own page, when nothing but npm's built-in address is configured."""
        from vis_tasks.core.review_page import own_page, page_from

        if self._publish.review_url:
            return page_from(self._publish.review_url, name=name, version=version, stage_id=stage_id)
        configured = self.config.forced_registry or any("registry" in layer for _, layer in self.config.layers)
        return None if configured or url != self.config.registry_for("") else own_page(url, name)

    def oidc(self) -> bool:
        """Whether CI can hand out an identity, under the conditions of npm's own lib/utils/oidc.js."""
        return can_identify(self.config.env)
