"""guard: refuse before anything is touched. Checks only what the targets on the way to the goal will need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import Refused
from vis_tasks.records import replace
from vis_tasks.services.catch_up import only_ours, replay_onto, undo_half_a_move
from vis_tasks.services.forgotten import take_up_forgotten
from vis_tasks.services.guard_registry import check_registry
from vis_tasks.services.hand_over import manifest_digest
from vis_tasks.services.left_behind import tell_left_behind
from vis_tasks.services.planning.snapshot import managed_snapshots, refuse_snapshots
from vis_tasks.services.stage_guard import check_pending_stages
from vis_tasks.services.state import is_temporary
from vis_tasks.services.tag_names import check_tag_names
from vis_tasks.services.unfinished import check_unfinished
from vis_tasks.services.version import recover
from vis_tasks.services.workspace_changelog import CHANGELOG, take_back_half

if TYPE_CHECKING:
    from vis_tasks.services.run import Run

__all__ = ["guard"]

_PATIENCE = 4
_MOMENT = 0.5


def guard(run: Run) -> None:
    """Refuse what can't end well: no repository, dirty tree, wrong branch, npm or credentials unfit, pending stages in the way.

    Costs seven or eight git processes and one ``ls-remote``; when uploads lie ahead also one npm process and two requests.

    Raises:
        vis_tasks.errors.Refused: with what is in the way and the way out. Nothing was changed, except that versions found
            to be approved in the meantime were moved to ``approved`` in staged.json, and stages nobody knew of added to it.
    """
    check_repository(run)
    check_under_way(run)
    if not run.plan_only:
        check_locks(run)
        undo_half_a_move(run)
        run.state.take_up()
        run.state.gather()
        take_back_half(run)
    run.state.pending()
    check_tag_names(run)
    if run.reach & {"stage"}:
        check_branch(run)
        refuse_snapshots(managed_snapshots(run))
    check_tree(run)
    if "version" in run.reach and not run.plan_only:
        recover(run)
    check_remote(run)
    if run.reach & {"stage"} and (not run.handed_over or manifest_digest(run)):
        take_up_forgotten(run, check_registry(run))
        tell_left_behind(run)
    if "version" in run.reach and not run.handed_over and run.plan.releases:
        check_unfinished(run)
        _check_pending_stages(run)
    run.guarded = True


def _check_pending_stages(run: Run) -> None:
    """Who only asks for decisions and tags gets them, though new versions have to wait for what is pending."""
    try:
        check_pending_stages(run)
    except Refused as refusal:
        if "release" in run.reach or not run.reach & {"wait", "reconcile", "tag"}:
            raise
        run.tools.console.warning(f"{refusal.message}\nNothing new is versioned in this run.")
        run.versions_wait = True
        run.forget("plan")


def check_repository(run: Run) -> None:
    """There is a git repository with a commit, a whole history, and someone to commit as."""
    git = run.tools.git
    if not git.is_repository():
        raise Refused(
            f"{run.tools.root} is not in a git repository",
            code="NO_REPOSITORY",
            hint="run this inside the repository that holds your packages, or `git init` one",
        )
    if git.head() is None:
        raise Refused("the repository has no commit yet", code="NO_COMMIT", hint="commit your packages first")
    if git.is_shallow():
        raise Refused(
            "this is a shallow clone: the commits that versions came from may be missing",
            code="SHALLOW",
            hint="fetch the whole history: `git fetch --unshallow` (actions/checkout: `fetch-depth: 0`; GitLab: GIT_DEPTH: 0)",
        )
    if git.identity() is None:
        raise Refused(
            "git does not know who you are, so it would refuse to commit",
            code="NO_IDENTITY",
            hint='git config user.name "…" and git config user.email "…"',
        )


def check_locks(run: Run) -> None:
    """No lock of git's is in the way: better now than after the uploads. One process; a git at work has a few seconds to end."""
    git = run.tools.git
    found = git.locks()
    for _ in range(_PATIENCE):
        if not found:
            return
        run.tools.clock.sleep(_MOMENT)
        found = git.locks()
    users = git.users()
    who = f"git is at work here (process {', '.join(map(str, users))})" if users else "perhaps a killed git left it"
    raise Refused(
        f"git is locked in this checkout by {', '.join(found)}; {who}",
        code="GIT_LOCKED",
        hint="wait until no git is at work here (an open commit message counts); if a lock is still there then, delete it "
        "and run again",
        details={"paths": list(found), "processes": list(users)},
    )


