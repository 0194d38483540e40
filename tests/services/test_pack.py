"""pack: what is said of a tarball beside the version that is live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, package
from vis_tasks.services import pack as service

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("live", "now", "says"),
    [
        (MEBIBYTE, 5 * MEBIBYTE, ["a@1.1.0: it unpacks to 5.0 MiB, 5.0 times the last live version (1.0 MiB)"]),
        (4 * MEBIBYTE, 5 * MEBIBYTE, []),
        (None, 5 * MEBIBYTE, []),
    ],
)
def test_a_tarball_that_has_grown_out_of_all_proportion_is_warned_about(tmp_path, live, now: int, says: list[str]):
    world = build_world(tmp_path, package("a", "1.1.0"))
    if live is not None:
        world.registry.sizes["a"] = live
    inspect = world.tools.inspect_tarball

    def large(found, path):
        tarball, problems = inspect(found, path)
        return replace(tarball, unpacked_size=now), problems

    world.tools = replace(world.tools, inspect_tarball=large)

    service.pack(world.run())

    assert world.console.of("warning") == says
