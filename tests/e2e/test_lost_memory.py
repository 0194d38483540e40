"""A runner is lost between an upload and staged.json: what a fresh clone makes of what it finds at the registry."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(world: World) -> World:
    world.package("acme-core")
    world.change("one", **{"acme-core": "minor"})
    world.configure(timeout="2s")
    world.commit()
    return world


def clone(world: World, name: str) -> World:
    world.git("clone", "--quiet", str(world.remote), str(world.folder / name))
    return replace(world, root=world.folder / name)


def staged_and_forgotten(world: World) -> str:
    """Version, pack and upload on a runner that is lost before it wrote anything down; returns the stage's id."""
    lost = clone(world, "lost")
    assert lost.run("version").code == 0
    packed = lost.npm(
        "pack", "--pack-destination", str(lost.folder), str(lost.root / "packages/acme-core"), as_user="ci"
    )
    assert packed.code == 0, packed.text
    done = lost.npm("stage", "publish", str(lost.folder / "acme-core-1.1.0.tgz"), as_user="ci")
    assert done.code == 0, done.text
    (item,) = world.registry.stages()
    return item.id


def test_approved_while_nobody_remembered_it_is_packed_again_compared_and_tagged(world: World) -> None:
    world.registry.approve(staged_and_forgotten(world), by="alice")
    fresh = clone(world, "fresh")
    done = fresh.run("release")
    assert done.code == 0, done.text
    assert fresh.remote_tags() == {"acme-core@1.1.0": fresh.git("rev-list", "-1", "HEAD", "--", "packages/acme-core")}


def test_other_bytes_than_the_commit_packs_to_are_never_tagged(world: World) -> None:
    stage_id = staged_and_forgotten(world)
    world.registry.reject(stage_id, by="alice")
    evil = clone(world, "evil").write("packages/acme-core/index.js", "module.exports = 'something else'\n")
    assert evil.npm("stage", "publish", str(evil.root / "packages/acme-core"), as_user="ci").code == 0
    world.registry.approve(world.registry.stages()[0].id, by="alice")
    fresh = clone(world, "fresh")
    done = fresh.run("release")
    assert done.code == 3, done.text
    assert "live with other bytes" in done.text
    assert done.text.count("sha512-") >= 2
    assert fresh.remote_tags() == {}


def test_a_build_that_differs_from_run_to_run_is_staged_again_after_one_reject(world: World) -> None:
    build = "node -e \"require('fs').writeFileSync('built.js', String(process.hrtime.bigint()))\""
    manifest = json.loads(world.read("packages/acme-core/package.json")) | {"scripts": {"prepack": build}}
    world.write("packages/acme-core/package.json", json.dumps(manifest, indent=2) + "\n")
    world.write(".gitignore", world.read(".gitignore") + "built.js\n")
    world.commit("a build that differs")
    stage_id = staged_and_forgotten(world)
    fresh = clone(world, "fresh")
    done = fresh.run("release")
    assert done.code == 3, done.text
    assert f"vis-tasks stage.reject {stage_id}" in done.text
    npmrc = world.folder / ".npmrc-desk"
    npmrc.write_text("\n".join(world.registry.npmrc_lines(world.registry.token("alice"))) + "\n", encoding="utf-8")
    desk = {"npm_config_userconfig": str(npmrc), "NPM_OTP": world.registry.otp("alice")}
    rejected = fresh.run("stage.reject", "--yes", stage_id, env=desk)
    assert rejected.code == 0, rejected.text
    again = fresh.run("release")
    assert again.code == 0, again.text
    (item,) = world.registry.stages()
    assert (item.version, item.id != stage_id) == ("1.1.0", True)
