"""tag: an annotated tag for each live version of ours, at the commit its bytes were built from, and its forge release.

All new tags are pushed in one atomic push. A tag that exists elsewhere is an error, never moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.layers import layers
from vis_tasks.core.pending import Entry
from vis_tasks.core.ranges import satisfies
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed
from vis_tasks.services.commands import run_hook
from vis_tasks.services.forge_release import make_releases
from vis_tasks.services.origin import commit_that_brought
from vis_tasks.services.record import push_chores, record
from vis_tasks.services.run import Outcome
from vis_tasks.services.tagging import Tagging
from vis_tasks.services.wave import find_wave, forget_wave
from vis_tasks.services.workspace_changelog import CHANGELOG, RECORD_WAVE, changelog_chore, recorded_in

if TYPE_CHECKING:
    from vis_tasks.core.targets import State
    from vis_tasks.services.record import Chore
    from vis_tasks.services.run import Run

__all__ = ["look", "served_without", "tag"]


def look(run: Run) -> State:
    """Due when a live version of ours has no tag."""
    owed = find_wave(run).owed
    if not owed:
        if _released_last(run) and run.tools.forge() is not None:
            return Due("the last wave is recorded; its releases on the forge are looked at once more")
        return UpToDate("every live version of ours has its tag")
    return Due(f"{len(owed)} version(s) to tag", tuple(f"tag {run.tag_name(*entry.key)}" for entry in owed))


def tag(run: Run) -> None:
    """Tag, push, release on the forge, write the workspace changelog, drain staged.json.

    Raises:
        vis_tasks.errors.Failed: ``TAG_EXISTS``, ``COMMIT_MISSING``, ``PUSH_REFUSED`` or the forge's words. What is live
            and not fully done stays in staged.json's ``approved`` list, so that the next run goes on here.
    """
    run.forget("refs")
    last = _released_last(run)
    owed = find_wave(run).owed
    ready = [entry for entry in _in_order(run, owed) if not _held(run, entry, owed)]
    work = [_tagging(run, entry) for entry in ready]
    new = [item for item in work if run.refs.tags.get(item.tag) != item.commit]
    for item in new:
        run.tools.git.tag(item.tag, item.commit, _message(item))
    changelog = changelog_chore(run, work)
    if new:
        _push(run, new, changelog)
    elif changelog:
        push_chores(run, [changelog])
    run.report.tags.extend(item.tag for item in new)
    run.state.note(lambda journal: journal.add("pushed", *(item.tag for item in work)))
    for item in work:
        run.report.put(Outcome(item.entry.name, item.entry.version, "published", stage_id=item.entry.id))
    make_releases(run, [*work, *(item for item in last if item.tag not in {each.tag for each in work})])
    for item in work:
        run.state.change(lambda state, item=item: state.tagged(*item.entry.key))  # type: ignore[misc]
    if work:
        record(run)
    forget_wave(run)
    if work:
        run_hook(run, "after_tag")


def _released_last(run: Run) -> list[Tagging]:
    """The versions of the wave that HEAD records, tagged as they are.

    A run that is lost between the push of its tags and its forge releases leaves exactly this; on a fresh clone nothing else
    tells of it. Costs two or three git processes.
    """
    git, head = run.tools.git, run.tools.git.head()
    touching = git.commits_touching(CHANGELOG, limit=1)
    if head is None or touching != (head,) or git.read(f"{head}^", ".") is None:
        return []
    if [subject for _, subject in git.subjects(f"{head}^", head)] != [RECORD_WAVE]:
        return []
    found = []
    for spec in recorded_in(git.read(head, CHANGELOG), git.read(f"{head}^", CHANGELOG)):
        name, _, version = spec.rpartition("@")
        tag_name = run.tag_name(name, version)
        if tag_name in run.refs.tags:
            found.append(Tagging(Entry(name, version), tag_name, run.refs.tags[tag_name]))
    return found


def _in_order(run: Run, owed: tuple[Entry, ...]) -> list[Entry]:
    """Dependencies before dependents; packages that left the workspace come first."""
    by_name = {entry.name: entry for entry in owed}
    placed = [name for layer in layers(run.workspace, by_name) for name in layer]
    position = {name: number for number, name in enumerate(placed, 1)}
    return sorted(owed, key=lambda entry: (position.get(entry.name, 0), entry.version))


def _held(run: Run, entry: Entry, owed: tuple[Entry, ...]) -> bool:
    """A version whose dependency isn't live yet keeps its place: its tag would announce something that can't be installed."""
    package = run.workspace.by_name.get(entry.name)
    if package is None or package.version != entry.version:
        return False
    live_now = {(other.name, other.version) for other in owed}
    needs = []
    for pending in run.state.pending().pending:
        spec = package.table("dependencies").get(pending.name) or package.table("peerDependencies").get(pending.name)
        if spec is None or pending.key in live_now:
            continue
        if not served_without(run, pending, spec):
            needs.append(f"{pending.spec} ({pending.reason})")
    if needs:
        why = f"held: needs {', '.join(sorted(needs))}"
        run.report.put(Outcome(entry.name, entry.version, "held", why, stage_id=entry.id))
        run.tools.console.warning(f"{entry.spec} is live, but {why}; its tag is made once that is live")
    return bool(needs)


def served_without(run: Run, pending: Entry, spec: str) -> bool:
    """Whether a live version of the dependency fits the range: a tagged one, or the one that this wave replaced on disk."""
    range_ = spec.removeprefix("workspace:")
    if range_ in {"*", "^", "~"}:
        range_ = f"{'' if range_ == '*' else range_}{pending.version}"
    before, _, after = run.release.tag_pattern.replace("{name}", pending.name).partition("{version}")
    versions = [
        name[len(before) : len(name) - len(after)]
        for name in run.refs.tags
        if name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)
    ]
    step = run.state.journal().versioning if run.state.has_journal() else None
    versions += [step.releases[pending.name][0]] if step and pending.name in step.releases else []
    return any(satisfies(version, range_) for version in versions)


def _tagging(run: Run, entry: Entry) -> Tagging:
    name = run.tag_name(entry.name, entry.version)
    commit = entry.commit
    if commit is None:
        package = run.workspace.by_name.get(entry.name)
        commit = commit_that_brought(run, package) if package and package.version == entry.version else None
    if commit is None:
        raise Failed(
            f"no commit is recorded for {entry.spec}, and none in the history of {run.branch} brought it",
            code="COMMIT_MISSING",
            hint=f"tag it by hand (`git tag -a {name} <commit>`), push the tag, and run again",
        )
    git = run.tools.git
    if not git.has_commit(commit) and not git.fetch_commit(run.release.remote, commit):
        raise Failed(
            f"{entry.spec} was built from {commit[:12]}, which is neither here nor on {run.release.remote}",
            code="COMMIT_MISSING",
            hint="fetch the branch that holds it, then run again",
        )
    there = run.refs.tags.get(name)
    if there is not None and there != commit:
        raise Failed(
            f"the tag {name} exists on {run.release.remote} and points at {there[:12]}, not at {commit[:12]}",
            code="TAG_EXISTS",
            hint=f"vis-tasks never moves a tag. If it is wrong, delete it (`git push {run.release.remote} :refs/tags/{name}`), "
            "then run again",
        )
    return Tagging(entry, name, commit)


def _message(item: Tagging) -> str:
    lines = [item.entry.spec, ""]
    lines += [f"Stage-Id: {item.entry.id}"] if item.entry.id else []
    lines += [f"Integrity: {item.entry.integrity}"] if item.entry.integrity else []
    return "\n".join(lines).rstrip() + "\n"


def _push(run: Run, new: list[Tagging], changelog: Chore | None) -> None:
    """Tags and the wave's changelog commit arrive together or not at all; a branch that takes no commits gets the tags alone."""
    run.state.note(lambda journal: journal.add("tagged", *(item.tag for item in new)))
    refspecs = [f"refs/tags/{item.tag}:refs/tags/{item.tag}" for item in new]
    refused: Failed | None = None
    if changelog is not None or _ahead(run):
        try:
            push_chores(run, [changelog] if changelog else [], along=refspecs)
            return
        except Failed as error:
            refused = error
    result = run.tools.git.push(run.release.remote, refspecs, atomic=True)
    run.forget("refs")
    if not isinstance(result, Pushed):
        raise Failed(
            f"{run.release.remote} did not take the tags: {result.why}",
            code="PUSH_REFUSED",
            hint="let the release user push tags, then run again: the versions are live and keep their place in staged.json",
            details={"tags": [item.tag for item in new]},
        )
    if refused is not None:
        run.report.tags.extend(item.tag for item in new)
        raise refused


def _ahead(run: Run) -> bool:
    """Whether a killed run left commits here that the remote lacks."""
    head, there = run.tools.git.head() or "", run.refs.branch
    return (
        there not in {None, head}
        and run.tools.git.has_commit(there or "")
        and run.tools.git.contains(there or "", head)
    )
