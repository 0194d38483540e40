"""Chore commits: the small commits a release makes after its version commit, pushed and replayed when others push first.

A chore can be done again on a newer tip: staged.json is merged by version, the workspace changelog by inserting its entry;
never by text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vis_tasks.core.pending import merge, render
from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed, PushStale
from vis_tasks.services.catch_up import pending_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vis_tasks.core.pending import Pending
    from vis_tasks.services.run import Run

__all__ = ["Chore", "push_chores", "record", "staged_chore"]

_ATTEMPTS = 5
_BACKOFF = 1.0


@dataclass(frozen=True)
class Chore:
    """One commit to make, again and again until it is on the remote.

    Attributes:
        message: the commit's message.
        apply: changes files on the tip checked out and returns the paths; called once per attempt.
    """

    message: str
    apply: Callable[[], Sequence[str]]


def record(run: Run, message: str | None = None, *, push: bool = True) -> bool:
    """Commit and push staged.json when it says something else than the last commit; False when it doesn't."""
    chore = staged_chore(run, message)
    if chore is None:
        return False
    push_chores(run, [chore], push=push)
    return True


def staged_chore(run: Run, message: str | None = None) -> Chore | None:
    """The commit that brings staged.json into git, or None when nothing but the time changed."""
    git, state = run.tools.git, run.state
    base_commit = git.head() or ""
    committed = git.read(base_commit, state.staged_path)
    base, ours = state.parse(committed), state.pending()
    if replace(base, updated_at="") == replace(ours, updated_at=""):
        if committed is not None and not ours.empty and committed != run.tools.files.read(state.staged_path):
            run.tools.files.write(state.staged_path, committed)
        return None

    def apply() -> Sequence[str]:
        tip = git.head() or ""
        there = git.read(tip, state.staged_path)
        theirs = state.parse(there)
        merged = ours if tip == base_commit else merge(base, ours, theirs)
        if merged.empty:
            run.tools.files.delete(state.staged_path)
        elif there is not None and replace(merged, updated_at="") == replace(theirs, updated_at=""):
            run.tools.files.write(state.staged_path, there)
        else:
            run.tools.files.write(state.staged_path, render(merged).encode())
        return [state.staged_path]

    return Chore(message or _message(ours), apply)


def _message(state: Pending) -> str:
    if state.empty:
        return "chore(release): clear pending stage registry [skip ci]"
    count = len(state.pending)
    return f"chore(release): record {count} pending stage{'' if count == 1 else 's'} [skip ci]"


def push_chores(run: Run, chores: Sequence[Chore], *, push: bool = True, along: Sequence[str] = ()) -> None:
    """Make the commits and push them; on a non-fast-forward do them again on the new tip, five times with backoff.

    Args:
        run: the run.
        chores: the commits to make.
        push: False leaves them here.
        along: refspecs to push with them: the remote takes all or nothing.

    Raises:
        vis_tasks.errors.Failed: code ``PUSH_REFUSED`` or ``PUSH_FAILED``; the commits stay here, nothing is lost.
    """
    git, remote = run.tools.git, run.release.remote
    start = git.head() or ""
    why = ""
    for attempt in range(_ATTEMPTS):
        made = [commit for chore in chores if (commit := git.commit(chore.apply(), chore.message))]
        if not push or not (made or attempt or along):
            run.report.commits.extend(made)
            return
        result = git.push(remote, [f"HEAD:refs/heads/{run.branch}", *along], atomic=bool(along))
        if isinstance(result, Pushed):
            run.report.commits.extend(made)
            run.forget("refs")
            return
        if not isinstance(result, PushStale):
            raise Failed(
                f"{remote}/{run.branch} did not take the release's state: {result.why}",
                code="PUSH_FAILED" if result.network else "PUSH_REFUSED",
                hint=f"the commit is kept here; push it (`git push {remote} HEAD:{run.branch}`) or run again"
                + ("" if result.network else " once the branch protection lets the release user push"),
            )
        why = result.why
        if attempt == _ATTEMPTS - 1:
            break
        run.tools.clock.sleep(_BACKOFF * 2**attempt)
        tip = git.fetch(remote, run.branch)
        if tip is None or not git.contains(start, tip):
            raise Failed(
                f"{remote}/{run.branch} no longer holds the commit this release started from ({start[:12]})",
                code="DIVERGED",
                hint="somebody rewrote the branch; look at it, bring this checkout up to date, and run again",
            )
        run.state.set_aside(pending_at(run, start), run.state.pending())
        git.move_to(tip)
        run.state.take_up()
    raise Failed(
        f"{remote}/{run.branch} moved on {_ATTEMPTS} times while the release's state was being pushed: {why}",
        code="PUSH_FAILED",
        hint="run again; the commits are kept here and nothing is lost",
    )
