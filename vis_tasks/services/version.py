"""version: from change files to one pushed version commit.

Intent is journalled before the first byte is written, so that a killed step is taken back by the next run and done again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.edits import FileEdit
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.core.wave import Versioning
from vis_tasks.errors import Failed, Refused
from vis_tasks.ports import Pushed, PushRefused, PushStale
from vis_tasks.records import replace
from vis_tasks.services.commands import run_hook
from vis_tasks.services.dist import sha256
from vis_tasks.services.left_behind import RELEASED
from vis_tasks.services.state import is_temporary
from vis_tasks.services.wave_on_branch import with_waves_of_branch
from vis_tasks.services.workspace_changelog import CHANGELOG
from vis_tasks.services.write_edits import write_edits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.model import Plan
    from vis_tasks.core.targets import State
    from vis_tasks.services.run import Run

__all__ = ["look", "planned_lines", "version"]


def look(run: Run) -> State:
    """Due when there are change files, when a step was interrupted, or when commits aren't on the remote yet."""
    step = run.state.journal().versioning if run.state.has_journal() else None
    if step and step.commit is None:
        return Due("an earlier version step was interrupted; it is taken back and done again")
    if _to_write(run):
        lines = planned_lines(run.plan)
        count = len(run.plan.releases)
        return Due(f"{len(run.plan.changes)} change file(s), {count} package(s) to version", lines)
    if _unpushed(run):
        return Due(f"the branch {run.branch} has commits that {run.release.remote} lacks", ("push them",))
    return UpToDate("no change files")


def _to_write(run: Run) -> bool:
    """Whether the plan does anything: change files may stay behind unused, and leaving a prerelease line needs none."""
    return bool(run.plan.releases or run.plan.changes)


def planned_lines(plan: Plan) -> tuple[str, ...]:
    """One line per planned release."""
    return tuple(f"{release.name} {release.old} → {release.new} ({release.level})" for release in plan.releases)


def version(run: Run) -> None:
    """Write the planned versions, ranges, changelogs and lock file, remove the change files, commit, push.

    Raises:
        vis_tasks.errors.Refused: code ``REMOTE_MOVED``; somebody pushed first. The tree is back to where it was.
        vis_tasks.errors.Failed: the push was refused or the network failed.
    """
    recover(run)
    if _to_write(run):
        _write_and_commit(run)
    if _unpushed(run):
        _push(run)
    run.forget("workspace", "changes", "plan", "refs")


def recover(run: Run) -> None:
    """Take back what a killed version step left behind: its own files only, and only as it would have written them."""
    if not run.state.has_journal():
        return
    step = run.state.journal().versioning
    if step is None or step.commit is not None:
        return
    git = run.tools.git
    head = git.head() or step.base
    prefix, dirty = git.prefix(), set(git.dirty())
    for path in dirty:
        if path.startswith(prefix) and _is_half_of(step, path.removeprefix(prefix)):
            run.tools.files.delete(path.removeprefix(prefix))
    if head != step.base and _is_in(run, step, head):
        # Killed between the commit and its note, or another machine made the same commit: it is there.
        _note(run, replace(step, commit=head))
        return
    for path, planned in step.files.items():
        now = run.tools.files.read(path)
        if planned and now and prefix + path in dirty and sha256(now) != planned:
            at_work = run.state.journal().at_work
            raise Refused(
                f"a version step was interrupted{f' in {at_work}' if at_work else ''}, and {path} has been edited since"
                f"{', by that or by you' if at_work else ''}",
                code="EDITED_SINCE",
                hint=f"save your edit elsewhere, `git checkout HEAD -- {path}`, then run again",
            )
    git.reset(head, sorted(step.files))
    run.state.note(lambda journal: replace(journal, versioning=None))
    run.forget("workspace", "changes", "plan")
    run.tools.console.detail("took back an interrupted version step")


def _is_half_of(step: Versioning, path: str) -> bool:
    """Whether a file is what a kill left of writing one of the step's: packing would take it along."""
    folder, slash, name = path.rpartition("/")
    whole = name.removeprefix(".").rsplit(".", 2)[0]
    return is_temporary(path) and f"{folder}{slash}{whole}" in step.files


def _is_in(run: Run, step: Versioning, commit: str) -> bool:
    """Whether a commit holds the step's files as they were planned."""
    for path, planned in step.files.items():
        content = run.tools.git.read(commit, path)
        if planned and (content is None or sha256(content) != planned):
            return False
        if planned is None and content is not None and path.startswith(f"{run.release.changes_dir}/"):
            return False
    return True


