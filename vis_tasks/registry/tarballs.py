"""Tarballs: looked into, built, and kept on disk under the hash of their bytes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from vis_tasks.registry.problems import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Entry", "Inspection", "TarballFiles", "build_tarball", "inspect_tarball", "read_entries"]

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Entry:
    """One file in a tarball: path without the leading folder, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class Inspection:
    """What a tarball holds, and its hashes as npm writes them.

    Attributes:
        shasum: sha1, hex.
        integrity: ``sha512-<base64>``.
        files: every regular file.
        unpacked_size: bytes of all files.
    """

    shasum: str
    integrity: str
    files: tuple[Entry, ...]
    unpacked_size: int


def hashes(tarball: bytes) -> tuple[str, str]:
    """sha1 hex and ``sha512-<base64>``."""
    sha512 = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    return hashlib.sha1(tarball, usedforsecurity=False).hexdigest(), f"sha512-{sha512}"


def inspect_tarball(tarball: bytes, *, max_unpacked: int) -> Inspection:
    """Look at every entry.

    Args:
        tarball: gzipped tar.
        max_unpacked: bytes after which unpacking stops.

    Raises:
        Problem: 400 when it isn't a gzipped tar, is damaged, unpacks to too much, has no package.json, or an entry's path is
            absolute or leaves the package.
    """
    files = []
    manifest_seen = False
    for member in _members(_unpacked(tarball, max_unpacked)):
        if member.isdir():
            continue
        path = _safe_path(member.name)
        if not member.isfile():
            continue
        manifest_seen = manifest_seen or path == "package.json"
        files.append(Entry(path, member.size))
    if not manifest_seen:
        raise bad_request("the tarball has no package.json")
    shasum, integrity = hashes(tarball)
    return Inspection(shasum, integrity, tuple(files), sum(file.size for file in files))


def read_entries(tarball: bytes, *, max_unpacked: int) -> dict[str, bytes]:
    """Every regular file's bytes by its path without the leading folder."""
    with tarfile.open(fileobj=io.BytesIO(_unpacked(tarball, max_unpacked))) as archive:
        return {
            _safe_path(member.name): handle.read()
            for member in archive
            if member.isfile() and (handle := archive.extractfile(member)) is not None
        }


def build_tarball(manifest: Mapping[str, object], files: Mapping[str, bytes | str] | None = None) -> bytes:
    """A package's tarball, the same bytes for the same input.

    Args:
        manifest: becomes ``package.json``, unless ``files`` has one.
        files: content by path inside the package.
    """
    content: dict[str, bytes | str] = {"package.json": json.dumps(manifest, indent=2) + "\n", **(files or {})}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in sorted(content.items()):
            encoded = data.encode() if isinstance(data, str) else data
            info = tarfile.TarInfo(f"package/{path}")
            info.size = len(encoded)
            info.mode = 0o644
            archive.addfile(info, io.BytesIO(encoded))
    return gzip.compress(raw.getvalue(), mtime=0)


def _unpacked(tarball: bytes, limit: int) -> bytes:
    if not tarball.startswith(GZIP_MAGIC):
        raise bad_request("the tarball is not gzip")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        raw = unpacker.decompress(tarball, limit + 1)
    except zlib.error as error:
        raise bad_request(f"the tarball is damaged: {error}") from None
    if len(raw) > limit:
        raise bad_request(f"the tarball unpacks to more than {limit} bytes")
    if not unpacker.eof:
        raise bad_request("the tarball is cut off")
    return raw


def _members(raw: bytes) -> Iterable[tarfile.TarInfo]:
    try:
        with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
            return archive.getmembers()
    except (tarfile.TarError, UnicodeError, ValueError, EOFError) as error:
        raise bad_request(f"the tarball is no tar: {error}") from None


def _safe_path(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0] or len(path.parts) < 2:
        raise bad_request(f"the tarball has an entry outside the package: {name[:120]!r}")
    return str(PurePosixPath(*path.parts[1:]))


class TarballFiles:
    """Tarballs on disk, named by the sha256 of their bytes. Writing the same bytes twice writes once.

    Args:
        folder: created when missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the bytes of a key are."""
        return self._folder / key[:2] / f"{key}.tgz"

    def write(self, tarball: bytes) -> str:
        """Keep the bytes and return their key; they are complete on disk when this returns, or not there at all."""
        key = hashlib.sha256(tarball).hexdigest()
        path = self.path(key)
        if path.exists():
            return key
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
            part.write(tarball)
        Path(part.name).replace(path)
        return key

    def read(self, key: str) -> bytes:
        """The bytes of a key."""
        return self.path(key).read_bytes()

    def remove(self, key: str) -> None:
        """Forget a key; a missing one is fine."""
        self.path(key).unlink(missing_ok=True)

    def sweep(self, referenced: set[str]) -> int:
        """Remove every file nobody refers to (a process killed between two writes leaves such) and say how many."""
        stray = [
            path
            for path in self._folder.rglob("*")
            if path.is_file() and (path.suffix != ".tgz" or path.stem not in referenced)
        ]
        for path in stray:
            path.unlink()
        return len(stray)
