from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ci.forge_api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api() -> Iterator[Api]:
    found = Api()
    yield found
    found.server.shutdown()
    found.server.server_close()
