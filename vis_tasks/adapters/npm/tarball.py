"""Look inside a tarball: never extracted, read once, bounded in every direction."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tarfile
import zlib
from functools import partial
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from vis_tasks.adapters.npm.manifest import is_sent_along
from vis_tasks.adapters.npm.unzip import bad_tarball, unzipped
from vis_tasks.patterns import regex
from vis_tasks.ports import Tarball
from vis_tasks.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vis_tasks.adapters.npm.unzip import Tar

__all__ = [
    "Inspection",
    "PackedFile",
    "inspect_tarball",
    "packed_files",
    "read_tarball",
    "read_texts",
    "secrets_in",
]

_LARGEST_FILE = 1024**3
_LARGEST_MANIFEST = 8 * 1024**2
_LARGEST_TEXT = 1024**2
_LARGEST_KEPT = 16 * 1024  # of a thousand packages, too
_MOST_ENTRIES = 100_000
_CHUNK = 1024**2
_MOST_KNOWN = 1000

_known: dict[str, Tarball] = {}  # by integrity: what packing has looked into is uploaded in the same run

# Formats that are secrets and nothing else, each behind texts of which one stands in every match: those are found much faster.
# An npmrc line that names a variable is fine.
_SECRETS: tuple[tuple[str, tuple[bytes, ...], re.Pattern[bytes]], ...] = (
    ("npm token", (b"npm_",), regex(rb"\bnpm_[A-Za-z0-9]{36}\b")),
    (
        "GitHub token",
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
        regex(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    ),
    ("GitLab token", (b"glpat-",), regex(rb"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("AWS access key", (b"AKIA", b"ASIA"), regex(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    (
        "Slack token",
        (b"xoxa-", b"xoxb-", b"xoxr-", b"xoxs-", b"xoxp-"),
        regex(rb"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    ),
    (
        "private key",
        (b"PRIVATE KEY-----",),
        regex(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n|\\r)+(?:[A-Za-z0-9+/=]|\s|\\n|\\r){100,}"),
    ),
    (
        "registry credentials",
        (b":_auth", b":_password"),
        regex(rb"^\s*//\S+:(?:_authToken|_auth|_password)\s*=\s*(?!\$\{)\S{6,}", re.MULTILINE),
    ),
)


@dataclass(frozen=True)
class Inspection:
    """A tarball and what was noticed on the way.

    Attributes:
        tarball: its facts.
        secrets: ``(path, what)`` for each small text file that holds something secret; the secret itself is not kept.
    """

    tarball: Tarball
    secrets: tuple[tuple[str, str], ...]


def read_tarball(path: Path) -> Tarball:
    """The facts of a packed package; see `inspect_tarball`. Bytes that this process has looked into before are only hashed."""
    try:
        known = _known.get(_hashes(path)[0])
    except OSError as error:
        raise bad_tarball(path, str(error) or type(error).__name__) from error
    return replace(known, path=path) if known else inspect_tarball(path).tarball


def inspect_tarball(path: Path) -> Inspection:
    """Read a tarball: hashes of the file in one pass, its entries in another; nothing is written.

    Args:
        path: a ``.tgz`` as npm, pnpm and Yarn pack it: everything below one folder, usually ``package/``.

    Raises:
        vis_tasks.errors.Failed: code ``BAD_TARBALL``: unreadable, too large, with links, devices, duplicate or escaping paths, or
            without a package.json that has name and version.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST_FILE:
            raise bad_tarball(path, f"larger than {_LARGEST_FILE // 1024**2} MiB")
        integrity, shasum = _hashes(path)
        with unzipped(path) as tar:
            contents = _read(path, tar)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise bad_tarball(path, str(error) or type(error).__name__) from error
    manifest = _manifest(path, contents.manifest)
    tarball = Tarball(
        name=str(manifest["name"]),
        version=str(manifest["version"]),
        path=path,
        integrity=integrity,
        shasum=shasum,
        size=size,
        unpacked_size=contents.unpacked_size,
        files=tuple(contents.files),
        manifest=manifest,
        texts=contents.texts,
    )
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[integrity] = tarball
    return Inspection(tarball, tuple(contents.secrets))


