"""tag: an annotated tag for each live version of ours, at the commit its bytes were built from, and its forge release.

All new tags are pushed in one atomic push. A tag that exists elsewhere is an error, never moved; it stops its own package only.
In order means: no version is tagged before everything that it needs is live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.layers import layers
from vis_tasks.core.ranges import satisfies
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import Failed
from vis_tasks.services.commands import run_hook
from vis_tasks.services.forge_release import make_releases
from vis_tasks.services.origin import commit_that_brought
from vis_tasks.services.record import record
from vis_tasks.services.run import Outcome
from vis_tasks.services.tag_push import push_tags
from vis_tasks.services.tagging import Tagging
from vis_tasks.services.wave import find_wave, forget_wave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.core.targets import State
    from vis_tasks.services.run import Run

__all__ = ["look", "served_without", "tag"]

_OF_ONE_PACKAGE = {"TAG_EXISTS", "COMMIT_MISSING", "GIT_TAG"}


def look(run: Run) -> State:
    """Due when a live version of ours has no tag."""
    owed = find_wave(run).owed
    if not owed:
        return UpToDate("every live version of ours has its tag")
    return Due(f"{len(owed)} version(s) to tag", tuple(f"tag {run.tag_name(*entry.key)}" for entry in owed))


def tag(run: Run) -> None:
    """Tag, push, release on the forge, write the workspace changelog, drain staged.json.

    What is live and not fully done stays in staged.json's ``approved`` list, so that the next run goes on here. Where releases
    on a forge are to be made, that list is pushed with the tags: another machine goes on, too.

    Raises:
        vis_tasks.errors.Failed: ``TAG_EXISTS`` or ``COMMIT_MISSING`` after all others were tagged; ``PUSH_REFUSED``, after all
            but the branch was done where only that takes no pushes; or the forge's words.
    """
    run.forget("refs")
    owed = find_wave(run).owed
    ready = [entry for entry in _in_order(run, owed) if not _held(run, entry, owed)]
    work, troubles = _made_here(run, ready)
    new = [item for item in work if run.refs.tags.get(item.tag) != item.commit]
    refused = push_tags(run, work, new)
    run.report.tags.extend(item.tag for item in new)
    run.state.note(lambda journal: journal.add("pushed", *(item.tag for item in work)))
    for item in work:
        run.report.put(Outcome(item.entry.name, item.entry.version, "published", stage_id=item.entry.id))
    make_releases(run, work)
    if refused is None:
        _drain(run, work)
    forget_wave(run)
    if work and not run.handed_over:  # a job that was handed tarballs may publish: nothing of the repository runs in it
        run_hook(run, "after_tag")
    if refused is not None:
        raise refused
    if troubles:
        raise _all_of(troubles)


def _drain(run: Run, work: Sequence[Tagging]) -> None:
    """Done, and told: nobody needs these entries any more."""
    with run.state.together():
        for item in work:
            run.state.change(lambda state, item=item: state.tagged(*item.entry.key))  # type: ignore[misc]
    if work:
        record(run)


def _made_here(run: Run, ready: Sequence[Entry]) -> tuple[list[Tagging], list[Failed]]:
    """Make the tags in this repository; what can't be tagged keeps its place and stops nobody else."""
    work: list[Tagging] = []
    troubles: list[Failed] = []
    for entry in ready:
        try:
            item = _tagging(run, entry)
            if run.refs.tags.get(item.tag) != item.commit:
                run.tools.git.tag(item.tag, item.commit, _message(item))
        except Failed as error:
            if error.code not in _OF_ONE_PACKAGE:
                raise
            troubles.append(error)
            run.report.put(Outcome(entry.name, entry.version, "failed", error.message, stage_id=entry.id))
        else:
            work.append(item)
    return work, troubles


def _all_of(troubles: Sequence[Failed]) -> Failed:
    first = troubles[0]
    if len(troubles) == 1:
        return first
    lines = [line for error in troubles for line in (error.message, f"  {error.hint}")]
    return Failed(
        "\n".join([f"{len(troubles)} live version(s) got no tag:", *lines]),
        code=first.code,
        hint="mend what is named above and run again; the others are tagged",
    )


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
        if entry.integrity and _integrity(entry) in (git.remote_tag_words(run.release.remote, name) or "").splitlines():
            # Another machine of ours found it live first, and names another commit with the same sources.
            return Tagging(entry, name, there)
        raise Failed(
            f"the tag {name} exists on {run.release.remote} and points at {there[:12]}, not at {commit[:12]}",
            code="TAG_EXISTS",
            hint=f"vis-tasks never moves a tag. If it is wrong, delete it (`git push {run.release.remote} :refs/tags/{name}`), "
            "then run again",
        )
    return Tagging(entry, name, commit)


def _integrity(entry: Entry) -> str:
    """The line of a tag's words that names the bytes."""
    return f"Integrity: {entry.integrity}"


def _message(item: Tagging) -> str:
    lines = [item.entry.spec, ""]
    lines += [f"Stage-Id: {item.entry.id}"] if item.entry.id else []
    lines += [_integrity(item.entry)] if item.entry.integrity else []
    return "\n".join(lines).rstrip() + "\n"
