"""``python tests/bench/versioning.py``: what `version` does to the files of this folder, without git.

Loads what that work needs and no more, and in the way of the command; the packages are those of `tests.bench.workspaces.build`.
"""

from __future__ import annotations

import gc
import os

gc.set_threshold(50_000, 20, 20)  # as `vis_tasks.cli.main` does before it loads anything

from pathlib import Path  # noqa: E402

__all__ = ["version"]


def version(root: Path) -> int:
    """Write what `version` writes; the number of files."""
    from datetime import UTC, datetime

    from vis_tasks.adapters.changefiles import read_changes
    from vis_tasks.adapters.files import RootFiles
    from vis_tasks.adapters.planning import plan_edits, plan_on_disk
    from vis_tasks.adapters.workspace import read_workspace
    from vis_tasks.config.model import ReleaseConfig
    from vis_tasks.services.write_edits import write_edits

    config = ReleaseConfig(rules="changesets-2")
    workspace = read_workspace(root)
    planned = plan_on_disk(root, config, workspace, read_changes(root, config, workspace))
    edits = plan_edits(root, config, workspace, planned, datetime.now(UTC).date())
    write_edits(RootFiles(root), edits)
    return len(edits)


if __name__ == "__main__":
    version(Path.cwd())
    os._exit(0)  # as `vis_tasks.cli.main` ends
