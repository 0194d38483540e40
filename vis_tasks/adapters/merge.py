"""Three-way merge of texts, by git."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.core.ci.keep import Merged
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from vis_tasks.ports import Runner

__all__ = ["merge_texts"]

_MOST = 127


def merge_texts(runner: Runner, current: str, base: str, fresh: str) -> Merged:
    """Bring what changed from ``base`` to ``fresh`` into ``current``. One git process.

    ``git merge-file`` exits with the number of conflicts (127 for more), and above that when it failed (git-merge-file(1)).
    """
    with tempfile.TemporaryDirectory(prefix="vis-tasks-") as name:
        folder = Path(name)
        for file, text in (("current", current), ("base", base), ("fresh", fresh)):
            (folder / file).write_bytes(text.encode())
        done = runner.run(
            [
                "git", "merge-file", "--stdout", "--diff3", "-L", "yours", "-L", "made before", "-L", "made now",
                "current", "base", "fresh",
            ],
            cwd=folder,
            check=False,
        )  # fmt: skip
    if not 0 <= done.code <= _MOST:
        raise Failed(f"git merge-file failed: {done.stderr.strip()}", code="MERGE")
    return Merged(done.stdout, done.code)
