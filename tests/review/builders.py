"""Contents and tarballs, honest and hostile."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

from vis_tasks.core.review.files import changed_files
from vis_tasks.core.review.flags import risk_flags
from vis_tasks.core.review.manifest import changed_manifest
from vis_tasks.core.review.model import Check, Contents, PackedContent, Review, Sizes

__all__ = ["contents", "entry", "review", "tarball"]


def contents(files: dict[str, bytes | str] | None = None, **manifest: Any) -> Contents:
    """What a package holds; package.json is written for it."""
    found = {"name": "core", "version": "1.1.0", **manifest}
    raw = {"package.json": json.dumps(found).encode()}
    raw |= {path: text.encode() if isinstance(text, str) else text for path, text in (files or {}).items()}
    packed = {path: PackedContent(len(data), hashlib.sha256(data).hexdigest(), data) for path, data in raw.items()}
    return Contents(sum(map(len, raw.values())), "sha512-x", "x", packed, found)


def review(before: Contents | None, after: Contents, **more: Any) -> Review:
    flags = risk_flags(before, after, name="core", version="1.1.0")
    old = before.manifest if before else {}
    values: dict[str, Any] = {
        "against": "1.0.0" if before else None,
        "sizes": Sizes(after.size, after.unpacked_size, len(after.files)),
        "sizes_before": Sizes(before.size, before.unpacked_size, len(before.files)) if before else None,
        "checks": (
            Check("staged.json", good=True, text="the staged bytes are those recorded when they were uploaded"),
        ),
        "flags": flags,
        "manifest": changed_manifest(old, after.manifest),
        "files": changed_files(before, after),
        **more,
    }
    return Review("core", "1.1.0", "latest", "8814c851-1732-4885-8bbf-9c3aab52da3f", "staged 3 h ago by ci", **values)


def entry(
    name: str, data: bytes = b"x", *, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    return info, data


def tarball(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A .tgz with a good package.json and these entries."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in (entry("package/package.json", b'{"name": "core", "version": "1.1.0"}'), *entries):
            archive.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return gzip.compress(raw.getvalue(), mtime=0)
