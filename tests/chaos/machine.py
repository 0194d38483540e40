"""The state machine: what may happen, in any order, and what must hold after each step and at the end."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.chaos import deeds, operators, releases
from tests.chaos.judgement import check, settle_all
from tests.chaos.outages import OUTAGES
from tests.chaos.town import FAULTS, Bias, Town
from tests.chaos.variants import MACHINES, PACKAGES, Variant

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["chaos_machine", "play"]

Deed = tuple[Any, ...]
# Where deeds in the pauses of a release are, but for those of `deeds`.
_ROOMS = {"decide": operators, "release": releases}
_TOWNS = itertools.count()
_STEPS = 6  # after the wave that each schedule begins with


def _at(*routes: str) -> list[int]:
    return [number for number, fault in enumerate(FAULTS) if fault.route in routes]


machines = st.sampled_from(MACHINES)
levels = st.sampled_from(["patch", "patch", "minor"])
verdicts = st.sampled_from(["approve", "approve", "reject"])
numbers = st.integers(0, 3)
crashes = st.none() | st.integers(1, 170)
some_packages = st.lists(st.sampled_from(sorted(PACKAGES)), max_size=3, unique=True)
# Each route has its turn, however many faults it has.
faults = st.one_of(*(st.sampled_from(_at(route)) for route in sorted({fault.route for fault in FAULTS})))
troubles = st.lists(faults, max_size=2)
# Each upload meets one of these, in the releases that begin with something to upload.
upload_troubles: st.SearchStrategy[list[int]] = st.just([]) | st.lists(
    st.one_of(st.sampled_from(_at("stage.publish")), st.sampled_from(_at("oidc.exchange", "package.publish"))),
    min_size=1,
    max_size=2,
)
outages = st.sampled_from(OUTAGES)
# A remote that can't be read ends a release before it has begun: it gets its share in the pauses.
git_troubles = st.sampled_from(
    [*[None] * 16, *((kind, times) for kind in OUTAGES[1:] for times in (1, 2)), ("read", 1)]
)
goals = st.sampled_from(["release", "release", "release", "version", "stage", "reconcile", "tag"])
variants = st.builds(
    Variant,
    trusted=st.booleans(),
    checkpoint=st.sampled_from(["auto", "auto", "always", "never"]),
    concurrency=st.sampled_from([1, 1, 2]),
    plain=st.booleans(),
    detached=st.sampled_from([False, False, False, True]),
    remote_lock=st.sampled_from([False, False, False, True]),
    status=st.booleans(),
    state_branch=st.sampled_from([False, False, True]),
    protected=st.sampled_from([False, False, False, True]),
    # Never to note what can't be read back is a choice to forget: no promise can be kept under it.
).map(
    lambda each: (
        Variant(**{**vars(each), "checkpoint": "auto"}) if each.trusted and each.checkpoint == "never" else each
    )
)
# What others do in the pauses of a release.
interruptions = st.one_of(
    st.tuples(st.just("judge"), numbers, verdicts),
    st.tuples(st.just("judge"), numbers, verdicts),
    st.tuples(st.just("judge"), numbers, verdicts),
    st.tuples(st.just("decide"), machines, verdicts, numbers),
    st.tuples(st.just("develop"), some_packages, levels),
    st.tuples(st.just("release"), machines),
    st.tuples(st.just("rival"), numbers),
    st.tuples(st.just("trouble"), faults),
    st.tuples(st.just("trouble"), st.sampled_from(_at("stage.list", "version.document", "*"))),
    st.tuples(st.just("trouble"), st.sampled_from(_at("version.document", "version.status"))),
    st.tuples(st.just("usurp"), numbers),
    st.tuples(st.just("condemn"), numbers),
    st.tuples(st.just("stop"), numbers),
    st.tuples(st.just("outage"), outages, st.integers(1, 2)),
    st.tuples(st.just("outage"), outages, st.integers(1, 2)),
    st.tuples(st.just("jump"), st.sampled_from([-2.0, 0.5, 30.0])),
    st.tuples(st.just("switch"), st.sampled_from([True])),
    st.tuples(st.just("pass_time"), st.just(0.0)),
)

waves = st.fixed_dictionaries(
    {
        "where": machines,
        "packages": st.lists(st.sampled_from(sorted(PACKAGES)), min_size=1, max_size=3, unique=True),
        "crash": crashes,
        "troubles": troubles,
        "uploads": upload_troubles,
        "outage": git_troubles,
        "meanwhile": st.lists(interruptions, min_size=1, max_size=6),
    }
)


class Chaos(RuleBasedStateMachine):
    """One schedule after the other, each in a world of its own."""

    home: ClassVar[Path]
    counts: ClassVar[Counter[str]]
    bias: ClassVar[Bias]

    def __init__(self) -> None:
        super().__init__()
        self.town: Town | None = None

    @property
    def world(self) -> Town:
        assert self.town is not None
        return self.town

    @initialize(variant=variants, wave=waves)
    def begin(self, variant: Variant, wave: dict[str, Any]) -> None:
        self.town = Town.found(self.home, self.home / f"town-{next(_TOWNS)}", replace(variant, **self.bias.settings))
        self.world.faults = self.bias.faults
        self.wave(**wave)

    @rule(packages=some_packages, level=levels)
    def develop(self, packages: list[str], level: str) -> None:
        deeds.develop(self.world, packages, level)

    @rule(
        where=machines,
        goal=goals,
        crash=crashes,
        troubles=troubles,
        outage=git_troubles,
        meanwhile=st.lists(interruptions, max_size=5),
    )
    def make(self, **how: Any) -> None:
        self.release(**how)

    def release(
        self,
        where: str,
        goal: str,
        crash: int | None,
        troubles: list[int],
        outage: tuple[str, int] | None,
        meanwhile: list[Deed],
    ) -> None:
        """One target is made, whatever comes in between."""
        if crash and self.bias.crashes:
            crash = self.bias.crashes[crash % len(self.bias.crashes)]
        for number in troubles:
            deeds.trouble(self.world, number)
        if outage:
            deeds.outage(self.world, *outage)
        releases.release(self.world, where, goal=goal, crash=crash, meanwhile=self._deeds(meanwhile))

    @rule(wave=waves)
    def change_and_release(self, wave: dict[str, Any]) -> None:
        self.wave(**wave)

    def wave(self, packages: list[str], uploads: list[int], troubles: list[int], **how: Any) -> None:
        """A change is merged and released, whatever comes in between."""
        deeds.develop(self.world, packages)
        self.release(goal="release", troubles=[*uploads, *troubles], **how)

    @rule(where=machines, verdict=verdicts, number=numbers)
    def judge_and_release(self, where: str, verdict: str, number: int) -> None:
        deeds.judge(self.world, number, verdict)
        releases.release(self.world, where)

    def _deeds(self, meanwhile: list[Deed]) -> list[Callable[[], None]]:
        return [
            partial(getattr(_ROOMS.get(name, deeds), name), self.world, *arguments)
            for name, *arguments in (
                self.bias.deed if self.bias.deed and not number % 2 else deed for number, deed in enumerate(meanwhile)
            )
        ]

    @rule(number=numbers, verdict=verdicts)
    def judge(self, number: int, verdict: str) -> None:
        deeds.judge(self.world, number, verdict)

    @rule(where=machines, verdict=verdicts, number=numbers, crash=crashes, tag=st.booleans())
    def decide(self, where: str, verdict: str, number: int, crash: int | None, *, tag: bool) -> None:
        operators.decide(self.world, where, verdict, number, crash=crash, tag=tag)

    @rule(where=machines, what=st.sampled_from(["drop_rejected", "restage", "restage", "lose", "unlock"]))
    def operate(self, where: str, what: str) -> None:
        getattr(deeds if what == "lose" else operators, what)(self.world, where)

    @rule(number=numbers)
    def condemn(self, number: int) -> None:
        deeds.condemn(self.world, number)

    @rule(number=numbers)
    def usurp(self, number: int) -> None:
        deeds.usurp(self.world, number)

    @rule(on=st.booleans())
    def switch(self, on: bool) -> None:
        deeds.switch(self.world, on)

    @rule(
        scan=st.sampled_from([0.0, 7.0, 400.0]),
        edge=st.sampled_from([0.0, 300.0]),
        document=st.sampled_from([0.0, 20.0]),
        then=st.sampled_from([0.0, 10.0, 600.0]),
    )
    def lag(self, scan: float, edge: float, document: float, then: float) -> None:
        deeds.lag(self.world, scan, edge, document)
        deeds.pass_time(self.world, then)

    @rule(hours=st.sampled_from([-2.0, 0.5, 30.0]))
    def jump(self, hours: float) -> None:
        deeds.jump(self.world, hours)

    @invariant()
    def promises_are_kept(self) -> None:
        check(self.world)

    def teardown(self) -> None:
        if self.town is None:
            return
        try:
            settle_all(self.town)
            self.town.counts["schedules"] += 1
        finally:
            self.town.close()
            self.counts.update(self.town.counts)


def chaos_machine(home: Path, counts: Counter[str], bias: Bias | None = None) -> type[Chaos]:
    """The state machine, its worlds below a folder.

    Args:
        home: where the worlds are.
        counts: is told how often each thing happened.
        bias: what isn't left to chance.
    """
    return type("Chaos", (Chaos,), {"home": home, "counts": counts, "bias": bias or Bias()})


def play(machine: type[Chaos], schedules: int, *, number: int, shrink: bool = False) -> None:
    """Play random schedules, always the same ones for one seed; a broken promise is an `AssertionError` with the whole story.

    Args:
        machine: from `chaos_machine`.
        schedules: how many.
        number: the seed.
        shrink: look for a shorter schedule that breaks the promise, too.
    """
    try:
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                max_examples=schedules,
                stateful_step_count=_STEPS,
                deadline=None,
                phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
                database=None,
                print_blob=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except FlakyFailure as flaky:
        # Two uploads at once need not end alike when a schedule is played again: broken once is broken.
        if (broken := flaky.subgroup(AssertionError)) is None:
            raise
        raise broken.exceptions[0] from flaky
