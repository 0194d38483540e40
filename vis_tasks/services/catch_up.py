"""Onto a remote branch that moved on: staged.json is merged, and commits of ours that never arrived are made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.patterns import regex
from vis_tasks.records import replace

if TYPE_CHECKING:
    from vis_tasks.core.pending import Pending
    from vis_tasks.core.wave import Journal
    from vis_tasks.services.run import Run

__all__ = ["is_chore", "only_ours", "pending_at", "replay_onto", "undo_half_a_move"]

_CHORE = regex(r"chore\(release\): (record|clear|approve|reject|restage|drop) .*\[skip ci\]")


def is_chore(subject: str) -> bool:
    """Whether a commit's subject is one of our chores: they change staged.json or the workspace changelog alone."""
    return _CHORE.fullmatch(subject) is not None


def pending_at(run: Run, commit: str) -> Pending:
    """staged.json as a commit has it."""
    return run.state.parse(run.tools.git.read(commit, run.state.staged_path))


def only_ours(run: Run, tip: str) -> bool:
    """Whether all that HEAD has and the remote's tip lacks are commits of a release that was cut short."""
    commits = run.tools.git.subjects(tip, run.tools.git.head() or "HEAD")
    version = _unpushed_version(run)
    return all(commit == version or is_chore(subject) for commit, subject in commits)


def replay_onto(run: Run, tip: str) -> None:
    """Move the branch to ``tip``; what we know goes along, what we committed and never pushed is done again by its target.

    staged.json is merged by version. Both sides of the merge stand in the journal while the tree changes, so a kill in the
    middle loses nothing: `StateFiles.take_up` ends what was begun.
    """
    git, state = run.tools.git, run.state
    head = git.head() or ""
    mine = git.subjects(tip, head)
    base = f"{mine[-1][0]}^" if mine else head
    version = _unpushed_version(run)
    state.set_aside(pending_at(run, base), state.pending(), tip)
    state.gather()
    git.reset(head, [state.committed_path])  # a kill before its commit may have left it in the index, too
    git.move_to(tip)
    state.take_up()
    if mine and state.has_journal():
        state.note(lambda journal: _undone(journal, whole_version=any(commit == version for commit, _ in mine)))
    run.forget("workspace", "changes", "plan", "_wave")


def undo_half_a_move(run: Run) -> None:
    """Take back the files that a git killed while it moved the tree had written already: they are as that commit has them.

    Whatever is otherwise stays as it is. A few git processes, only where a move was cut off.
    """
    git, tip = run.tools.git, run.state.moving_to()
    head = git.head() if tip else None
    if tip is None or head is None or head == tip or not git.has_commit(tip):
        return
    prefix = git.prefix()
    dirty = [path.removeprefix(prefix) for path in git.dirty() if path.startswith(prefix)]
    dirty = [path for path in dirty if path != run.state.staged_path and "\n" not in path and not _is_folder(run, path)]
    brought = git.read_many([(tip, path) for path in dirty]) if dirty else iter(())
    half = [path for path, there in zip(dirty, brought, strict=True) if there == run.tools.files.read(path)]
    if half:
        git.reset(head, half)
        run.tools.console.detail(f"took back {len(half)} file(s) of a move to {tip[:12]} that was cut off")


def _is_folder(run: Run, path: str) -> bool:
    """A submodule, or a repository inside this one, stands among the files."""
    return run.tools.root.joinpath(path).is_dir()


def _unpushed_version(run: Run) -> str | None:
    step = run.state.journal().versioning if run.state.has_journal() else None
    return step.commit if step and not step.pushed else None


def _undone(journal: Journal, *, whole_version: bool) -> Journal:
    """The journal without what lay in the commits that were left behind; an entry that is there already is not written twice."""
    if whole_version and journal.versioning:
        specs = {f"{name}@{new}" for name, (_, new) in journal.versioning.releases.items()}
        journal = replace(
            journal, versioning=None, applied=tuple(each for each in journal.applied if each not in specs)
        )
    return replace(journal, changelog=())
