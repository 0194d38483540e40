"""One release per branch, whatever the machine: a ref on the remote, taken and given back by compare-and-swap.

The machine's own lock can't see other machines, and the push of the version commit is only refused after everything before it was
done twice. With ``[release] remote-lock = true`` the second machine is refused at once.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vis_tasks.errors import Interrupted, Locked, VisError
from vis_tasks.ports import PushStale
from vis_tasks.services.lock import Holder
from vis_tasks.services.state import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from vis_tasks.ports import RefCell
    from vis_tasks.services.run import Run

__all__ = ["break_remote_lock", "lock_ref", "remote_lock"]

_GRACE = timedelta(hours=1)
_ATTEMPTS = 3


def lock_ref(branch: str) -> str:
    """The ref that is the lock of a branch."""
    return f"refs/vis/lock/{branch}"


def remote_lock(run: Run, command: str) -> AbstractContextManager[None]:
    """Hold the remote lock for the length of the block; nothing at all unless ``remote-lock`` is on.

    Costs one ``ls-remote`` and two pushes. A holder counts as gone when its time is over (the wait's timeout and an hour), or
    when it was a process of this very machine that has ended.

    Raises:
        vis_tasks.errors.Locked: another machine holds it.
        vis_tasks.errors.Failed: the remote takes no such ref.
    """
    if not run.release.remote_lock:
        return nullcontext()
    return _held(run, run.tools.ref_cell(run.release.remote, lock_ref(run.branch)), command)


@contextmanager
def _held(run: Run, cell: RefCell, command: str) -> Iterator[None]:
    mine = _take(run, cell, command)
    try:
        yield
    finally:
        try:
            cell.swap(mine, None)
        except Interrupted:
            with suppress(VisError):  # the push may have been cut off: once more, then end
                cell.swap(mine, None)
            raise
        except VisError as error:
            run.tools.console.warning(f"the lock on {run.release.remote} could not be given back: {error.message}")


def _take(run: Run, cell: RefCell, command: str) -> str | None:
    machine, now = run.tools.machine, run.tools.clock.now()
    until = now + run.release.publish.stage.timeout + _GRACE
    content = {
        "pid": machine.pid,
        "host": machine.host,
        "since": timestamp(now),
        "until": timestamp(until),
        "command": command,
    }
    for _ in range(_ATTEMPTS):
        found = cell.read()
        if found is not None and not _gone(run, found[1]):
            raise _refusal(run, found[1])
        taken = cell.swap(found[0] if found else None, json.dumps(content))
        if not isinstance(taken, PushStale):
            return taken
    raise Locked(
        f"other releases keep taking the lock on {run.release.remote}", hint="wait for them to end, then run again"
    )


def _gone(run: Run, text: str) -> bool:
    data = _read(text)
    if data.get("host") == run.tools.machine.host and isinstance(data.get("pid"), int):
        return not run.tools.machine.alive(int(str(data["pid"])))
    try:
        return run.tools.clock.now() > datetime.fromisoformat(str(data.get("until")))
    except (ValueError, TypeError):
        return False


def _refusal(run: Run, text: str) -> Locked:
    holder = _holder(text)
    where = f"{lock_ref(run.branch)} from {run.release.remote}"
    return Locked(
        f"another machine is releasing {run.branch}: {holder.describe(run.tools.clock.now())}",
        hint=f"wait for it to end; if it is gone for good, `invoke unlock` removes {where}",
        details={"pid": holder.pid, "host": holder.host},
    )


def break_remote_lock(run: Run) -> Holder | None:
    """Remove the remote lock whoever holds it; returns who did. Nothing unless ``remote-lock`` is on."""
    if not run.release.remote_lock:
        return None
    cell = run.tools.ref_cell(run.release.remote, lock_ref(run.branch))
    found = cell.read()
    if found is None or isinstance(cell.swap(found[0], None), PushStale):
        return None
    return _holder(found[1])


def _holder(text: str) -> Holder:
    data = _read(text)
    try:
        since = datetime.fromisoformat(str(data.get("since")))
    except ValueError:
        since = None
    pid = data.get("pid")
    return Holder(pid if isinstance(pid, int) else 0, str(data.get("host", "")), since, str(data.get("command", "")))


def _read(text: str) -> dict[str, object]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
