"""`vis_tasks.ports.Npm`: configuration, readers and uploaders of one workspace, each built once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.npm.client import NpmClientStager
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.desk import NpmDesk
from vis_tasks.adapters.npm.node import find_npm
from vis_tasks.adapters.npm.reader import HttpRegistryReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from vis_tasks.adapters.npm.node import FoundNpm
    from vis_tasks.config.model import PublishConfig
    from vis_tasks.ports import Clock, Desk, RegistryReader, Runner, Stager

__all__ = ["NpmSide"]


class NpmSide:
    """The npm side of a workspace. Two npm processes to load (its version, its configuration), none afterwards.

    Args:
        npm: how npm is started.
        config: npm's configuration.
        runner: starts npm.
        clock: for the readers.
        publish: ``[release.publish]``.
    """

    def __init__(self, npm: FoundNpm, config: NpmConfig, runner: Runner, clock: Clock, publish: PublishConfig) -> None:
        self.npm = npm
        self.config = config
        self._runner = runner
        self._clock = clock
        self._publish = publish
        self._readers: dict[str, RegistryReader] = {}
        self._stagers: dict[str, Stager] = {}

    @classmethod
    def load(cls, runner: Runner, root: Path, env: Mapping[str, str], clock: Clock, publish: PublishConfig) -> NpmSide:
        """Find npm and ask it for its configuration.

        Raises:
            vis_tasks.errors.Refused: npm is missing, too old, or can't read its own configuration.
        """
        npm = find_npm(runner, root, env)
        config = NpmConfig.load(runner, root, env, publish.registry, npm=npm.argv)
        return cls(npm, config, runner, clock, publish)

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
            self._readers[url] = HttpRegistryReader(self.config, url, self._clock)
        return self._readers[url]

    def stager(self, url: str) -> Stager:
        """The engine that uploads there."""
        if url not in self._stagers:
            self._stagers[url] = NpmClientStager(
                self._runner,
                self.npm.argv,
                self.config,
                self.config.root,
                registry=url,
                provenance=self._publish.provenance,
            )
        return self._stagers[url]

    def desk(self, url: str) -> Desk:
        """Where stages at that registry are approved and rejected."""
        return NpmDesk(self._runner, self.npm.argv, self.config, self.config.root, registry=url)

    def oidc(self) -> bool:
        """Whether CI can hand out an identity, under the conditions of npm's own lib/utils/oidc.js."""
        env = self.config.env
        on_ci = any(env.get(flag) for flag in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI"))
        if not on_ci:
            return False
        asks = env.get("ACTIONS_ID_TOKEN_REQUEST_URL") and env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        return bool(env.get("NPM_ID_TOKEN") or (env.get("GITHUB_ACTIONS") and asks))
