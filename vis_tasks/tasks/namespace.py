"""The namespace that holds all tasks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.exceptions import Exit

from vis_tasks.tasks import changes, ci, config, desk, health, house, init, notify, prerelease, registry, rehearse
from vis_tasks.tasks.edge import nearest_root
from vis_tasks.tasks.targets import declared_targets, explain_task, target_task
from vis_tasks.tasks.words import know_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from vis_tasks.core.targets import Target
    from vis_tasks.services.run import Run

__all__ = ["release_namespace"]

_STANDARD = ("guard", "version", "pack", "wait", "reconcile", "tag", "release")


def release_namespace(
    root: str | PathLike[str] | None = None, *, targets: Iterable[Target[Run]] = (), name: str | None = None
) -> Collection:
    """The tasks of a release, for a ``tasks.py``.

    Args:
        root: the workspace root; without it, found upwards from the current folder.
        targets: targets of your own; each becomes a task too.
        name: the collection's name when it is mounted in another one.

    Example::

        from vis_tasks import Target, release_namespace

        ns = release_namespace(targets=[Target("build", needs=("version",), before=("pack",), run=build)])
    """
    extra = tuple(targets)
    ns = Collection(name) if name else Collection()
    for each in _STANDARD:
        ns.add_task(target_task(each, extra))
    for target in extra:
        from vis_tasks.core.targets import name_problem

        if (problem := name_problem(target.name)) is not None:
            raise Exit(f"error: the target {target.name!r} {problem[0]}; allowed: {problem[1]}", 2)
        ns.add_task(target_task(target.name, extra))
    ns.add_task(explain_task(extra))
    declared = declared_targets(Path(root) if root is not None else nearest_root(Path.cwd()), os.environ)
    for each, doc in declared.items():
        if each not in ns.task_names:
            ns.add_task(target_task(each, extra, doc))
    ns.add_collection(registry.collection(), name="registry")
    ns.add_collection(desk.collection(target_task("stage", extra)), name="stage")
    changes.add_to(ns)
    prerelease.add_to(ns)
    house.add_to(ns)
    rehearse.add_to(ns)
    init.add_to(ns)
    health.add_to(ns)
    ns.add_collection(notify.collection(), name="notify")
    ns.add_collection(ci.collection(), name="ci")
    config.add_to(ns)
    know_tasks(tuple(ns.task_names))
    if root is not None:
        ns.configure({"vis_tasks": {"root": str(root)}})
    ns.configure({"vis_tasks": {"targets": [target.name for target in extra]}})
    return ns
