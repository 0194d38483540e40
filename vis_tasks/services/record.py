"""Chore commits: the small commits a release makes after its version commit, pushed and replayed when others push first.

A chore can be done again on a newer tip: staged.json is merged by version, the workspace changelog by inserting its entry;
never by text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.pending import Pending, render
from vis_tasks.core.pending_merge import merge
from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed, PushStale
from vis_tasks.records import dataclass, replace
from vis_tasks.services.catch_up import pending_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vis_tasks.services.run import Run

__all__ = ["Chore", "arrived_on_branch", "push_chores", "record", "staged_chore", "staged_on_branch"]

_ATTEMPTS = 5
_BACKOFF = 1.0
_STATE_BRANCH = "vis-release-state"


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
    if run.state.elsewhere is not None:
        return _record_elsewhere(run, message, push=push)
    chore = staged_chore(run, message)
    if chore is None:
        return False
    push_chores(run, [chore], push=push)
    return True


def _record_elsewhere(run: Run, message: str | None, *, push: bool) -> bool:
    """On the state branch. A commit that isn't pushed has no place there: what is known stays in the working copy."""
    state = run.state
    branch, ours = state.elsewhere, state.pending()
    if branch is None or not push or (state.on_branch() is None and _same(ours, Pending())):
        return False
    commit = branch.push(message or _message(ours), lambda: staged_on_branch(run), run.tools.clock)
    arrived_on_branch(run)
    run.report.commits.extend([commit] if commit else [])
    return commit is not None


def staged_on_branch(run: Run) -> dict[str, bytes]:
    """What is to be written to the state branch: staged.json, merged with what the branch has now.

    It is never removed there: a branch that has none is one that was never used.
    """
    state, branch = run.state, run.state.elsewhere
    if branch is None:
        return {}
    ours, there = state.pending(), branch.read(branch.staged_path)
    if there is not None and _same(ours, state.parse_branch(there)):
        return {}
    return {branch.staged_path: render(ours).encode()}


def arrived_on_branch(run: Run) -> None:
    """The state branch was pushed: the working copy begins from what it holds now."""
    branch = run.state.elsewhere
    content = branch.read(branch.staged_path) if branch else None
    if content is not None:
        run.state.now_on_branch(content)


def _same(one: Pending, other: Pending) -> bool:
    return replace(one, updated_at="") == replace(other, updated_at="")


def staged_chore(run: Run, message: str | None = None) -> Chore | None:
    """The commit that brings staged.json into git, or None when nothing but the time changed."""
    git, state = run.tools.git, run.state
    base_commit = git.head() or ""
    committed = git.read(base_commit, state.staged_path)
    base, ours = state.parse(committed), state.pending()
    if _same(base, ours):
        if committed is not None and not ours.empty and committed != run.tools.files.read(state.staged_path):
            run.tools.files.write(state.staged_path, committed)
        return None

    def apply() -> Sequence[str]:
        tip = git.head() or ""
        there = committed if tip == base_commit else git.read(tip, state.staged_path)
        theirs = state.parse(there)
        merged = ours if tip == base_commit else merge(base, ours, theirs)
        if merged.empty:
            run.tools.files.delete(state.staged_path)
        elif there is not None and _same(merged, theirs):
            run.tools.files.write(state.staged_path, there)
        else:
            run.tools.files.write(state.staged_path, render(merged).encode())
        return [state.staged_path]

    return Chore(message or _message(ours), apply)


def _message(state: Pending) -> str:
    if state.empty:
        return "chore(release): clear pending stage registry [skip ci]"
    kind, listed = next(
        (kind, listed)
        for kind, listed in (("pending", state.pending), ("approved", state.approved), ("rejected", state.rejected))
        if listed
    )
    return f"chore(release): record {len(listed)} {kind} stage{'' if len(listed) == 1 else 's'} [skip ci]"


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
                + (
                    ""
                    if result.network
                    else " once the branch protection lets the release user push; or keep the release's state on a branch of its "
                    f'own: `state-branch = "{_STATE_BRANCH}"` under [release]'
                ),
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
        run.state.set_aside(pending_at(run, start), run.state.pending(), tip)
        git.move_to(tip)
        run.state.take_up()
    raise Failed(
        f"{remote}/{run.branch} moved on {_ATTEMPTS} times while the release's state was being pushed: {why}",
        code="PUSH_FAILED",
        hint="run again; the commits are kept here and nothing is lost",
    )
