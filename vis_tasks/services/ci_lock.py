"""How CI jobs get vis-tasks: from a requirements file with hashes where one can be made, else by version alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.ci.context import Install
from vis_tasks.core.ci.keep import Fate, Planned
from vis_tasks.core.ci.lock import CHECK_LOCK, LOCK, is_made, locked_for, with_extra, with_lock_header
from vis_tasks.errors import Failed
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from vis_tasks.config.model import CiConfig
    from vis_tasks.ports import Files

__all__ = ["Locks", "plan_locks"]


@dataclass(frozen=True)
class Locks:
    """What becomes of the requirements files.

    Attributes:
        tool: vis-tasks for the jobs of a release.
        check_tool: for the check of pull requests.
        planned: the files, from the workspace root.
        trouble: why jobs are told a version only, in one line; empty when they aren't, or when nobody wanted more.
    """

    tool: Install
    check_tool: Install
    planned: tuple[Planned, ...]
    trouble: str = ""


def plan_locks(
    ci: CiConfig, version: str, files: Files, lock: Callable[[str], str] | None, *, anew: bool = False
) -> Locks:
    """Decide how jobs install vis-tasks. Nothing is written.

    A file is used when it was made for the very requirement that is wanted; so the answer is the same on every machine that has
    the same files, whether or not a lock could be made there.

    Args:
        ci: ``[ci]``.
        version: of vis-tasks.
        files: below the workspace root.
        lock: resolves a requirement to lines with hashes (one process, some requests); None to take what is there.
        anew: resolve although the files are current.
    """
    requirement = ci.vis_tasks or f"vis-tasks=={version}"
    wanted = {LOCK: requirement} | ({CHECK_LOCK: with_extra(requirement, "ci")} if ci.check else {})
    if ci.requirements or not ci.lock:
        given = {path: Install(file=ci.requirements) if ci.requirements else Install(it) for path, it in wanted.items()}
        return Locks(given[LOCK], given.get(CHECK_LOCK, given[LOCK]), _unwanted(files))
    planned: list[Planned] = []
    installs: dict[str, Install] = {}
    trouble = ""
    for path, each in wanted.items():
        before = _text(files, path)
        after = before if locked_for(before, each) else None
        if lock and (anew or after is None) and not trouble:
            try:
                after = with_lock_header(each, lock(each))
            except Failed as error:
                trouble = error.message.splitlines()[0]
        installs[path] = Install(file=path) if after else Install(each)
        planned += _fate(path, before, after)
    planned += [plan for plan in _unwanted(files) if plan.path not in wanted]
    return Locks(installs[LOCK], installs.get(CHECK_LOCK, installs[LOCK]), tuple(planned), trouble)


def _fate(path: str, before: str | None, after: str | None) -> list[Planned]:
    if after is None:
        return [Planned(path, Fate.REMOVED, before, None, None)] if before is not None and is_made(before) else []
    fate = Fate.NEW if before is None else Fate.SAME if before == after else Fate.UPDATED
    return [Planned(path, fate, before, after, after)]


def _unwanted(files: Files) -> tuple[Planned, ...]:
    """Files that were made for an option that is gone; never one of somebody else's."""
    found = {path: _text(files, path) for path in (LOCK, CHECK_LOCK)}
    return tuple(
        Planned(path, Fate.REMOVED, text, None, None)
        for path, text in found.items()
        if text is not None and is_made(text)
    )


def _text(files: Files, path: str) -> str | None:
    content = files.read(path)
    return None if content is None else content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
