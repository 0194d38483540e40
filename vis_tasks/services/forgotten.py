"""Stages of ours that staged.json has no word of: found in the registry's list, and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.pending import Entry
from vis_tasks.core.selection import managed
from vis_tasks.services.origin import commit_of_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.model import Package
    from vis_tasks.ports import StageList, StageRecord
    from vis_tasks.services.run import Run

__all__ = ["adopt", "take_up_forgotten"]


def take_up_forgotten(run: Run, lists: Mapping[str, StageList]) -> None:
    """Write down what is staged of versions that the workspace has left behind.

    A machine that was lost between an upload and its note, while another one versioned the same package on, leaves a stage that
    nobody would wait for, and a live version without a tag once somebody approves it. Only what a release commit of this history
    brought is ours.

    Costs nothing where every stage is of a version on disk, tagged or written down, as after every run that ended; else two or
    three git processes for each that isn't.

    Args:
        run: the run.
        lists: what is staged, by registry; one that can't be read is left out.
    """
    packages = {package.name: package for package in managed(run.workspace, run.release)}
    for url, listed in lists.items():
        for record in listed.records:
            package = packages.get(record.name)
            if package is None or not _is_open(run, url, package, record.version):
                continue
            commit = commit_of_release(run, package, record.version)
            if commit is not None:
                adopt(run, record, commit)


def _is_open(run: Run, url: str, package: Package, version: str) -> bool:
    """Of a package that goes to this registry, and neither on disk, nor written down, nor tagged."""
    if package.version == version or run.npm.url_for(package.name, package.manifest) != url:
        return False
    return (
        not run.state.pending().knows(package.name, version)
        and run.tag_name(package.name, version) not in run.refs.tags
    )


def adopt(run: Run, record: StageRecord, commit: str | None) -> None:
    """Write a stage down that a run which was lost left no note of; only tells when the run is to show its plan."""
    run.tools.console.detail(f"{record.name}@{record.version} is staged, and a run that was lost left no note of it")
    if run.plan_only:
        return
    entry = Entry(
        record.name,
        record.version,
        id=record.id,
        tag=record.tag or "latest",
        reason="waiting",
        staged_at=record.created_at,
        shasum=record.shasum,
        commit=commit,
    )
    run.state.change(lambda state: state.put(entry))
