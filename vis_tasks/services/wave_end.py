"""The end of a wave: what was kept on this machine while it was open is not needed any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vis_tasks.services.run import Run

__all__ = ["finish_wave"]


def finish_wave(run: Run) -> None:
    """Delete journal and tarballs once nothing is pending, owed or failed, and the version commit has reached the remote."""
    state = run.state.pending()
    if not run.state.has_journal() or state.pending or state.approved or run.report.of("failed"):
        return
    step = run.state.journal().versioning
    if step is None or step.pushed or _arrived(run, step.commit):
        run.state.close_journal()
        run.tools.files.delete_tree(run.state.dist_path)


def _arrived(run: Run, commit: str | None) -> bool:
    """Whether the remote has the version commit, though a kill came before that was noted."""
    there = run.refs.branch
    return bool(commit and there and run.tools.git.has_commit(there) and run.tools.git.contains(commit, there))
