"""A tarball's contents, for comparing: from bytes that nobody has vetted, never extracted, bounded in every direction."""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import IO

from vis_tasks.adapters.npm.tarball import inspect_tarball, packed_files, secrets_in
from vis_tasks.core.review.model import Contents, PackedContent
from vis_tasks.errors import Failed

__all__ = ["read_contents"]

_LARGEST_UNPACKED = 512 * 1024 * 1024
_LARGEST_KEPT = 1024 * 1024
_LARGEST_KEPT_TOGETHER = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


def read_contents(data: bytes) -> Contents:
    """Read a tarball from memory. One temporary file, two passes; texts up to 1 MiB each, 64 MiB together, are kept.

    Args:
        data: the tarball.

    Raises:
        vis_tasks.errors.Failed: code ``BAD_TARBALL``, as `vis_tasks.adapters.npm.tarball.inspect_tarball` does; also when it
            unpacks to more than 512 MiB.
    """
    with tempfile.TemporaryDirectory(prefix="vis-review-") as folder:
        path = Path(folder) / "package.tgz"
        path.write_bytes(data)
        try:
            return _read(path)
        except Failed as error:
            raise Failed(error.message.replace(f"{path}: ", ""), code=error.code) from error
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            # The end of a broken stream shows only while the last of its files is read.
            raise Failed(str(error) or type(error).__name__, code="BAD_TARBALL") from error


def _read(path: Path) -> Contents:
    files: dict[str, PackedContent] = {}
    total = kept = 0
    secrets: list[tuple[str, str]] = []
    for file in packed_files(path):
        total += file.size
        if total > _LARGEST_UNPACKED:
            raise Failed(f"it unpacks to more than {_LARGEST_UNPACKED // 1024**2} MiB", code="BAD_TARBALL")
        keep = file.size <= _LARGEST_KEPT and kept + file.size <= _LARGEST_KEPT_TOGETHER
        digest, content = _take(file.open(), keep=keep)
        kept += len(content or b"")
        files[file.name] = PackedContent(file.size, digest, content)
        secrets += [(file.name, what) for what in secrets_in(content or b"")]
    tarball = inspect_tarball(path).tarball
    return Contents(tarball.size, tarball.integrity, tarball.shasum, files, tarball.manifest, tuple(secrets))


def _take(stream: IO[bytes], *, keep: bool) -> tuple[str, bytes | None]:
    digest, parts = hashlib.sha256(), []
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        if keep:
            parts.append(chunk)
    return digest.hexdigest(), b"".join(parts) if keep else None