def read_texts(path: Path, names: Sequence[str]) -> dict[str, str]:
    """The text of some files inside, by their path without the leading folder; UTF-8, undecodable bytes replaced."""
    wanted = set(names)
    found: dict[str, str] = {}
    try:
        with unzipped(path) as tar, tarfile.open(fileobj=tar, mode="r:") as archive:
            for member in archive:
                if len(found) == len(wanted):
                    break
                name = "" if member.isdir() else _inner_path(path, member)
                if name in wanted and member.size <= _LARGEST_MANIFEST:
                    found[name] = _data(archive, member).decode("utf-8", errors="replace")
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise bad_tarball(path, str(error) or type(error).__name__) from error
    return found


@dataclass
class _Contents:
    files: list[str]
    unpacked_size: int
    manifest: bytes | None
    secrets: list[tuple[str, str]]
    texts: dict[str, str]


@dataclass(frozen=True)
class PackedFile:
    """One file of a tarball, while it is being read.

    Attributes:
        name: path inside, without the first folder.
        size: bytes.
        open: gives a stream of its content; only good until the next file is asked for.
    """

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def packed_files(path: Path) -> Iterator[PackedFile]:
    """The files of a tarball in their order, one at a time.

    Raises:
        vis_tasks.errors.Failed: code ``BAD_TARBALL``, as `inspect_tarball` does.
    """
    try:
        with unzipped(path) as tar:
            yield from _files(path, tar)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise bad_tarball(path, str(error) or type(error).__name__) from error


def _files(path: Path, tar: Tar) -> Iterator[PackedFile]:
    seen: set[str] = set()
    with tarfile.open(fileobj=tar, mode="r:") as archive:
        for count, member in enumerate(archive, 1):
            if count > _MOST_ENTRIES:
                raise bad_tarball(path, f"more than {_MOST_ENTRIES} entries")
            if member.isdir():
                continue
            name = _inner_path(path, member)
            if name in seen:
                raise bad_tarball(path, f"{name} is in it twice")
            seen.add(name)
            yield PackedFile(name, member.size, partial(_open, archive, member))


def _open(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    return archive.extractfile(member) or BytesIO()


def _read(path: Path, tar: Tar) -> _Contents:
    found = _Contents([], 0, None, [], {})
    for file in _files(path, tar):
        found.files.append(file.name)
        found.unpacked_size += file.size
        if file.name == "package.json" and file.size > _LARGEST_MANIFEST:
            raise bad_tarball(path, "its package.json is too large")
        if file.name == "package.json" or file.size <= _LARGEST_TEXT:
            data = file.open().read()
            if file.name == "package.json":
                found.manifest = data
            elif file.size <= _LARGEST_KEPT and is_sent_along(file.name):
                found.texts[file.name] = data.decode("utf-8", errors="replace")
            found.secrets += [(file.name, what) for what in secrets_in(data)]
    return found


def _inner_path(path: Path, member: tarfile.TarInfo) -> str:
    """The path without its first folder, which npm strips whatever it is called."""
    if not member.isreg():
        raise bad_tarball(path, f"{member.name} is a link or a device, which npm does not unpack")
    parts = member.name.removeprefix("./").split("/")
    if member.name.startswith("/") or ".." in parts or "\\" in member.name or "\0" in member.name:
        raise bad_tarball(path, f"{member.name!r} points outside of the package")
    inner = "/".join(part for part in parts[1:] if part not in {"", "."})
    if not inner:
        raise bad_tarball(path, f"{member.name} is not below a folder")
    return inner


def _data(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def secrets_in(data: bytes) -> Iterator[str]:
    """What kinds of secrets stand in a text file's content; nothing for binary files."""
    if b"\0" in data[:8192]:
        return
    for what, needles, pattern in _SECRETS:
        if any(needle in data for needle in needles) and pattern.search(data):
            yield what


def _manifest(path: Path, data: bytes | None) -> dict[str, Any]:
    if data is None:
        raise bad_tarball(path, "it has no package.json")
    try:
        manifest = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise bad_tarball(path, f"its package.json isn't JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise bad_tarball(path, "its package.json isn't an object")
    for key in ("name", "version"):
        if not isinstance(manifest.get(key), str) or not manifest[key]:
            raise bad_tarball(path, f"its package.json has no {key}")
    return manifest


def _hashes(path: Path) -> tuple[str, str]:
    sha512, sha1 = hashlib.sha512(), hashlib.sha1(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha512.update(chunk)
            sha1.update(chunk)
    return "sha512-" + base64.b64encode(sha512.digest()).decode(), sha1.hexdigest()