def _write_and_commit(run: Run) -> None:
    git = run.tools.git
    base = git.head() or ""
    plan = run.plan
    run_hook(run, "before_version")
    edits = list(run.tools.plan_edits(run.workspace, plan))
    if (waves := with_waves_of_branch(run)) is not None:
        edits.append(FileEdit(CHANGELOG, waves))
    planned: dict[str, str | None] = {
        edit.path: None if edit.content is None else sha256(edit.content) for edit in edits
    }
    releases = {release.name: (release.old, release.new) for release in plan.releases}
    written = {**planned, **_lockfiles(run)}
    if run.release.hooks.before_version:
        written = {**dict.fromkeys(_others(run)), **written}
    _note(run, Versioning(base=base, files=written, releases=releases))
    write_edits(run.tools.files, edits)
    locked = run.tools.refresh_lockfile(run.workspace)
    run.forget("workspace")
    run_hook(run, "after_version")
    others = _others(run)
    if not others <= written.keys():
        _note(run, Versioning(base=base, files={**dict.fromkeys(others), **written}, releases=releases))
    paths = sorted({*planned, *locked, *others})
    commit = git.commit(paths, _message(plan))
    if commit is None:
        raise Failed("there was nothing to commit after versioning", code="NOTHING_WRITTEN")
    run.report.versioned.update(releases)
    run.report.commits.append(commit)
    _note(run, Versioning(base=base, files=dict.fromkeys(paths), releases=releases, commit=commit))
    specs = [f"{name}@{new}" for name, (_, new) in releases.items()]
    run.state.note(lambda journal: journal.add("applied", *specs))
    for line in planned_lines(plan):
        run.tools.console.success(line)


def _lockfiles(run: Run) -> Mapping[str, None]:
    names = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb")
    return {name: None for name in names if run.tools.files.read(name) is not None}


def _others(run: Run) -> set[str]:
    """What a hook changed besides: the tree was clean before."""
    prefix = run.tools.git.prefix()
    own = run.state.own_paths
    inside = (path.removeprefix(prefix) for path in run.tools.git.dirty() if path.startswith(prefix))
    return {path for path in inside if not path.startswith(own) and not is_temporary(path)}


def _message(plan: Plan) -> str:
    """The version commit's message. No ``[skip ci]``: a tag on a commit that carries it would skip tag pipelines too."""
    count = len(plan.releases)
    lines = [f"chore(release): version {count} package{'' if count == 1 else 's'}", ""]
    lines += [f"- {release.name} {release.old} → {release.new}" for release in plan.releases]
    lines += ["", *(f"{RELEASED}: {release.name}@{release.new}" for release in plan.releases)]
    return "\n".join(lines) + "\n"


def _note(run: Run, step: Versioning) -> None:
    run.state.note(lambda journal: replace(journal, versioning=step))


def _unpushed(run: Run) -> bool:
    head = run.tools.git.head()
    return head is not None and run.refs.branch != head and not (run.refs.branch and _behind(run, head))


def _behind(run: Run, head: str) -> bool:
    there = run.refs.branch
    return bool(there and run.tools.git.has_commit(there) and run.tools.git.contains(head, there))


def _push(run: Run) -> None:
    result = run.tools.git.push(run.release.remote, [f"HEAD:refs/heads/{run.branch}"])
    run.forget("refs")
    step = run.state.journal().versioning if run.state.has_journal() else None
    if isinstance(result, Pushed):
        if step and step.commit:
            _note(run, replace(step, pushed=True))
        return
    network = isinstance(result, PushRefused) and result.network
    if step and step.commit == run.tools.git.head() and not network:
        # From here on it is a step to take back, should this be cut off.
        run.state.note(lambda journal: replace(journal, versioning=replace(step, commit=None), applied=()))
        run.tools.git.reset(step.base, sorted(step.files))
        run.state.note(lambda journal: replace(journal, versioning=None))
        run.report.versioned.clear()
        run.forget("workspace", "changes", "plan")
        if not run.state.journal().intents and not run.state.pending().pending:
            run.state.close_journal()
    raise _push_error(run, result)


def _push_error(run: Run, result: PushStale | PushRefused) -> Refused | Failed:
    where = f"{run.release.remote}/{run.branch}"
    if isinstance(result, PushStale):
        return Refused(
            f"{where} moved on while this release was being versioned; nothing was released and your tree is as it was",
            code="REMOTE_MOVED",
            hint=f"git pull --ff-only {run.release.remote} {run.branch}, then run again",
        )
    if result.network:
        return Failed(
            f"the version commit could not be pushed to {where}: {result.why}",
            code="PUSH_FAILED",
            hint="the commit is kept; run again when the remote is reachable",
        )
    return Failed(
        f"{where} refused the version commit; nothing was released and your tree is as it was\n{result.why}",
        code="PUSH_REFUSED",
        hint="let the release user push to the branch (a bypass in its protection), or version in a pull request: "
        "`invoke version` on a branch of its own, merge, then `invoke release`",
    )
