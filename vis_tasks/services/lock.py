"""One release per machine and checkout: ``.vis/release/.lock``."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vis_tasks.errors import Locked, VisError
from vis_tasks.records import dataclass
from vis_tasks.services.state import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.ports import Clock, Files, Machine
    from vis_tasks.services.run import Run

__all__ = ["STALE_AFTER", "Holder", "Lock", "lock_of", "machine_lock", "sweep_git"]

STALE_AFTER = timedelta(hours=1)
"""A lock whose holder can't be asked (another host) counts as left behind after this long without a sign of life."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock.

    Attributes:
        after: since when a run was at work whose lock was taken over, when it had died on this machine.
    """

    pid: int
    host: str
    since: datetime | None
    command: str
    after: datetime | None = None

    def describe(self, now: datetime) -> str:
        """One line for people."""
        age = "" if self.since is None else f", for {_age(now - self.since)}"
        return f"process {self.pid} on {self.host or 'an unknown host'}{age} ({self.command or 'unknown command'})"


class Lock:
    """The lock file.

    Args:
        files: the files below the workspace root.
        path: the lock's path.
        machine: this machine and process.
        clock: for its age.
    """

    def __init__(self, files: Files, path: str, machine: Machine, clock: Clock) -> None:
        self._files = files
        self._path = path
        self._machine = machine
        self._clock = clock

    def holder(self) -> Holder | None:
        """Who holds it; None when nobody does. A damaged file is held by an unknown process."""
        content = self._files.read(self._path)
        if content is None:
            return None
        try:
            data = json.loads(content)
            since = datetime.fromisoformat(str(data["since"]))
            after = datetime.fromisoformat(data["after"]) if "after" in data else None
            return Holder(int(data["pid"]), str(data["host"]), since, str(data.get("command", "")), after)
        except (ValueError, KeyError, TypeError):
            return Holder(0, "", None, "")

    def stale(self, holder: Holder) -> bool:
        """Whether the holder is certainly or most likely gone: dead on this host, or silent for `STALE_AFTER` elsewhere.

        A holder alive on this host never goes stale: waiting for a human may take longer than any limit.
        """
        if holder.host == self._machine.host:
            # Our own number in a lock that isn't ours: it was left behind before a restart (of a container, most often).
            return holder.pid == self._machine.pid or not self._machine.alive(holder.pid)
        return holder.since is None or self._clock.now() - holder.since > STALE_AFTER

    def died(self, holder: Holder) -> datetime | None:
        """Since when a holder was at work that is dead on this machine, or one before it that it had not tidied up after."""
        if holder.host != self._machine.host or not self.stale(holder):
            return None
        return holder.after or holder.since

    @contextmanager
    def held(self, command: str) -> Iterator[datetime | None]:
        """Hold the lock for the length of the block; gives since when a run that died on this machine had it, if one did.

        Raises:
            vis_tasks.errors.Locked: another release holds it.
        """
        died = self._acquire(command)
        try:
            yield died
        except BaseException:
            with suppress(VisError):  # the first error is the one to tell; a lock of the dead is taken over
                self._release()
            raise
        self._release()

    def _acquire(self, command: str) -> datetime | None:
        died: datetime | None = None
        for _ in range(2):
            data = {
                "pid": self._machine.pid,
                "host": self._machine.host,
                "since": timestamp(self._clock.now()),
                "command": command,
                **({"after": timestamp(died)} if died else {}),
            }
            if self._files.create(self._path, (json.dumps(data) + "\n").encode()):
                return died
            holder = self.holder()
            if holder is None:
                continue
            if not self.stale(holder):
                raise Locked(
                    f"another release is running here: {holder.describe(self._clock.now())}",
                    hint=f"wait for it to end; if it is gone for good, `invoke unlock` removes {self._path}",
                    details={"pid": holder.pid, "host": holder.host},
                )
            died = self.died(holder)
            if self.holder() == holder:
                self._files.delete(self._path)
        raise Locked(f"another release took {self._path} just now", hint="wait for it to end, then run again")

    def _release(self) -> None:
        holder = self.holder()
        if holder and (holder.pid, holder.host) == (self._machine.pid, self._machine.host):
            self._files.delete(self._path)

    def break_(self) -> Holder | None:
        """Remove the lock whoever holds it; returns who did."""
        holder = self.holder()
        self._files.delete(self._path)
        return holder


def lock_of(run: Run) -> Lock:
    """The lock of this checkout."""
    return Lock(run.tools.files, run.state.lock_path, run.tools.machine, run.tools.clock)


@contextmanager
def machine_lock(run: Run, command: str) -> Iterator[None]:
    """Hold the lock of this checkout for the length of the block.

    Taken over from a run that died on this machine, the first thing is to tidy up after the git it was killed with.

    Raises:
        vis_tasks.errors.Locked: another release holds it.
    """
    with lock_of(run).held(command) as died:
        if died is not None:
            sweep_git(run, died)
        yield


def sweep_git(run: Run, since: datetime) -> None:
    """Take away the locks that the git of a dead run left; what may be anybody else's stays, and `guard` refuses it."""
    for path in run.tools.git.sweep(since, run.tools.clock.sleep):
        run.tools.console.detail(f"removed {path}: a git that was killed with an earlier run had left it")


def _age(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"
