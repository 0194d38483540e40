"""Which packages a configuration releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vis_tasks.core.globs import matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.model import Package, Workspace

__all__ = ["Selection", "is_managed", "managed"]


class Selection(Protocol):
    """The part of ``[release]`` that chooses packages."""

    @property
    def include(self) -> Sequence[str]:
        """Globs of names to release."""
        ...

    @property
    def ignore(self) -> Sequence[str]:
        """Globs of names never to release."""
        ...

    @property
    def private_packages(self) -> bool:
        """Whether packages marked private are versioned too."""
        ...


def is_managed(package: Package, config: Selection) -> bool:
    """Whether this package is versioned: included, not ignored, has a version, and isn't private (unless private ones count)."""
    return (
        bool(package.version)
        and (config.private_packages or not package.private)
        and matches(package.name, config.include)
        and not matches(package.name, config.ignore)
    )


def managed(workspace: Workspace, config: Selection) -> tuple[Package, ...]:
    """The packages this configuration versions, in path order."""
    return tuple(package for package in workspace.packages if is_managed(package, config))
