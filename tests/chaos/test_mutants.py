"""The promises can fail: each way to break the product is caught by some schedule.

Two that are caught soon are tried always, all of them where ``VIS_CHAOS`` is set.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import chaos_machine
from tests.chaos.mutants import MUTANTS
from tests.rig.counts import add_counts
from tests.rig.sandbox import quick_folder

_SCHEDULES = 400
_NAMES = tuple(MUTANTS) if "VIS_CHAOS" in os.environ else ("tag_at_head", "late_is_rejected")


@pytest.mark.parametrize("name", _NAMES)
def test_a_broken_product_is_noticed(name, request):
    counts: Counter[str] = Counter()
    mutant = MUTANTS[name]
    with quick_folder() as home, mutant.breaking(), pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(
            seed(2026)(chaos_machine(home, counts, mutant.under)),
            settings=settings(
                max_examples=_SCHEDULES,
                stateful_step_count=8,
                deadline=None,
                phases=[Phase.generate],
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    request.node.user_properties.append(("noticed", str(caught.value).splitlines()[0]))
    add_counts(request.node, {f"schedules until {name} was noticed": counts["schedules"] + 1})
