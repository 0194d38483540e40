"""Whatever stands in another tool's configuration: it is taken over or left over, and never a reason to fall over."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.init.builders import repository
from vis_tasks.config.durations import format_duration
from vis_tasks.core.changesets import ENGINE_2
from vis_tasks.core.migrate import beachball, bumpy, changesets, lerna, release_please, semantic_release, vis
from vis_tasks.core.migrate.document import Document
from vis_tasks.core.model import Package
from vis_tasks.services.init.settings import as_tables, checked, merged

MAPPERS = {
    beachball: beachball.migrate,
    bumpy: bumpy.migrate,
    changesets: lambda document, there: changesets.migrate(document, there, ENGINE_2, move=True),
    lerna: lerna.migrate,
    release_please: lambda document, there: release_please.migrate(document, None, there),
    semantic_release: semantic_release.migrate,
    vis: lambda document, there: vis.migrate(document, there, format_duration),
}
ODD: tuple[Any, ...] = (None, True, False, -1, 1.5, "", "x", [], [[]], [{}], {}, {"x": {}}, {"@acme/core": "x"})


def words_of(module) -> list[str]:
    """Every word its source quotes: the other tool's keys among them."""
    return sorted(set(re.findall(r'"([\w$@/.-]+)"', Path(module.__file__).read_text(encoding="utf-8"))))


@pytest.mark.parametrize("module", MAPPERS, ids=lambda module: module.__name__.rpartition(".")[2])
@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
def test_an_odd_value_of_any_key_is_survived(module, odd):
    words = words_of(module)
    everywhere = dict.fromkeys(words, odd)
    keys = dict.fromkeys(("bumpy", "vis-release", "beachball"), everywhere)
    member = Package("@acme/core", "1.0.0", "packages/core", {"name": "@acme/core", **keys})
    for value in (odd, everywhere, [everywhere]):
        found = MAPPERS[module](Document("config.json", dict.fromkeys(words, value)), repository(member))

        kept, lost = checked(merged((), found))
        assert isinstance(as_tables(kept), dict)
        assert all(each.why and each.do for each in (*found.leftovers, *lost))
