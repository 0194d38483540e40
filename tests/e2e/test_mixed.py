"""Packages that are staged and packages that are published plainly, side by side, and what one needs of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

PLAIN = '[release.packages."app"]\nstage = false\n'


@pytest.fixture
def mixed(world: World) -> World:
    """A staged package and a plain one that needs it."""
    world.configure(timeout="4s", extra=PLAIN).package("core").package("app", dependencies={"core": "~1.0.0"})
    token = world.registry.token("ci", kind="read-write", bypass_2fa=True)
    (world.folder / "home/.npmrc").write_text("\n".join(world.registry.npmrc_lines(token)) + "\n", encoding="utf-8")
    return world


def test_a_plain_package_is_published_and_tagged_without_anybody_asked(mixed: World) -> None:
    mixed.change("one", app="patch").commit()

    done = mixed.run("release")

    assert done.code == 0, done.text
    assert "1.0.1" in mixed.live("app")
    assert set(mixed.remote_tags()) == {"app@1.0.1"}
    assert mixed.registry.stages() == []


def test_a_registry_that_knows_no_staging_serves_those_who_publish_plainly(mixed: World) -> None:
    mixed.registry.settings.staging = False
    mixed.configure(timeout="4s", extra=PLAIN + PLAIN.replace("app", "core")).change(
        "one", app="patch", core="minor"
    ).commit()

    done = mixed.run("release")

    assert done.code == 0, done.text
    assert set(mixed.remote_tags()) == {"core@1.1.0", "app@1.0.1"}
    assert mixed.run("doctor").code == 0


def test_a_plain_package_gets_its_tag_only_once_the_scan_is_over(mixed: World) -> None:
    mixed.registry.settings.scan_delay = 3600.0
    mixed.change("one", app="patch").commit()

    done = mixed.run("release")

    assert done.code == 0, done.text
    assert mixed.remote_tags() == {}, "no tag without a live version"

    mixed.registry.settings.scan_delay = 0.0
    assert mixed.run("release").code == 0


def test_a_plain_package_waits_for_the_approval_it_depends_on(mixed: World) -> None:
    mixed.change("one", core="minor").commit()

    first = mixed.run("release")

    assert first.code == 0, first.text
    assert "held: needs core@1.1.0" in first.text
    assert mixed.live("app") == {"1.0.0"}
    (item,) = mixed.registry.stages()
    mixed.registry.approve(item.id, by="alice")
    assert mixed.run("release").code == 0

    last = mixed.run("release")

    assert last.code == 0, last.text
    assert set(mixed.remote_tags()) == {"core@1.1.0", "app@1.0.1"}


def test_a_dependent_of_a_rejected_version_is_not_staged(world: World) -> None:
    world.configure(timeout="30s").package("core").change("one", core="minor").commit()
    with world.running("release") as release:
        (item,) = world.staged(1, release)
        world.registry.reject(item.id, by="alice")
    assert release.done.code == 0, release.done.text
    world.package("app", "2.0.0", dependencies={"core": "^1.1.0"})
    world.registry.delete("app", "2.0.0")
    world.write(
        "packages/app/package.json", world.read("packages/app/package.json").replace('"2.0.0"', '"2.0.1"')
    ).commit()

    done = world.run("release")

    assert done.code == 0, done.text
    assert "app@2.0.1 (held: needs core@1.1.0 (rejected))" in done.text
    assert world.registry.stages() == []
