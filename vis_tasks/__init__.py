"""Release manager for JavaScript monorepos on npm's staged publishing.

A user's ``tasks.py`` is two lines::

    from vis_tasks import release_namespace
    ns = release_namespace()

`vis_tasks.api` is the same without Invoke.
"""

from __future__ import annotations

from vis_tasks.__about__ import __version__

TYPE_CHECKING = False  # as `typing` has it, which takes longer to load than all that the binary needs to ask npm
if TYPE_CHECKING:
    from typing import Any

    from vis_tasks.api import open_repository
    from vis_tasks.core.targets import Target
    from vis_tasks.tasks.namespace import release_namespace

__all__ = ["Target", "__version__", "open_repository", "release_namespace"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``import vis_tasks`` costs next to nothing."""
    if name == "release_namespace":
        from vis_tasks.tasks.namespace import release_namespace

        return release_namespace
    if name == "Target":
        from vis_tasks.core.targets import Target

        return Target
    if name == "open_repository":
        from vis_tasks.api import open_repository

        return open_repository
    msg = f"module 'vis_tasks' has no attribute {name!r}"
    raise AttributeError(msg)
