"""A world around a release, in one process: two machines, a registry with faults, and time; how it is founded and closed."""

from __future__ import annotations

import itertools
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tests.chaos.outages import Outages
from tests.chaos.people import RegistryTime
from tests.chaos.variants import MACHINES, PACKAGES, Variant, prepared
from tests.fakes import FakeClock
from tests.rig.invariants import state_at
from tests.rig.remote import STAGED
from vis_tasks.registry.run import Fault, Registry, TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from tests.rig.sandbox import Sandbox

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
        said: the errors and warnings of what ran last.
        busy: the machines that are at work.
        struck: every fault that was set, with its hits.
        raced: whether two machines were ever at work at once without the lock.
        recorded: versions that the remote's staged.json ever held.
        began: when the release of each machine that is releasing began.
        alike: what git has answered that is the same in every checkout, for `tests.rig.memory.Memory`.
        asked: what else it has answered, by machine; thrown away with its checkout.
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
    issuer: Any = None
    pids: itertools.count[int] = field(default_factory=lambda: itertools.count(1000))
    changes: itertools.count[int] = field(default_factory=itertools.count)
    busy: set[str] = field(default_factory=set)
    struck: list[Fault] = field(default_factory=list)
    raced: bool = False
    recorded: set[tuple[str, str]] = field(default_factory=set)
    began: dict[str, datetime] = field(default_factory=dict)
    alike: ClassVar[dict[Any, Any]] = {}
    asked: dict[str, dict[Any, Any]] = field(default_factory=lambda: {machine: {} for machine in MACHINES})

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
        self.issuer = self.registry.add_issuer()
        for name in PACKAGES:
            self.registry.trust(TrustRule(name, self.issuer.url, {"repository": "acme/tools"}))
        home = self.folder / "ci-home"
        shutil.copytree(self.box.home, home)
        (home / ".npmrc").write_text("\n".join(self.registry.npmrc_lines(None)) + "\n", encoding="utf-8")

    def close(self) -> None:
        self.counts["uploads"] += sum(line.action in {"staged", "published"} for line in self.registry.audit())
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
        for fault in self.struck:
            kind = fault.status or (f"reset {fault.reset}" if fault.reset else "truncated")
            self.counts[f"fault {fault.route} {kind}"] += fault.hits
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, what: str, words: str = "") -> None:
        self.counts[what] += 1
        self.told.append(f"{what} {words}".strip())

    @property
    def story(self) -> str:
        return "\n".join(self.told)

    def known(self) -> set[tuple[str, str]]:
        """What staged.json on the remote says is pending; after a switch, what still lies on the release branch counts, too."""
        return self.on_record() | (self.on_main() if self.box.view.switched else set())

    def on_main(self) -> set[tuple[str, str]]:
        """What staged.json of the release branch says is pending."""
        return _pending(json.loads(self.box.view.file(self.box.view.refs().main, STAGED) or b"{}"))

    def on_record(self) -> set[tuple[str, str]]:
        """What staged.json says is pending, where it is kept now."""
        return _pending(state_at(self.box))


def _pending(state: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(item["name"], item["version"]) for item in state.get("pending", [])}
