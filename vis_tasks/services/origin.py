"""Where a version came from: which commit brought it, and whether a release of ours did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vis_tasks.services.catch_up import is_chore
from vis_tasks.threads import Crew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.model import Package
    from vis_tasks.services.run import Run

__all__ = [
    "begin_built_from",
    "built_from",
    "commit_of_release",
    "commit_that_brought",
    "commits_that_brought",
    "is_ours",
    "ours_among",
    "source_of",
]

_HISTORY = 200


def commit_that_brought(run: Run, package: Package) -> str | None:
    """As `commits_that_brought`, for one package."""
    return commits_that_brought(run, [package]).get(package.name)


def commits_that_brought(run: Run, packages: Sequence[Package]) -> dict[str, str]:
    """By name, the oldest commit, in an unbroken run back from HEAD, whose package.json has the present version.

    Two git processes in all, however many packages: a ``git log`` and a ``git cat-file``. A package whose present version isn't
    committed is left out.
    """
    paths = [package.manifest_path for package in packages]
    history = run.tools.git.history_of(paths, limit=_HISTORY) if paths else {}
    wanted = [(commit, path) for path in paths for commit in history.get(path, ())]
    contents = dict(zip(wanted, run.tools.git.read_many(wanted), strict=True)) if wanted else {}
    found = {}
    for package in packages:
        path = package.manifest_path
        for commit in history.get(path, ()):
            if _version(contents[commit, path]) != package.version:
                break
            found[package.name] = commit
    return found


def commit_of_release(run: Run, package: Package, version: str) -> str | None:
    """The release commit that brought an earlier version of a package; None when no release in this history did.

    Two git processes, and one more where there is such a commit.
    """
    path = package.manifest_path
    wanted = [(commit, path) for commit in run.tools.git.history_of([path], limit=_HISTORY).get(path, ())]
    found = None
    for (commit, _), content in zip(wanted, run.tools.git.read_many(wanted), strict=True) if wanted else ():
        if _version(content) == version:
            found = commit
        elif found:
            break
    return found if found and _used_up_changes(run, found) else None


def built_from(run: Run, packed: Sequence[tuple[Package, str]]) -> dict[str, str]:
    """By name, the commit to tag for bytes that were packed at a commit: our own chores on top changed nothing in them.

    So a wave that is taken up after ``chore(release): record …`` is tagged where it would have been without the interruption.
    Free right after the version step; else two git processes, and one more for each commit that brought some of them.

    Args:
        run: the run.
        packed: packages, each with the commit its tarball was packed at.
    """
    begun = run.__dict__.pop("_origins", None)
    known = begun.of(0) if begun else {}
    found = {package.name: known[package, commit] for package, commit in packed if (package, commit) in known}
    return found | _built_from(run, [each for each in packed if each not in known])


def begin_built_from(run: Run, packed: Sequence[tuple[Package, str]]) -> None:
    """Begin to find out what the next `built_from` will be asked, while something else is waited for."""

    def ask(asked: Sequence[tuple[Package, str]]) -> dict[tuple[Package, str], str]:
        found = _built_from(run, asked)
        return {(package, commit): found[package.name] for package, commit in asked}

    run.__dict__["_origins"] = crew = Crew(ask, [packed], 1)
    crew.begin()


def _built_from(run: Run, packed: Sequence[tuple[Package, str]]) -> dict[str, str]:
    if not packed:
        return {}
    step = run.state.journal().versioning if run.state.has_journal() else None
    here = {package.name: commit for package, commit in packed}
    asked = [package for package, commit in packed if step is None or step.commit != commit]
    brought = commits_that_brought(run, asked)
    spans: dict[tuple[str, str], str] = {}
    for name, start in brought.items():
        span = (start, here[name])
        if start != here[name] and span not in spans:
            since = run.tools.git.subjects(*span)
            spans[span] = next((each for each, subject in since if not is_chore(subject)), start)
        here[name] = spans.get(span, here[name])
    return here


def source_of(run: Run, package: Package, *, packed_at: str | None) -> str | None:
    """The commit to tag for a live version that nothing remembers: the one that brought it, or where the same bytes were packed.

    A run that was lost may have built it from later code: the package's own files tell, and what was packed here is proof. Costs
    three git processes, and three more where its files have changed since.

    Args:
        run: the run.
        package: at the version that is live.
        packed_at: the commit at which the same bytes were packed here; None when they were not.
    """
    brought = commit_that_brought(run, package)
    if packed_at is None or run.tools.git.commits_touching(package.path, limit=1) == (brought,):
        return brought
    return built_from(run, [(package, packed_at)])[package.name]


def is_ours(run: Run, package: Package) -> bool:
    """As `ours_among`, for one package."""
    return bool(ours_among(run, [package]))


def ours_among(run: Run, packages: Sequence[Package]) -> tuple[Package, ...]:
    """Those whose version was brought by a release: the journal says so, or its commit used up change files.

    Two git processes in all, however many packages, and one more for each commit that brought some of them.
    """
    noted: set[str] = set()
    if run.state.has_journal():
        journal = run.state.journal()
        noted = {*journal.intents, *journal.applied, *journal.published}
    asked = [package for package in packages if f"{package.name}@{package.version}" not in noted]
    brought = commits_that_brought(run, asked)
    releases = {commit for commit in set(brought.values()) if _used_up_changes(run, commit)}
    names = {package.name for package in packages} - {package.name for package in asked}
    names |= {name for name, commit in brought.items() if commit in releases}
    return tuple(package for package in packages if package.name in names)


def _used_up_changes(run: Run, commit: str) -> bool:
    return any(path.endswith(".md") for path in run.tools.git.removed_in(commit, run.release.changes_dir))


def _version(content: bytes | None) -> str | None:
    if content is None:
        return None
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except ValueError:
        return None
    return str(data.get("version")) if isinstance(data, dict) else None
