"""Spans of time as people say them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vis_tasks.core.ages import age, age_since, countdown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (59, "59 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_the_largest_fitting_unit_is_used(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_what_is_no_moment_has_no_age() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    assert age_since("2026-11-21T11:00:00.000Z", now) == "60 min"
    assert age_since("", now) is None
    assert age_since("2026-11-21T11:00:00", now) is None, "without a zone nobody knows"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0:00"), (0.4, "0:00"), (59.6, "1:00"), (245, "4:05"), (3723, "1:02:03")]
)
def test_what_is_left_is_told_to_the_second(seconds: float, text: str) -> None:
    assert countdown(seconds) == text
