"""What lies in ``dist/``: the manifest of what was packed, and whether a tarball is what it says."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from vis_tasks.services.run import Run

__all__ = ["Packed", "integrity", "manifest", "sha256"]


@dataclass(frozen=True)
class Packed:
    """One line of ``dist/manifest.json``."""

    name: str
    version: str
    file: str
    integrity: str
    shasum: str
    size: int
    commit: str
    files: tuple[str, ...]


def manifest(run: Run) -> dict[str, Packed]:
    """What ``dist/manifest.json`` lists, by ``name@version``; nothing when it isn't there or can't be read."""
    content = run.tools.files.read(f"{run.state.dist_path}/manifest.json")
    if content is None:
        return {}
    try:
        data = json.loads(content)
        return {
            f"{item['name']}@{item['version']}": Packed(**{**item, "files": tuple(item["files"])})
            for item in data["tarballs"]
        }
    except (ValueError, KeyError, TypeError):
        return {}


def integrity(content: bytes) -> str:
    """``sha512-…`` of some bytes, as npm writes it."""
    import hashlib  # 4 ms, and before anything is packed nobody hashes

    return "sha512-" + b64encode(hashlib.sha512(content).digest()).decode()


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, as hex."""
    import hashlib

    return hashlib.sha256(content).hexdigest()
