"""The programs we are measured against, installed from the npm registry into a folder that is kept."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

__all__ = ["rival"]

_PACKAGES = {
    "pnpm": ("pnpm@12",),
    "changeset": ("@changesets/cli@2",),
    "lerna": ("@lerna-lite/cli@5", "@lerna-lite/publish@5", "@lerna-lite/version@5"),
}


def rival(program: str) -> str:
    """The path of a rival's program.

    Args:
        program: ``pnpm``, ``changeset`` or ``lerna`` (lerna-lite).

    Returns:
        Its path under the folder that ``VIS_RIVALS`` names, `.nox/rivals` where it names none. It is installed there when it
        is missing (one npm process, which may take a minute).
    """
    home = Path(os.environ.get("VIS_RIVALS") or ".nox/rivals").absolute()
    found = home / "node_modules" / ".bin" / program
    if not found.exists():
        home.mkdir(parents=True, exist_ok=True)
        manifest = home / "package.json"
        if not manifest.exists():
            manifest.write_text(json.dumps({"private": True, "allowScripts": {"pnpm": True}}))
        command = ["npm", "install", "--no-audit", "--no-fund", *_PACKAGES[program]]
        subprocess.run(command, cwd=home, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return str(found)
