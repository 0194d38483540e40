"""What holds for every test."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from hypothesis import settings

from tests.rig.counts import counted

if TYPE_CHECKING:
    import pytest

# A shell starts background jobs with SIGINT ignored, and Python then leaves it so; tests that interrupt need it to arrive.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine under load takes longer, which is no fault of what is tested.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was tried how often, for the tests that count."""
    reports = [each for found in terminalreporter.stats.values() for each in found if hasattr(each, "user_properties")]
    found = counted(reports)
    if found:
        terminalreporter.section("tried")
        for name, number in sorted(found.items()):
            terminalreporter.write_line(f"{number:7d}  {name}")
