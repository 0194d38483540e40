"""Where the worlds of all schedules of one worker are: they are copies of a few that are prepared once."""

from __future__ import annotations

import pytest

from tests.rig.sandbox import quick_folder


@pytest.fixture(scope="session")
def home():
    with quick_folder() as folder:
        yield folder
