"""Readers of a scripted registry, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.reader import HttpRegistryReader

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes import FakeClock

__all__ = ["DOCUMENT", "TOKEN", "reader_of"]

TOKEN = "secret-token"
DOCUMENT = {"name": "demo", "version": "1.2.0", "dist": {"integrity": "sha512-abc", "shasum": "def"}}


def reader_of(url: str, root: Path, clock: FakeClock, **values: Any) -> HttpRegistryReader:
    return HttpRegistryReader(NpmConfig("11.19.1", root, {"registry": url, **values}), url, clock)
