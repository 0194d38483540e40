"""The tar inside a tarball: a small one is unzipped at once, a larger one while it is read; never more than there is room for."""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING

from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Tar", "bad_tarball", "unzipped"]

Tar = BytesIO | gzip.GzipFile

_SMALL = 1024**2
_SMALL_UNZIPPED = 8 * 1024**2
_LARGEST_REQUEST = 9 * 1024**2  # the largest package.json that is read (8 MiB), and a header
_LARGEST_UNPACKED = 4 * 1024**3
_GZIP = 31  # `zlib.decompressobj`: a gzip header and trailer, the largest window


@contextmanager
def unzipped(path: Path) -> Iterator[Tar]:
    """The tar, to be read from its beginning. Most are small, and at once takes half the time.

    Raises:
        vis_tasks.errors.Failed: code ``BAD_TARBALL``: more is asked for at once, or in all, than a package has.
        OSError: it can't be read, or isn't gzip.
        EOFError: its end is missing.
        zlib.error: it is damaged.
    """
    with path.open("rb") as file:
        small = _at_once(file.read()) if os.fstat(file.fileno()).st_size <= _SMALL else None
        if small is not None:
            yield BytesIO(small)
            return
        file.seek(0)
        with _Bounded(path, file) as stream:
            yield stream


def _at_once(content: bytes) -> bytes | None:
    """The whole tar; None where it is large, or anything but one whole gzip member: the slower way knows what to say of it."""
    unzip = zlib.decompressobj(_GZIP)
    try:
        found = unzip.decompress(content, _SMALL_UNZIPPED)
    except zlib.error:
        return None
    return found if unzip.eof and not unzip.unused_data else None


class _Bounded(gzip.GzipFile):
    """Unzips for tarfile, which asks for as much at once as a header claims: large requests are refused."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        super().__init__(fileobj=file, mode="rb")
        self._path = path

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= _LARGEST_REQUEST:
            raise bad_tarball(self._path, "a header in it is too large")
        self._check(self.tell() + size)
        return super().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._check(offset)
        return super().seek(offset, whence)

    def _check(self, position: int) -> None:
        if position > _LARGEST_UNPACKED:
            raise bad_tarball(self._path, f"it unpacks to more than {_LARGEST_UNPACKED // 1024**2} MiB")


def bad_tarball(path: Path, why: str) -> Failed:
    """What is told of a file that is no package."""
    return Failed(f"{path}: not a usable package tarball: {why}", code="BAD_TARBALL", hint="Pack it again: invoke pack")
