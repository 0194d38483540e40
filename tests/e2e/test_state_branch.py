"""A protected main: the version comes by a merged pull request, and the release keeps its state on a branch of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

BRANCH = "vis-release-state"
# What a forge's branch protection is to the release user: only the merge of a pull request gets through.
_PROTECTION = """#!/bin/sh
while read old new ref; do
  if [ "$ref" = refs/heads/main ] && [ -z "$MERGED" ]; then
    echo 'GH006: Protected branch update failed for refs/heads/main.' >&2
    exit 1
  fi
done
"""


@pytest.fixture
def guarded(world: World) -> World:
    """A package with a change, on a remote whose main takes nothing but merges."""
    world.package("acme-core")
    world.configure(timeout="2s", extra=f'\n[release]\nstate-branch = "{BRANCH}"\n')
    world.change("one", **{"acme-core": "minor"})
    world.commit()
    hook = world.remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_PROTECTION, encoding="utf-8")
    hook.chmod(0o755)
    return world


def merge_pull_request(world: World) -> str:
    """`invoke version` on a branch of its own, merged by somebody who may."""
    world.git("checkout", "--quiet", "-b", "version-packages")
    done = world.run("version")
    assert done.code == 0, done.text
    world.git("checkout", "--quiet", "main")
    world.git("merge", "--quiet", "--no-ff", "-m", "Merge pull request #1", "version-packages")
    subprocess.run(
        ["git", "push", "--quiet", "origin", "main"], cwd=world.root, env=world.env | {"MERGED": "1"}, check=True
    )
    return world.git("rev-parse", "HEAD")


def clone(world: World, name: str) -> World:
    """A fresh runner."""
    there: Path = world.folder / name
    world.git("clone", "--quiet", str(world.remote), str(there))
    return replace(world, root=there)


def on_branch(world: World, path: str = "main/staged.json") -> str:
    return world.git("--git-dir", str(world.remote), "show", f"{BRANCH}:{path}")


def test_from_a_merged_pull_request_over_two_runners_to_the_tag(guarded: World) -> None:
    merged = merge_pull_request(guarded)
    first = clone(guarded, "first").run("release")
    assert first.code == 0, first.text
    assert [each["reason"] for each in json.loads(on_branch(guarded))["pending"]] == ["timeout"]

    listed = clone(guarded, "desk").run("stage.list", "--json")
    assert [each["name"] for each in listed.document["stages"]] == ["acme-core"], listed.text

    (item,) = guarded.registry.stages()
    guarded.registry.approve(item.id, by="alice")
    second = clone(guarded, "second").run("release")
    assert second.code == 0, second.text
    assert guarded.remote_tags() == {"acme-core@1.1.0": merged}
    assert json.loads(on_branch(guarded))["pending"] == []
    assert "- acme-core@1.1.0" in on_branch(guarded, "main/CHANGELOG.md")
    assert guarded.git("--git-dir", str(guarded.remote), "rev-parse", "main") == merged


def test_a_decision_at_the_desk_is_pushed_to_the_branch(guarded: World) -> None:
    merge_pull_request(guarded)
    runner = clone(guarded, "runner")
    assert runner.run("release").code == 0
    (item,) = guarded.registry.stages()
    desk = clone(guarded, "desk")
    done = desk.run(
        "stage.reject", "--yes", item.id, env={"NPM_OTP": guarded.registry.otp("alice")} | _as_alice(guarded)
    )
    assert done.code == 0, done.text
    assert json.loads(on_branch(guarded))["rejected"][0]["name"] == "acme-core"
    again = runner.run("release")
    assert again.code == 0, again.text
    assert guarded.registry.stages() == []


def test_the_next_version_takes_the_wave_into_the_changelog(guarded: World) -> None:
    merge_pull_request(guarded)
    runner = clone(guarded, "runner")
    runner.configure(timeout="60s", extra=f'\n[release]\nstate-branch = "{BRANCH}"\n')
    runner.git("update-index", "--assume-unchanged", "vis.toml")
    with runner.running("release") as running:
        (item,) = runner.staged(1, running)
        runner.registry.approve(item.id, by="alice")
    assert running.done.code == 0, running.done.text
    guarded.git("checkout", "--quiet", "-b", "next-version")
    guarded.change("two", **{"acme-core": "patch"})
    guarded.git("add", "--all")
    guarded.git("commit", "--quiet", "-m", "change")
    done = guarded.run("version")
    assert done.code == 0, done.text
    assert "- acme-core@1.1.0" in guarded.git("show", "HEAD:CHANGELOG.md")


def test_without_it_the_refusal_names_this_way_out(guarded: World) -> None:
    guarded.configure(timeout="2s")
    guarded.git("add", "--all")
    guarded.git("commit", "--quiet", "-m", "no state branch")
    merge_pull_request(guarded)
    done = clone(guarded, "runner").run("release")
    assert done.code == 3, done.text
    assert f'state-branch = "{BRANCH}"' in done.text
    assert len(guarded.registry.stages()) == 1


def _as_alice(world: World) -> dict[str, str]:
    npmrc = world.folder / ".npmrc-desk"
    npmrc.write_text("\n".join(world.registry.npmrc_lines(world.registry.token("alice"))) + "\n", encoding="utf-8")
    return {"npm_config_userconfig": str(npmrc)}
