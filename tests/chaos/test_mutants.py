"""The promises can fail: each way to break the product is caught by some schedule.

Two that are caught soon are tried always, all of them where ``VIS_CHAOS`` is set.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.chaos.machine import chaos_machine, play
from tests.chaos.mutants import MUTANTS
from tests.rig.counts import add_counts

_SCHEDULES = 150
_NAMES = tuple(MUTANTS) if "VIS_CHAOS" in os.environ else ("last_writer_wins", "blocked_is_approved")


@pytest.mark.parametrize("name", _NAMES)
def test_a_broken_product_is_noticed(name, home, request):
    counts: Counter[str] = Counter()
    mutant = MUTANTS[name]
    with mutant.breaking(), pytest.raises(AssertionError) as caught:
        play(chaos_machine(home, counts, mutant.bias), _SCHEDULES, number=2026)
    request.node.user_properties.append(("noticed", str(caught.value).splitlines()[0]))
    add_counts(request.node, {f"schedules until {name} was noticed": counts["schedules"] + 1})
