"""Random schedules against the promises. ``VIS_CHAOS`` says how many (12 by default), ``--hypothesis-seed`` which ones."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.chaos.town import FAULTS, MACHINES, PACKAGES, Town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNT = int(os.environ.get("VIS_CHAOS", "12"))
SHRINK = bool(os.environ.get("VIS_CHAOS_SHRINK"))

# Where a wait is most easily deceived.
LIST_FAULTS = [number for number, fault in enumerate(FAULTS) if fault.route == "stage.list"]

packages = st.sampled_from(sorted(PACKAGES))
machines = st.sampled_from(MACHINES)
levels = st.sampled_from(["patch", "minor"])
verdicts = st.sampled_from(["approve", "approve", "reject"])
# What others do in the pauses of a release.
deeds = st.one_of(
    st.tuples(st.just("judge"), st.integers(0, 3), verdicts),
    st.tuples(st.just("judge"), st.integers(0, 3), verdicts),
    st.tuples(st.just("develop"), st.none() | packages, levels),
    st.tuples(st.just("release"), machines),
    st.tuples(st.just("trouble"), st.integers(0, len(FAULTS) - 1)),
    st.tuples(st.just("trouble"), st.sampled_from(LIST_FAULTS)),
    st.tuples(st.just("trouble"), st.sampled_from(LIST_FAULTS)),
)


def machine(home: Path) -> type[RuleBasedStateMachine]:  # noqa: C901  (one rule after the other)
    """The state machine, its worlds below a folder."""
    numbers = itertools.count()

    class Chaos(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.town = Town.found(home / "template", home / f"town-{next(numbers)}")

        @rule(package=st.none() | packages, level=levels)
        def develop(self, package: str | None, level: str) -> None:
            self.town.develop(package, level)

        @rule(where=machines, crash=st.none() | st.integers(1, 170), meanwhile=st.lists(deeds, max_size=4))
        def release(self, where: str, crash: int | None, meanwhile: list[tuple[Any, ...]]) -> None:
            town = self.town
            deeds: list[Callable[[], None]] = [
                partial(getattr(town, name), *arguments) for name, *arguments in meanwhile
            ]
            town.release(where, crash=crash, meanwhile=deeds)

        @rule(package=packages, where=machines, meanwhile=st.lists(deeds, min_size=1, max_size=4))
        def change_and_release(self, package: str, where: str, meanwhile: list[tuple[Any, ...]]) -> None:
            self.town.develop(package)
            self.release(where, None, meanwhile)

        @rule(number=st.integers(0, 5), verdict=verdicts)
        def judge(self, number: int, verdict: str) -> None:
            self.town.judge(number, verdict)

        @rule(where=machines)
        def drop_rejected(self, where: str) -> None:
            self.town.drop_rejected(where)

        @rule(number=st.integers(0, len(FAULTS) - 1))
        def trouble(self, number: int) -> None:
            self.town.trouble(number)

        @rule(
            scan=st.sampled_from([0.0, 7.0, 400.0]),
            edge=st.sampled_from([0.0, 300.0]),
            document=st.sampled_from([0.0, 20.0]),
        )
        def lag(self, scan: float, edge: float, document: float) -> None:
            settings = self.town.registry.settings
            settings.scan_delay, settings.edge_lag, settings.document_lag = scan, edge, document
            self.town.told.append(f"lags: scan {scan}, edge {edge}, document {document}")

        @rule(hours=st.sampled_from([-2.0, 0.5, 30.0]))
        def jump(self, hours: float) -> None:
            self.town.jump(hours)

        @rule(where=machines)
        def lose(self, where: str) -> None:
            self.town.lose(where)

        @invariant()
        def promises_are_kept(self) -> None:
            self.town.check()

        def teardown(self) -> None:
            try:
                self.town.settle_all()
            finally:
                self.town.close()

    return Chaos


@pytest.fixture
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="vis-chaos-"))
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.slow
def test_whatever_happens_the_promises_are_kept(home):
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if SHRINK else [])]
    run_state_machine_as_test(
        machine(home),
        settings=settings(
            max_examples=COUNT,
            stateful_step_count=10,
            deadline=None,
            phases=phases,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
