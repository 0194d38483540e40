"""Resolving a requirement to exact versions with hashes, by uv."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.ports import Runner

__all__ = ["lock_requirement"]

_PYTHON = "3.11"
_PATIENCE = 120.0


def lock_requirement(runner: Runner, root: Path, requirement: str) -> str:
    """All that the requirement brings, for every platform, each line with the hashes of its files. One process.

    ``--universal`` resolves for all platforms and Pythons from the given one on, by markers; ``--generate-hashes`` lists every
    file of each version (uv's documentation, "Locking environments"). pip has no such thing: what ``pip lock`` (25.1,
    experimental) writes holds for the Python and platform it ran on (pip's documentation), seldom those of a runner.

    Args:
        runner: starts uv: the program, or the module beside this Python.
        root: the workspace, whose own uv settings (such as an index) count, and from which paths are meant.
        requirement: one line.

    Raises:
        vis_tasks.errors.Failed: code ``CI_LOCK``: there is no uv, or it can't resolve this (its words).
    """
    uv = ["uv"] if shutil.which("uv") else [sys.executable, "-m", "uv"] if find_spec("uv") else None
    if uv is None:
        raise Failed(
            "there is no uv on this machine", code="CI_LOCK", hint="install uv (`pip install uv`), then run again"
        )
    done = runner.run(
        [
            *uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header", "--no-annotate",
            "--python-version", _PYTHON, "-",
        ],
        cwd=root,
        input_text=f"{requirement}\n",
        check=False,
        timeout=_PATIENCE,
    )  # fmt: skip
    if done.code:
        words = " ".join(done.stderr.split()) or f"exit code {done.code}"
        raise Failed(f"uv can't lock {requirement}: {words}", code="CI_LOCK")
    return done.stdout
