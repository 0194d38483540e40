"""``stage`` and, below it, what a maintainer does with staged versions: list, approve, reject."""

from __future__ import annotations

from typing import Any

from invoke.collection import Collection
from invoke.tasks import Task

__all__ = ["collection"]


def collection(stage: Task[Any]) -> Collection:
    """The collection ``stage``: the target itself is its default task."""
    ns = Collection("stage")
    ns.add_task(stage, default=True)
    return ns
