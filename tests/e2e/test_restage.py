"""A rejection taken back: the same number, packed from the mended commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def test_a_rejected_version_is_staged_again_without_burning_a_number(world: World) -> None:
    world.package("core").change("one", core="minor").commit()
    with world.running("release") as release:
        world.registry.reject(world.staged(1, release)[0].id, by="alice")
    assert release.done.code == 0, release.done.text
    world.git("pull", "--quiet", "origin", "main")
    mended = world.write("packages/core/index.js", "module.exports = 'mended'\n").commit("fix: what the review found")

    again = world.run("stage.restage", "core", "--json")
    assert again.code == 0, again.text
    assert again.document["restaged"] == ["core@1.1.0"]
    with world.running("release") as release:
        world.registry.approve(world.staged(1, release)[0].id, by="alice")

    assert release.done.code == 0, release.done.text
    tags = world.remote_tags()
    assert set(tags) == {"core@1.1.0"}
    world.git("merge-base", "--is-ancestor", mended, tags["core@1.1.0"])
    assert world.staged_json() is None
