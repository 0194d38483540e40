"""restage: stage a rejected version again, under the same number.

A tombstone keeps a rejected version from being staged again by itself. Taking it away lets the next release find the version like
any other that isn't at the registry: packed anew from the commit checked out then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.errors import Failed, UsageError
from vis_tasks.ports import Live, Unknown
from vis_tasks.services.lock import machine_lock
from vis_tasks.services.record import record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.pending import Pending
    from vis_tasks.services.run import Run

__all__ = ["restage"]


def restage(run: Run, names: Sequence[str], *, commit: bool = True, push: bool = True) -> tuple[str, ...]:
    """Forget that these versions were rejected. One request each: a number that is live by now is taken for good.

    Args:
        run: the run.
        names: package names, or ``name@version``.
        commit: commit staged.json.
        push: push that commit.

    Returns:
        The versions, as ``name@version``.

    Raises:
        vis_tasks.errors.UsageError: code ``NOT_REJECTED``: no rejected version of that name, not the one on disk, or one that
            is live.
        vis_tasks.errors.Failed: code ``REGISTRY_DOWN``: whether it is live can't be told.
        vis_tasks.errors.Locked: a release is running here.
    """
    if not names:
        raise UsageError("name the packages to stage again", hint="`invoke stage.list` shows what was rejected")
    with machine_lock(run, "invoke stage.restage"):
        keys = [_rejected(run, run.state.pending(), name) for name in dict.fromkeys(names)]
        for key in keys:
            _refuse_live(run, *key)
        run.state.change(lambda state: _without(state, keys))
        if commit:
            count = f"{len(keys)} stage{'' if len(keys) == 1 else 's'}"
            record(run, f"chore(release): restage {count} [skip ci]", push=push)
    return tuple(f"{name}@{version}" for name, version in keys)


def _rejected(run: Run, state: Pending, text: str) -> tuple[str, str]:
    found = next((stone.key for stone in state.rejected if text in {stone.name, f"{stone.name}@{stone.version}"}), None)
    if found is None:
        known = ", ".join(f"{stone.name}@{stone.version}" for stone in state.rejected) or "none"
        raise UsageError(f"{text}: no rejected version", code="NOT_REJECTED", hint=f"rejected versions: {known}")
    package = run.workspace.by_name.get(found[0])
    if package is None or package.version != found[1]:
        now = f"at {package.version}" if package else "not in the workspace any more"
        raise UsageError(
            f"{found[0]}@{found[1]} can't be staged again: the package is {now}",
            code="NOT_REJECTED",
            hint="`invoke release` stages the version on disk",
        )
    return found


def _refuse_live(run: Run, name: str, version: str) -> None:
    """Somebody may have published other bytes under the number meanwhile: the next release would take them for ours."""
    found = run.npm.reader(run.npm.url_for(name, run.workspace.by_name[name].manifest)).live(name, version)
    if isinstance(found, Live):
        raise UsageError(
            f"{name}@{version} is live, with bytes that were not staged by a release of ours; its number is taken",
            code="NOT_REJECTED",
            hint="find out who published it; a change file for the package gives the next number",
        )
    if isinstance(found, Unknown):
        raise Failed(
            f"the registry doesn't say whether {name}@{version} is live: {found.why}",
            code="REGISTRY_DOWN",
            hint="try again when it is reachable; nothing was changed",
        )


def _without(state: Pending, keys: Sequence[tuple[str, str]]) -> Pending:
    for key in keys:
        entry = state.find(*key)
        if entry is not None and entry.reason == "rejected":
            state = state.drop(*key)
    return state.prune(lambda stone: stone.key not in keys)
