"""Random schedules against the promises. ``VIS_CHAOS`` says how many, ``VIS_CHAOS_SEED`` which ones."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import chaos_machine
from tests.rig.counts import add_counts
from tests.rig.sandbox import quick_folder

COUNT = int(os.environ.get("VIS_CHAOS", "150"))
SEED = int(os.environ.get("VIS_CHAOS_SEED", "2026"))
SHRINK = bool(os.environ.get("VIS_CHAOS_SHRINK"))
_EACH = 50


@pytest.mark.parametrize("part", range(-(-COUNT // _EACH)))
def test_whatever_happens_the_promises_are_kept(part, request):
    counts: Counter[str] = Counter()
    phases = [Phase.generate, *([Phase.shrink] if SHRINK else [])]
    with quick_folder() as home:
        try:
            run_state_machine_as_test(
                seed(SEED * 10_000 + part)(chaos_machine(home, counts)),
                settings=settings(
                    max_examples=min(_EACH, COUNT - part * _EACH),
                    stateful_step_count=8,
                    deadline=None,
                    phases=phases,
                    database=None,
                    print_blob=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            add_counts(request.node, counts)
