"""Tags on their way to the remote, together with the wave's changelog entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed
from vis_tasks.services.record import push_chores
from vis_tasks.services.wave_on_branch import push_wave
from vis_tasks.services.workspace_changelog import changelog_chore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.services.record import Chore
    from vis_tasks.services.run import Run
    from vis_tasks.services.tagging import Tagging

__all__ = ["push_tags"]

_TAKES_NO_COMMIT = {"PUSH_REFUSED", "DIVERGED"}


def push_tags(run: Run, work: Sequence[Tagging], new: Sequence[Tagging]) -> Failed | None:
    """Tags and the wave's changelog entry arrive together or not at all; where the branch takes no commits, the tags go alone.

    Args:
        run: the run.
        work: every version of the wave that is done but for this.
        new: those of them whose tag the remote lacks.

    Returns:
        The branch's refusal, when the tags have arrived without it: to be raised once the rest is done.

    Raises:
        vis_tasks.errors.Failed: code ``PUSH_REFUSED``, ``PUSH_FAILED`` or ``GIT_FETCH``. Where the remote wasn't reached, all is
            left to the next run: the wave's entry would be lost with this checkout, had the tags gone alone.
    """
    refspecs = [f"refs/tags/{item.tag}:refs/tags/{item.tag}" for item in new]
    if work:  # from here on the workspace changelog may be half-done, also where another machine has pushed all tags
        run.state.note(lambda journal: journal.add("tagged", *(item.tag for item in work)))
    refused: Failed | None = None
    try:
        if _with_changelog(run, work, refspecs):
            return None
    except Failed as error:
        if not new or error.code not in _TAKES_NO_COMMIT:
            raise
        refused = error
    if not new:
        return None
    result = run.tools.git.push(run.release.remote, refspecs, atomic=True)
    run.forget("refs")
    if not isinstance(result, Pushed):
        raise Failed(
            f"{run.release.remote} did not take the tags: {result.why}",
            code="PUSH_REFUSED",
            hint="let the release user push tags, then run again: the versions are live and keep their place in staged.json",
            details={"tags": [item.tag for item in new]},
        )
    return refused


def _with_changelog(run: Run, work: Sequence[Tagging], refspecs: Sequence[str]) -> bool:
    """Push a commit with the tags along; False when there is no commit to push."""
    if run.state.elsewhere is not None:
        return push_wave(run, work, along=refspecs)
    changelog = changelog_chore(run, work, with_state=run.tools.forge() is not None)
    chores: list[Chore] = [changelog] if changelog else []
    if not chores and not (refspecs and _ahead(run)):
        return False
    push_chores(run, chores, along=refspecs)
    return True


def _ahead(run: Run) -> bool:
    """Whether a killed run left commits here that the remote lacks."""
    head, there = run.tools.git.head() or "", run.refs.branch
    return (
        there not in {None, head}
        and run.tools.git.has_commit(there or "")
        and run.tools.git.contains(there or "", head)
    )
