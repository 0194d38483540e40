"""Everybody around a release, in one process: two machines, developers, maintainers, a registry with faults, and time."""

from __future__ import annotations

import itertools
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from tests.chaos.outages import Outages, Wire
from tests.chaos.people import Crash, Eventful, Machine, RegistryTime, ReviewDesk, fuse
from tests.chaos.variants import MACHINES, PACKAGES, Variant, prepared
from tests.fakes import FakeClock, RecordingConsole
from tests.rig.house import house, release
from tests.rig.invariants import state_at
from tests.rig.memory import Memory
from tests.rig.remote import STAGED
from vis_tasks.errors import VisError
from vis_tasks.registry.run import Fault, Registry, TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from tests.rig.sandbox import Sandbox
    from vis_tasks.services.run import Run

__all__ = ["FAULTS", "Bias", "Town"]

OURS = frozenset(PACKAGES)
FAULTS = (
    Fault("stage.publish", reset="after", times=1),
    Fault("stage.publish", reset="before", times=2),
    Fault("stage.publish", status=503, times=1),
    Fault("stage.publish", status=503, times=9),
    Fault("stage.publish", status=429, retry_after=30, times=2),
    Fault("stage.publish", truncate=3, times=1),
    Fault("package.publish", reset="after", times=1),
    Fault("stage.list", status=500, times=3),
    Fault("stage.list", status=429, retry_after=7, times=2),
    Fault("stage.list", status=401, times=2),
    Fault("stage.list", reset="before", times=4),
    Fault("stage.list", truncate=20, times=2),
    Fault("version.document", status=502, times=4),
    Fault("version.document", reset="after", times=3),
    Fault("version.document", truncate=10, times=2),
    Fault("version.status", status=403, times=5),
    Fault("version.status", status=500, times=5),
    Fault("oidc.exchange", status=503, times=2),
    Fault("*", status=503, times=3),
    Fault("*", reset="after", times=2, probability=0.3),
)
# A release may say no, or fail at what the registry did to it; it must never say one of these.
_NEVER = frozenset(
    {
        "DIRTY_TREE",
        "COMMAND_FAILED",
        "TAG_EXISTS",
        "COMMIT_MISSING",
        "JOURNAL",
        "STAGED_JSON",
        "DIVERGED",
        "EDITED_SINCE",
        "INTERNAL",
    }
)


# What a release and git look at; starting a process costs by the variable.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "NO_COLOR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "SYSTEMROOT")


