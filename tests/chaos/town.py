"""Everybody around a release, in one process: two machines, developers, maintainers, a registry with faults, and time."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.fakes import FakeClock, RecordingConsole
from tests.rig.house import house, release
from tests.rig.invariants import broken_promises, debts, state_at
from tests.rig.sandbox import CONFIG, Sandbox
from vis_tasks.errors import VisError
from vis_tasks.ports import Decided, Deciding
from vis_tasks.registry.run import Fault, Problem, Registry, start_registry
from vis_tasks.services.desk import decide

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

__all__ = ["FAULTS", "PACKAGES", "Crash", "Town"]

PACKAGES: dict[str, dict[str, Any]] = {"core": {}, "app": {"dependencies": {"core": "~1.0.0"}}, "tool": {}}
OURS = frozenset(PACKAGES)
MACHINES = ("ci", "laptop")
FAULTS = (
    Fault("stage.publish", reset="after", times=1),
    Fault("stage.publish", reset="before", times=2),
    Fault("stage.publish", status=503, times=1),
    Fault("stage.publish", status=429, retry_after=30, times=2),
    Fault("stage.publish", truncate=3, times=1),
    Fault("stage.list", status=500, times=3),
    Fault("stage.list", status=401, times=2),
    Fault("stage.list", reset="before", times=4),
    Fault("stage.list", truncate=20, times=2),
    Fault("version.document", status=502, times=4),
    Fault("version.document", reset="after", times=3),
    Fault("version.status", status=403, times=5),
    Fault("*", status=503, times=3),
    Fault("*", reset="after", times=2, probability=0.3),
)
# A release may say no, or fail at what the registry did to it; it must never say one of these.
_NEVER = frozenset(
    {
        "DIRTY_TREE",
        "TAG_EXISTS",
        "COMMIT_MISSING",
        "MISMATCH",
        "JOURNAL",
        "STAGED_JSON",
        "LOCKED",
        "DIVERGED",
        "EDITED_SINCE",
    }
)


class Crash(BaseException):
    """The machine is gone; nothing that would have been done afterwards is."""


class RegistryTime:
    """The registry's clock goes with the town's, but never jumps."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._start = clock.start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._clock.elapsed)

    async def pause(self, seconds: float) -> None:
        """Nobody waits here."""


@dataclass
class Machine:
    """A machine whose processes are numbered; all but the last are dead."""

    host: str
    pid: int

    def alive(self, pid: int) -> bool:
        return pid == self.pid


class Nobody:
    """`vis_tasks.ports.Person` of a script."""

    here = False

    def code(self) -> str | None:
        return None

    def agrees(self, question: str, *, default: bool) -> bool:
        return False


