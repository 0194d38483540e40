"""Which engine uploads: the npm client, which can sign provenance, or our own, which starts no process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.npm.identity import signs_provenance
from vis_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vis_tasks.adapters.npm.config import NpmConfig
    from vis_tasks.ports import Staged, Stager, Tarball

__all__ = ["ChosenStager", "refuse_direct_provenance", "wants_provenance"]

_YES = frozenset({True, "true"})
_NO = frozenset({False, "false"})


class ChosenStager:
    """`vis_tasks.ports.Stager` that takes npm for the tarballs that want provenance, and our own engine for the others.

    Args:
        npm: the npm client.
        direct: our own.
        wanted: whether a tarball wants provenance.
    """

    def __init__(self, npm: Stager, direct: Stager, wanted: Callable[[Tarball], bool]) -> None:
        self._npm = npm
        self._direct = direct
        self._wanted = wanted

    def _engine(self, tarball: Tarball) -> Stager:
        return self._npm if self._wanted(tarball) else self._direct

    def stage(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """Stage with the engine that fits."""
        return self._engine(tarball).stage(tarball, tag=tag, access=access)

    def publish(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """Publish with the engine that fits."""
        return self._engine(tarball).publish(tarball, tag=tag, access=access)


def wants_provenance(config: NpmConfig, setting: str, publish_config: Mapping[str, object] | None) -> bool:
    """Whether npm would, or might, attach a provenance statement.

    Args:
        config: npm's configuration and environment.
        setting: ``[release.publish] provenance``: ``auto``, ``true`` or ``false``.
        publish_config: the manifest's.
    """
    if setting != "auto":
        return setting == "true"
    own = dict(publish_config or {})
    for source in (own, *(layer for _, layer in config.layers)):
        if source.get("provenance-file") or source.get("provenance") in _YES:
            return True
        if source.get("provenance") in _NO:
            return False
    return signs_provenance(config.env)


def refuse_direct_provenance(setting: str) -> None:
    """Our own engine can't sign.

    Raises:
        vis_tasks.errors.ConfigError: provenance is asked for from an engine that can't give it.
    """
    if setting == "true":
        raise ConfigError(
            'provenance = "true" and client = "direct" under [release.publish] exclude each other: only npm signs provenance',
            hint='set client = "npm" or "auto"',
        )
