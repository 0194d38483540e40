"""Packing: what the project's own package manager does, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Packer", "Tarball"]


@dataclass(frozen=True)
class Tarball:
    """One packed package: the only bytes that may be uploaded for it.

    Attributes:
        name: npm name.
        version: exact version.
        path: the ``.tgz`` file.
        integrity: ``sha512-<base64>`` of the file.
        shasum: sha1 hex of the file.
        size: bytes of the file.
        unpacked_size: bytes of its contents.
        files: paths inside, without the leading ``package/``.
        manifest: the package.json inside the tarball, parsed.
        texts: what was read on the way of the files that npm sends along (a readme, AUTHORS), by path; not the long ones.
    """

    name: str
    version: str
    path: Path
    integrity: str
    shasum: str
    size: int
    unpacked_size: int
    files: tuple[str, ...]
    manifest: Mapping[str, object] = field(repr=False, hash=False)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)


class Packer(Protocol):
    """The project's own package manager, packing."""

    def pack(self, package_dir: Path, destination: Path) -> Path:
        """Pack one package into ``destination`` and return the tarball's path; its pack scripts run exactly once."""
        ...

    def pack_many(
        self, package_dirs: Sequence[Path], destination: Path, started: Callable[[], None] = lambda: None
    ) -> Iterator[Path]:
        """Pack several, in as few processes as the package manager allows; yields in the order given.

        ``started`` is called each time when a process runs and there is nothing to do but to wait for it.
        """
        ...
