"""All values of the CI templates, from the configuration and the workspace."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING

from vis_tasks.core.ci.context import Context, Pin, manager_for
from vis_tasks.core.ci.quoting import plain_folder
from vis_tasks.core.ci.split import places
from vis_tasks.services.release import STANDARD, graph_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.config.model import Config
    from vis_tasks.core.model import Workspace
    from vis_tasks.services.ci_files import CiTools
    from vis_tasks.services.ci_lock import Locks

__all__ = ["context_for"]

_AROUND_THE_WAIT = 30
_LOCK_FILES = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"),
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
    "bun": ("bun.lock", "bun.lockb"),
}


def context_for(
    config: Config, workspace: Workspace, tools: CiTools, locks: Locks, *, providers: Sequence[str]
) -> Context:
    """All values of the templates. Reads the lock files' names; for GitLab asks npm once for its registry.

    Args:
        config: the configuration.
        workspace: for the package manager.
        tools: the outside.
        locks: how jobs get vis-tasks.
        providers: that files are made for.

    Raises:
        vis_tasks.errors.UsageError: a folder that CI files can't name.
        vis_tasks.errors.Refused: a target of the user's that no job of the layout may run.
    """
    ci, release = config.ci, config.release
    at_root = workspace.root_package or next((each for each in workspace.packages if each.path == "."), None)
    declared = at_root.manifest.get("packageManager") if at_root else None
    locked = any(tools.root.read(name) is not None for name in _LOCK_FILES[workspace.manager])
    manager = manager_for(
        workspace.manager, declared if isinstance(declared, str) else "", tools.pins["managers"], locked=locked
    )
    folder = plain_folder(tools.prefix.rstrip("/"))
    dist = plain_folder(f"{release.changes_dir}/dist")
    stage = release.publish.stage
    detached = stage.enabled and stage.mode == "detached"
    own = places(graph_for(config), (target.name for target in STANDARD))
    if ci.layout == "split" or detached:
        own.demand_none_between()
    waiting = 0 if not stage.enabled or detached else math.ceil(stage.timeout.total_seconds() / 60)
    return Context(
        version=tools.version,
        template=max(map(int, tools.pins["notes"])),
        branches=(release.base_branch, *(name for name in release.channels if name != release.base_branch)),
        layout=ci.layout,
        node=ci.node,
        npm=ci.npm,
        manager=manager,
        install=_words(ci.install) or manager.install,
        build=_words(ci.build),
        folder=folder,
        dist=f"{folder}/{dist}" if folder else dist,
        dist_below=dist,
        trusted=ci.auth == "trusted",
        environment=ci.environment,
        runners=ci.runners,
        tags=ci.tags,
        image=ci.image,
        app=ci.app,
        detached=detached,
        schedule=ci.schedule,
        check=ci.check,
        comment=ci.comment,
        tool=locks.tool,
        check_tool=locks.check_tool,
        remote=release.remote,
        goals=own.packing,
        after=bool(own.after or release.hooks.after_tag),
        after_always=bool(own.after),
        minutes=waiting + _AROUND_THE_WAIT,
        audience=tools.audience() if "gitlab" in providers and ci.auth == "trusted" else "",
        actions={name: Pin(**pin) for name, pin in tools.pins["actions"].items()},
        tools=tools.pins["tools"],
    )


def _words(command: tuple[str, ...] | str) -> tuple[str, ...]:
    return tuple(shlex.split(command)) if isinstance(command, str) else command
