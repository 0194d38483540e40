"""Random schedules against the promises. ``VIS_CHAOS`` says how many, ``VIS_CHAOS_SEED`` which ones."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.chaos.machine import chaos_machine, play
from tests.rig.counts import add_counts

COUNT = int(os.environ.get("VIS_CHAOS", "300"))
SEED = int(os.environ.get("VIS_CHAOS_SEED", "2026"))
SHRINK = bool(os.environ.get("VIS_CHAOS_SHRINK"))
# So that a part takes well under half a minute, and several workers share them evenly.
_EACH = 25


@pytest.mark.parametrize("part", range(-(-COUNT // _EACH)))
def test_whatever_happens_the_promises_are_kept(part, home, request):
    counts: Counter[str] = Counter()
    try:
        schedules = min(_EACH, COUNT - part * _EACH)
        play(chaos_machine(home, counts), schedules, number=SEED * 10_000 + part, shrink=SHRINK)
    finally:
        add_counts(request.node, counts)