class ReviewDesk:
    """`vis_tasks.ports.Desk` without npm: decisions as the registry's page makes them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def approve(self, stage_id: str, otp: str | None = None) -> Decided:
        return self._decide(self._registry.approve, stage_id)

    def reject(self, stage_id: str, otp: str | None = None) -> Decided:
        return self._decide(self._registry.reject, stage_id)

    def in_foreground(self, verb: str, stage_id: str) -> Decided:
        return (self.approve if verb == "approve" else self.reject)(stage_id)

    def _decide(self, how: Callable[[str], object], stage_id: str) -> Decided:
        try:
            how(stage_id)
        except Problem:
            return Decided(Deciding.GONE)
        return Decided(Deciding.DONE)


@dataclass
class Town:
    """One world for one schedule.

    Attributes:
        told: what happened, for whoever reads a failure.
    """

    folder: Path
    box: Sandbox
    registry: Registry
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[str] = field(default_factory=list)
    _opened: AbstractContextManager[Registry] | None = None
    _pids: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))
    _changes: itertools.count[int] = field(default_factory=itertools.count)
    _busy: set[str] = field(default_factory=set)

    @classmethod
    def found(cls, template: Path, folder: Path) -> Town:
        """A new one, from a template that is built once."""
        if not template.exists():
            Sandbox.build(template, PACKAGES, config=CONFIG.format(concurrency=2))
        box = Sandbox(template).copy(folder)
        for machine in (*MACHINES, "developer"):
            box.clone(machine)
        opened = start_registry(folder / "registry")
        registry = opened.__enter__()
        town = cls(folder, box, registry, _opened=opened)
        registry.settings.clock = RegistryTime(town.clock)
        registry.add_user("alice")
        registry.add_user("ci", two_factor=False)
        for name in PACKAGES:
            registry.seed(name, "1.0.0", maintainers=("alice", "ci"))
        box.connect(registry, registry.token("ci", "read-write", bypass_2fa=True))
        town.clock.advance(3600)
        return town

    def close(self) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what people do ---------------------------------------------------------------------------------------------

    def develop(self, package: str | None, level: str = "patch") -> None:
        """A developer merges something, with a change file or without."""
        root = self.folder / "developer"
        self.box.git(root, "fetch", "--quiet", "origin", "main")
        self.box.git(root, "reset", "--quiet", "--hard", "origin/main")
        number = next(self._changes)
        self.told.append(f"merge {number}: {package or 'code alone'} {level if package else ''}")
        if package:
            self.box.change(f"change-{number}", root=root, **{package: level})
        self.box.write(f"packages/{package or 'tool'}/file{number}.js", f"// {number}\n", root=root)
        self.box.commit(root, f"feat: number {number}")

    def judge(self, number: int, verdict: str) -> None:
        """A maintainer decides about one of the staged versions on the registry's page."""
        stages = self.registry.stages()
        if stages:
            item = stages[number % len(stages)]
            self.told.append(f"{verdict} {item.name}@{item.version}")
            (self.registry.approve if verdict == "approve" else self.registry.reject)(item.id)

    def drop_rejected(self, machine: str) -> None:
        """An operator clears what was rejected, or what isn't staged any more: `stage.reject` with nothing left to reject."""
        self.update(machine)
        run = self._house(machine, lambda _label: None)
        there = {item.id for item in self.registry.stages()}
        entries = [
            entry
            for entry in run.state.pending().pending
            if entry.reason == "rejected" or (entry.id and entry.id not in there)
        ]
        if entries and machine not in self._busy:
            self.told.append(f"{machine} drops {', '.join(entry.spec for entry in entries)}")
            self._tolerating(machine, lambda: decide(run, "reject", entries, Nobody()))

    def trouble(self, number: int) -> None:
        """The network, or the registry, is about to have a bad time."""
        fault = FAULTS[number]
        self.told.append(f"fault: {fault.route} {fault.status or fault.reset or 'truncated'} x {fault.times}")
        self.registry.faults.add(replace(fault))

    def jump(self, hours: float) -> None:
        """The machines' wall clocks jump; the monotonic one doesn't, nor does the registry's."""
        self.told.append(f"clocks jump by {hours} h")
        self.clock.start += timedelta(hours=hours)

    def lose(self, machine: str) -> None:
        """The machine is replaced by a new one with a fresh clone."""
        if machine not in self._busy:
            self.told.append(f"{machine} is a fresh clone")
            shutil.rmtree(self.folder / machine)
            self.box.clone(machine)

    def update(self, machine: str) -> None:
        """``git pull``, as a person would before a release; a merge that can't be is left as it is."""
        if machine not in self._busy:
            self.box.git(
                self.folder / machine, "pull", "--quiet", "--rebase", "--autostash", "origin", "main", check=False
            )

    # --- releases ---------------------------------------------------------------------------------------------------

    def release(
        self, machine: str, *, crash: int | None = None, meanwhile: list[Callable[[], None]] | None = None
    ) -> str:
        """Release on a machine; returns ``ok``, ``crash``, or the code it was refused or failed with.

        Args:
            machine: one of `MACHINES`.
            crash: the boundary at which everything ends.
            meanwhile: what others do, one thing for each pause of the release.
        """
        if machine in self._busy:
            return "busy"
        if machine == "laptop":
            self.update(machine)
        self._busy.add(machine)
        try:
            run = self._house(machine, _fuse(crash), meanwhile or [])
            ended = self._tolerating(machine, lambda: release(run))
        finally:
            self._busy.discard(machine)
        self.told.append(f"{machine} released: {ended}")
        return ended

    def _house(
        self, machine: str, boundary: Callable[[str], None], meanwhile: list[Callable[[], None]] | None = None
    ) -> Any:
        env = self.box.env | ({"CI": "true"} if machine == "ci" else {})
        return house(
            self.folder / machine,
            env,
            clock=_Eventful(self.clock, list(meanwhile or [])),
            console=RecordingConsole(),
            boundary=boundary,
            machine=Machine(machine, next(self._pids)),
            desk=ReviewDesk(self.registry),
        )

    def _tolerating(self, machine: str, action: Callable[[], object]) -> str:
        try:
            action()
        except Crash:
            return "crash"
        except VisError as error:
            if error.code in _NEVER:
                raise AssertionError(f"{machine}: {error.code}: {error.message}\n{self.story}") from error
            self.told.append(f"{machine} says: {error.message}")
            return error.code
        return "ok"

    # --- judgement --------------------------------------------------------------------------------------------------

    @property
    def story(self) -> str:
        return "\n".join(self.told)

    def check(self) -> None:
        """What must hold at every moment."""
        found = broken_promises(self.box, self.registry, ours=OURS)
        assert not found, "\n".join([*found, "---", self.story])

    def settle_all(self) -> None:
        """Everything calms down: faults end, everybody decides; then a few releases must pay every debt."""
        self.registry.faults.clear()
        self.registry.settings.scan_delay = self.registry.settings.edge_lag = self.registry.settings.document_lag = 0.0
        self.told.append("all is calm")
        self.lose("laptop")
        ended = ""
        for _ in range(6):
            for _ in range(len(self.registry.stages())):
                self.judge(0, "approve")
            self.clock.advance(3600)
            self.drop_rejected("laptop")
            ended = self.release("laptop")
            if ended == "ok" and not self.registry.stages() and not state_at(self.box).get("pending"):
                break
        assert ended == "ok", f"the last release ended with {ended}\n{self.story}"
        found = debts(self.box, self.registry, ours=OURS)
        assert not found, "\n".join([*found, "---", self.story])
        self.check()


class _Eventful:
    """The town's clock for one release: in each pause, others act first."""

    def __init__(self, clock: FakeClock, meanwhile: list[Callable[[], None]]) -> None:
        self._clock = clock
        self._meanwhile = meanwhile

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._meanwhile:
            self._meanwhile.pop(0)()
        self._clock.advance(seconds)


def _fuse(at: int | None) -> Callable[[str], None]:
    """Raises `Crash` at one boundary, and at every later one: the dead do nothing."""
    count = itertools.count(1)
    dead = False

    def boundary(_label: str) -> None:
        nonlocal dead
        dead = dead or next(count) == at
        if dead:
            raise Crash

    return boundary