def check_under_way(run: Run) -> None:
    """No merge, rebase, cherry-pick or revert is half-done: git would take our commits for a part of it."""
    begun = run.tools.git.under_way()
    if begun:
        raise Refused(
            f"`git {begun}` is under way in this checkout",
            code="GIT_UNDER_WAY",
            hint=f"`git {begun} --continue` ends it, `git {begun} --abort` takes it back; then run again",
        )


def check_branch(run: Run) -> None:
    """We stand on a branch that releases. Versioning alone may be done on any branch, for a pull request."""
    branch = run.tools.git.branch()
    allowed = (run.release.base_branch, *run.release.channels)
    if branch is None:
        raise Refused(
            "HEAD is detached and no CI variable names the branch",
            code="NO_BRANCH",
            hint=f"check out a release branch: {', '.join(allowed)}",
        )
    if branch not in allowed:
        raise Refused(
            f"the branch {branch} does not release",
            code="WRONG_BRANCH",
            hint=f"release branches are: {', '.join(allowed)}; see base-branch and [release.channels] in vis.toml",
        )


def check_tree(run: Run) -> None:
    """Nothing uncommitted but our own state files (and what a killed version step left, which `version` takes back)."""
    prefix = run.tools.git.prefix()
    own = tuple(prefix + path for path in run.state.own_paths)
    step = run.state.journal().versioning if run.state.has_journal() else None
    ours = {prefix + path for path in step.files} if step and step.commit is None else set()
    if run.state.has_journal() and run.state.journal().tagged:
        ours.add(prefix + CHANGELOG)  # a killed `tag` may have written it; the next one commits it
    foreign = [path for path in run.tools.git.dirty() if path not in ours and not _below(path, own)]
    at_work = run.state.journal().at_work if run.state.has_journal() else ""
    if at_work and not foreign and not ours and not run.plan_only:
        run.state.note(lambda journal: replace(journal, at_work=""))
    if foreign:
        shown = "\n".join(f"  {path}" for path in foreign[:10])
        more = f"\n  … and {len(foreign) - 10} more" if len(foreign) > 10 else ""
        raise Refused(
            f"the working tree has uncommitted changes:\n{shown}{more}"
            + (f"\nThe last run here ended in {at_work}, on a tree that was clean before." if at_work else ""),
            code="DIRTY_TREE",
            hint=f"if they are what {at_work} left half-done, take them back (`git stash --include-untracked` keeps a copy), "
            "else commit them; then run again"
            if at_work
            else "commit or stash them (or add them to .gitignore), then run again",
            details={"paths": foreign, **({"atWork": at_work} if at_work else {})},
        )


def _below(path: str, own: tuple[str, ...]) -> bool:
    return is_temporary(path) or any(path == mine or (mine.endswith("/") and path.startswith(mine)) for mine in own)


def check_remote(run: Run) -> None:
    """The remote answers, has the branch, and has nothing that we lack.

    A checkout that is behind is brought up to date on CI, and wherever staged.json has uncommitted changes: git could not pull.
    """
    git, remote = run.tools.git, run.release.remote
    if git.remote_url(remote) is None:
        raise Refused(
            f"there is no git remote named {remote}",
            code="NO_REMOTE",
            hint=f"git remote add {remote} <address>, or set `remote` under [release] in vis.toml",
        )
    there = run.refs.branch
    head = git.head() or ""
    if there is None or there == head:
        return
    if git.has_commit(there) and git.contains(there, head):
        return
    fetched = git.fetch(remote, run.branch) or there
    behind = git.contains(head, fetched)
    if not run.plan_only and (run.tools.env.get("CI") or _unsaved(run, head) if behind else only_ours(run, fetched)):
        replay_onto(run, fetched)
        how = "fast-forwarded" if behind else "unpushed release commits are made again"
        run.tools.console.detail(f"{run.branch} had moved on to {fetched[:12]}: {how}")
        return
    raise Refused(
        f"{remote}/{run.branch} has commits that this checkout lacks"
        + ("" if behind else ", and lacks commits of yours"),
        code="BEHIND",
        hint=f"git pull {'--ff-only' if behind else '--rebase'} {remote} {run.branch}, then run again",
    )


def _unsaved(run: Run, head: str) -> bool:
    """Whether staged.json holds what isn't committed: then git would refuse to pull, or merge it by text."""
    path = run.state.committed_path
    return run.tools.git.read(head, path) != run.tools.files.read(path)
