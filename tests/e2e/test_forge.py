"""Releases on the forge follow the tags, once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.forge.local_forge import start_forge

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

REPO = "acme/tools"
# The remote is a folder here, so CI's own variables say which repository it is.
NAMED = {"GITHUB_REPOSITORY": REPO, "CI_PROJECT_PATH": REPO}


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_each_tag_gets_its_release_with_its_changelog_section(world: World, provider: str) -> None:
    world.configure(extra=f'[release.forge]\nprovider = "{provider}"\n')
    world.package("core").change("one", "Add a thing.", core="minor").commit()
    with start_forge() as forge:
        env = (forge.github_env if provider == "github" else forge.gitlab_env) | NAMED

        with world.running("release", env=env) as release:
            world.registry.approve(world.staged(1, release)[0].id, by="alice")

        assert release.done.code == 0, release.done.text
        assert "Published: 1 (got tags + releases + workspace changelog wave entry)" in release.done.text
        assert forge.token not in release.done.text
        (made,) = forge.releases(REPO)
        assert made["tag_name"] == "core@1.1.0"
        assert "Add a thing." in str(made.get("body") or made.get("description"))

        assert world.run("release", env=env).code == 0
        assert len(forge.releases(REPO)) == 1


def test_a_forge_that_refuses_fails_the_run_and_the_next_one_makes_up_for_it(world: World) -> None:
    world.configure(extra='[release.forge]\nprovider = "github"\n')
    world.package("core").change("one", core="minor").commit()
    with start_forge() as forge:
        good = forge.github_env | NAMED
        bad = {**good, "GITHUB_TOKEN": "ghp_wrong"}
        with world.running("release", env=bad) as release:
            world.registry.approve(world.staged(1, release)[0].id, by="alice")

        assert release.done.code == 3, release.done.text
        assert set(world.remote_tags()) == {"core@1.1.0"}, "the tag is made; what is live is tagged"
        recorded = world.staged_json()
        assert recorded is not None
        assert [entry["name"] for entry in recorded["approved"]] == ["core"], "and its release is still owed"

        second = world.run("release", env=good)

        assert second.code == 0, second.text
        assert len(forge.releases(REPO)) == 1
        assert world.staged_json() is None