@dataclass(frozen=True)
class Bias:
    """What isn't left to chance.

    Attributes:
        settings: settings that are fixed.
        faults: the faults there are.
        crashes: the boundaries at which a release may end.
        deed: what others do in every second pause of a release, whatever they would have done.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = FAULTS
    deed: tuple[Any, ...] | None = None
    crashes: range | None = None


@dataclass
class Town:
    """One world for one schedule.

    Attributes:
        told: what happened, for whoever reads a failure.
        counts: how often each thing happened, and each ending.
        foreign: versions that somebody put live with other bytes, after ours were staged and recorded.
        by_hand: tags that a person made because a release said to.
    """

    folder: Path
    variant: Variant
    box: Sandbox
    registry: Registry
    clock: FakeClock = field(default_factory=FakeClock)
    told: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    foreign: set[tuple[str, str]] = field(default_factory=set)
    by_hand: set[str] = field(default_factory=set)
    said: str = ""
    faults: tuple[Fault, ...] = FAULTS
    outages: Outages = field(init=False)
    _opened: AbstractContextManager[Registry] | None = None
    _issuer: Any = None
    _pids: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))
    _changes: itertools.count[int] = field(default_factory=itertools.count)
    busy: set[str] = field(default_factory=set)
    _faults: list[Fault] = field(default_factory=list)
    raced: bool = False
    recorded: set[tuple[str, str]] = field(default_factory=set)
    _began: dict[str, datetime] = field(default_factory=dict)
    _alike: ClassVar[dict[Any, Any]] = {}
    _asked: dict[str, dict[Any, Any]] = field(default_factory=lambda: {machine: {} for machine in MACHINES})

    @classmethod
    def found(cls, home: Path, folder: Path, variant: Variant) -> Town:
        """A new one."""
        box = prepared(home, variant, folder)
        opened = start_registry(folder / "registry")
        registry = opened.__enter__()
        town = cls(folder, variant, box, registry, _opened=opened)
        registry.settings.clock = RegistryTime(town.clock)
        registry.settings.status_endpoint = variant.status
        box.connect(registry, box.token)
        if variant.trusted:
            town._trust()
        town.outages = Outages(home / "hooks", town.counts)
        town.clock.advance(3600)
        town.told.append(f"{variant}")
        return town

    def _trust(self) -> None:
        """CI has a home without a token, and an identity instead."""
        self._issuer = self.registry.add_issuer()
        for name in PACKAGES:
            self.registry.trust(TrustRule(name, self._issuer.url, {"repository": "acme/tools"}))
        home = self.folder / "ci-home"
        shutil.copytree(self.box.home, home)
        (home / ".npmrc").write_text("\n".join(self.registry.npmrc_lines(None)) + "\n", encoding="utf-8")

    def close(self) -> None:
        self.counts["uploads"] += sum(line.action in {"staged", "published"} for line in self.registry.audit())
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
        for fault in self._faults:
            kind = fault.status or (f"reset {fault.reset}" if fault.reset else "truncated")
            self.counts[f"fault {fault.route} {kind}"] += fault.hits
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, what: str, words: str = "") -> None:
        self.counts[what] += 1
        self.told.append(f"{what} {words}".strip())

    # --- what people do ---------------------------------------------------------------------------------------------

    def develop(self, packages: Sequence[str], level: str = "patch") -> None:
        """A developer merges something, with a change file or, naming no package, without."""
        number = next(self._changes)
        files = {f"packages/{name}/file{number}.js": f"// {number}\n" for name in packages or ["tool"]}
        if packages:
            front = "".join(f'"{name}": {level}\n' for name in packages)
            files[f".vis/release/change-{number}.md"] = f"---\n{front}---\n\nChange {number}.\n"
        self.tell("merge with a change file" if packages else "merge of code alone", " ".join(packages))
        self.box.view.merge("main", f"feat: number {number}", files)

    def judge(self, number: int, verdict: str) -> None:
        """A maintainer decides about one of the staged versions on the registry's page."""
        stages = self.registry.stages()
        if stages:
            item = stages[number % len(stages)]
            self.tell(f"{verdict} on the page", f"{item.name}@{item.version}")
            (self.registry.approve if verdict == "approve" else self.registry.reject)(item.id)

    def usurp(self, number: int) -> None:
        """Somebody takes a staged version away and puts other bytes live under its number."""
        known = self.known()
        stages = [each for each in self.registry.stages() if (each.name, each.version) in known]
        if stages:
            item = stages[number % len(stages)]
            self.tell("other bytes go live", f"{item.name}@{item.version}")
            self.registry.reject(item.id)
            self.registry.seed(item.name, item.version, maintainers=("alice", "ci"))
            self.foreign.add((item.name, item.version))

    def trouble(self, number: int) -> None:
        """The network, or the registry, is about to have a bad time."""
        if not self.faults:
            return
        fault = replace(self.faults[number % len(self.faults)])
        self.tell("fault set", f"{fault.route} {fault.status or fault.reset or 'truncated'} x {fault.times}")
        self.registry.faults.add(fault)
        self._faults.append(fault)

    def outage(self, kind: str, times: int) -> None:
        """The git remote is about to have a bad time; see `tests.chaos.outages.OUTAGES`."""
        self.told.append(f"git outage: {kind} x {times}")
        self.outages.add(kind, times)

    def condemn(self, number: int) -> None:
        """The registry's scan will stop one of the staged versions once it is approved."""
        stages = self.registry.stages()
        if stages:
            item = stages[number % len(stages)]
            self.tell("the scan will block", f"{item.name}@{item.version}")
            self.registry.settings.blocked.add(f"{item.name}@{item.version}")

    def stop(self, number: int) -> None:
        """A version is approved, and stopped by the scan."""
        self.condemn(number)
        self.judge(number, "approve")

    def lag(self, scan: float, edge: float, document: float) -> None:
        """The registry gets slow, or quick again.

        Not where it tells no status: there a scan that outlasts ``settle`` (a second here) can't be told from a rejection.
        """
        if not self.variant.status:
            return
        settings = self.registry.settings
        settings.scan_delay, settings.edge_lag, settings.document_lag = scan, edge, document
        self.tell("lags", f"scan {scan}, edge {edge}, document {document}")

    def jump(self, hours: float) -> None:
        """The machines' wall clocks jump; the monotonic one doesn't, nor does the registry's."""
        self.tell("clocks jump", f"by {hours} h")
        self.clock.start += timedelta(hours=hours)

    def pass_time(self, seconds: float) -> None:
        """Nothing happens for a while."""
        self.tell("time passes", f"{seconds} s")
        self.clock.advance(seconds)

    def lose(self, machine: str) -> None:
        """The machine is replaced by a new one with a fresh clone."""
        if machine not in self.busy:
            self.tell("fresh clone", machine)
            shutil.rmtree(self.folder / machine)
            self._asked[machine].clear()
            self.box.clone(machine)

    def rival(self, number: int) -> None:
        """While one machine releases, a package that waits for nobody is changed, and released on the other machine."""
        staged = {item.name for item in self.registry.stages()}
        free = [name for name in PACKAGES if name not in staged]
        if free:
            self.develop([free[number % len(free)]])
            for machine in MACHINES:
                self.release(machine)

    def switch(self, on: bool) -> None:
        """A maintainer switches ``state-branch`` on; or, while nobody releases, off, as docs/failure-modes.md says."""
        view = self.box.view
        if on == self.variant.state_branch or (self.busy and not on):
            return
        self.tell(f"state branch switched {'on' if on else 'off'}")
        self.variant = replace(self.variant, state_branch=on)
        refs = view.refs()
        if not on and refs.state:
            log, waves = (
                (view.file(commit, path) or b"").decode()
                for commit, path in ((refs.main, "CHANGELOG.md"), (refs.state, "main/CHANGELOG.md"))
            )
            missing = [line for line in waves.splitlines() if line.startswith("- ") and line not in log.splitlines()]
            files = {".vis/release/staged.json": (view.file(refs.state, "main/staged.json") or b"").decode()}
            if missing:
                files["CHANGELOG.md"] = "\n".join([log or "# Changelog\n", "## 2026-11-22", "", *missing, ""])
            view.merge(
                "main",
                "ci: keep the state where the packages are",
                {path: text for path, text in files.items() if text},
            )
        view.switched = on

    def update(self, machine: str) -> None:
        """``git pull``, as a person would before a release, and back from it where it conflicts; then the release has to cope."""
        if machine not in self.busy and self._head(machine) != self.box.view.refs().main:
            root = self.folder / machine
            self.box.git(root, "pull", "--quiet", "--rebase", "origin", "main", check=False)
            if (root / ".git" / "rebase-merge").exists():
                self.tell("pull taken back", machine)
                self.box.git(root, "rebase", "--abort")

    def _head(self, machine: str) -> str:
        ref = self.folder / machine / ".git" / "refs" / "heads" / "main"
        return ref.read_text(encoding="utf-8").strip() if ref.exists() else ""

    # --- releases ---------------------------------------------------------------------------------------------------

    def release(
        self,
        machine: str,
        *,
        goal: str = "release",
        crash: int | None = None,
        meanwhile: Sequence[Callable[[], None]] = (),
    ) -> str:
        """Release on a machine; returns ``ok``, ``crash``, or the code it was refused or failed with.

        Args:
            machine: one of `MACHINES`.
            goal: the target to make.
            crash: the boundary at which everything ends.
            meanwhile: what others do, one thing for each pause of the release.
        """
        if machine in self.busy:
            return "busy"
        if machine == "laptop":
            self.update(machine)
        before, variant = self.registry.audit(), self.variant
        locked_out = self._locked_out()
        self._began[machine] = self.clock.now()
        try:
            ended = self.working(machine, lambda run: release(run, goal), crash=crash, meanwhile=meanwhile)
        finally:
            del self._began[machine]
        assert not (locked_out and ended == "ok"), (
            f"{machine} released while another machine held the lock\n{self.story}"
        )
        if ended == "ok" and goal == "release" and variant == self.variant:
            self._all_taken_over()
        useful = "" if goal != "release" or ended != "ok" or len(self.registry.audit()) > len(before) else ", no upload"
        self.tell(f"{goal} ended: {ended}{useful}", f"({machine})")
        return ended

    def _locked_out(self) -> bool:
        """Whether another machine is releasing, and its lock isn't over yet (the wait's timeout and an hour)."""
        now = self.clock.now()
        return self.variant.remote_lock and any(now - began < timedelta(hours=1) for began in self._began.values())

    def _all_taken_over(self) -> None:
        """What the release branch holds of what is staged is on the state branch, once a release has ended well under it."""
        if self.variant.state_branch and self.box.view.switched:
            staged = {(item.name, item.version) for item in self.registry.stages()}
            left = (self._on_main() & staged) - _pending(state_at(self.box))
            assert not left, f"not taken over from the release branch: {sorted(left)}\n{self.story}"

    def _on_main(self) -> set[tuple[str, str]]:
        return _pending(json.loads(self.box.view.file(self.box.view.refs().main, STAGED) or b"{}"))

    def working(
        self,
        machine: str,
        action: Callable[[Run], object],
        *,
        crash: int | None = None,
        meanwhile: Sequence[Callable[[], None]] = (),
    ) -> str:
        self.raced = self.raced or bool(self.busy and not self.variant.remote_lock)
        self.busy.add(machine)
        console = RecordingConsole()
        try:
            run = self.house_for(machine, fuse(crash), meanwhile, console)
            action(run)
        except Crash:
            return "crash"
        except VisError as error:
            self._expected(machine, error)
            console.error(f"{error.message}\n{error.hint}")
            self.told.append(f"{machine} says: {error.message}")
            return error.code
        finally:
            self.said = "\n".join(text for kind, text in console.said if kind in {"error", "warning"})
            self.busy.discard(machine)
            self.recorded |= self.known()
        return "ok"

    def _expected(self, machine: str, error: VisError) -> None:
        never = _NEVER | (set() if self.foreign else {"MISMATCH"})
        never |= set() if self.variant.remote_lock else {"LOCKED"}
        if error.code in never:
            raise AssertionError(f"{machine}: {error.code}: {error.message}\n{self.story}") from error

    def house_for(
        self,
        machine: str,
        boundary: Callable[[str], None],
        meanwhile: Sequence[Callable[[], None]] = (),
        console: RecordingConsole | None = None,
    ) -> Run:
        env = {name: value for name, value in self.box.env.items() if name in _ENVIRONMENT}
        if machine == "ci":
            env["CI"] = "true"
            if self.variant.trusted:
                env |= {
                    "HOME": str(self.folder / "ci-home"),
                    "GITHUB_ACTIONS": "true",
                    "NPM_ID_TOKEN": self.registry.id_token(self._issuer, repository="acme/tools"),
                }
        return house(
            self.folder / machine,
            env,
            clock=Eventful(self.clock, list(meanwhile)),
            console=console or RecordingConsole(),
            boundary=boundary,
            machine=Machine(machine, next(self._pids)),
            desk=ReviewDesk(self.registry),
            settings=self.variant.settings,
            programs=lambda runner: Wire(
                Memory(runner, self.box.remote, self._asked[machine], self._alike),
                self.outages,
                protected=self.variant.protected and machine == "ci",
            ),
        )

    @property
    def story(self) -> str:
        return "\n".join(self.told)

    def known(self) -> set[tuple[str, str]]:
        """What staged.json on the remote says is pending; after a switch, what still lies on the release branch counts, too."""
        return _pending(state_at(self.box)) | (self._on_main() if self.box.view.switched else set())


def _pending(state: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(item["name"], item["version"]) for item in state.get("pending", [])}
