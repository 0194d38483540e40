"""What was tried, counted over all workers and printed at the end of a run: a number that nobody has to believe."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

__all__ = ["add_counts", "counted"]

_KEY = "counts"


def add_counts(node: pytest.Item, counts: Mapping[str, int]) -> None:
    """Let a test's numbers go along with its report."""
    node.user_properties.append((_KEY, dict(counts)))


def counted(reports: Iterable[pytest.TestReport]) -> Counter[str]:
    """The sum of all numbers in these reports."""
    found: Counter[str] = Counter()
    for report in reports:
        if getattr(report, "when", None) != "teardown":
            continue  # properties are on each of the three reports of a test; the last one has all of them
        for key, value in report.user_properties:
            if key == _KEY and isinstance(value, dict):
                found.update(value)
    return found
