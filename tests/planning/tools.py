"""Tools of others from the npm registry, for tests that drive the real thing; installed once per machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["MANAGERS", "npm_tool"]

MANAGERS = {"pnpm": "pnpm@12.20.0", "yarn": "@yarnpkg/cli-dist@4.18.1", "bun": "bun@1.4.5"}
"""The other package managers, each as the package that holds it."""


def npm_tool(program: str, *specs: str) -> str:
    """Path of a program out of npm packages, installed with `npm install --prefix` unless an earlier run did.

    Args:
        program: its name in ``node_modules/.bin``.
        specs: the packages, each with an exact version.
    """
    key = hashlib.sha256(" ".join(sorted(specs)).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"vis-tasks-tools-{os.getuid()}" / key
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=folder.parent))
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run(["npm", "install", "--prefix", str(making), *quiet, *specs], check=True, capture_output=True)
        try:
            making.rename(folder)
        except OSError:  # another worker was faster
            shutil.rmtree(making)
    return str(folder / "node_modules/.bin" / program)
