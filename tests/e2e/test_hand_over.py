"""A release in three jobs on fresh checkouts: version; pack, without credentials; and the rest, with what was packed."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.world import Finished, World

pytestmark = pytest.mark.e2e

_CI = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}


class Job:
    """One job on a fresh checkout of one commit, HEAD detached as checkout actions leave it."""

    def __init__(self, world: World, name: str, ref: str, *, credentials: bool) -> None:
        self.world = world
        self.root = world.folder / name
        self.output = world.folder / f"{name}.output"
        world.git("clone", "--quiet", str(world.remote), str(self.root))
        self._git("checkout", "--quiet", "--detach", ref)
        self.env = {**_CI, "GITHUB_OUTPUT": str(self.output)}
        if not credentials:
            npmrc = world.folder / "anonymous.npmrc"
            npmrc.write_text(f"registry={world.registry.url}\n", encoding="utf-8")
            self.env["npm_config_userconfig"] = str(npmrc)
        # Whoever runs a script of a package leaves a line here.
        self.env["SCRIPTS_RAN"] = str(world.folder / "scripts")

    def _git(self, *argv: str) -> None:
        self.world.git("-C", str(self.root), *argv)

    def seal(self) -> Job:
        """As the templates do it: the remote is the checkout itself."""
        self._git("switch", "--quiet", "--force-create", "main")
        self._git("remote", "set-url", "origin", str(self.root))
        return self

    def run(self, *argv: str) -> Finished:
        return self.world.run(*argv, env={**self.env, "VIS_JOB": self.root.name}, cwd=self.root)

    def outputs(self) -> dict[str, str]:
        done = self.run("ci.outputs", "--json")
        assert done.code == 0, done.text
        return {name: str(done.document[name]) for name in ("commit", "pack", "manifest")}

    @property
    def dist(self) -> Path:
        return self.root / ".vis/release/dist"


def _world(world: World) -> World:
    script = "node -e \"require('fs').appendFileSync(process.env.SCRIPTS_RAN, process.env.VIS_JOB + '\\n')\""
    world.package("core", scripts={"prepack": script}).package("app", dependencies={"core": "^1.0.0"})
    world.change("one", core="minor", app="patch").commit()
    for name in ("core", "app"):
        world.git("tag", "-a", f"{name}@1.0.0", "-m", name)
    world.git("push", "--quiet", "--tags", "origin")
    return world


def _packed(world: World) -> tuple[Job, dict[str, str], str]:
    first = Job(world, "version", "origin/main", credentials=True)
    versioned = first.run("version")
    assert versioned.code == 0, versioned.text
    told = first.outputs()
    assert told["pack"] == "true"
    packing = Job(world, "pack", told["commit"], credentials=False).seal()
    done = packing.run("pack")
    assert done.code == 0, done.text
    return packing, packing.outputs(), told["commit"]


def _own_commands() -> str:
    """A target before staging, one after tagging, and a hook; each says in which job it ran."""
    targets = {"smoke": ("pack", "stage"), "deploy": ("tag", "release")}
    return '[release.hooks]\nafter-tag = "node log.js hooked"\n' + "".join(
        f'[release.targets.{name}]\nneeds = ["{need}"]\nbefore = ["{later}"]\nrun = "node log.js {name}"\n'
        for name, (need, later) in targets.items()
    )


def test_what_one_job_packed_another_one_stages_and_tags_without_running_a_command_of_the_repository(
    world: World,
) -> None:
    line = "process.env.VIS_JOB + ' ' + process.argv[2] + '\\n'"
    world.write("log.js", f"require('fs').appendFileSync(process.env.SCRIPTS_RAN, {line})\n")
    packing, told, commit = _packed(_world(world.configure(extra=_own_commands())))
    assert packing.run("smoke").code == 0
    publishing = Job(world, "publish", commit, credentials=True)
    shutil.copytree(packing.dist, publishing.dist)

    assert publishing.run("ci.verify", f"--manifest={told['manifest']}").code == 0
    world_root, world.root = world.root, publishing.root
    try:
        with world.running("tag", "--packed", "--json", env=publishing.env | {"VIS_JOB": "publish"}) as running:
            for item in world.staged(2, running):
                world.registry.approve(item.id, by="alice")
    finally:
        world.root = world_root

    assert running.done.code == 0, running.done.text
    tags = world.remote_tags()
    assert tags["core@1.1.0"] == tags["app@1.0.1"] == commit
    assert world.registry.tarball("core", "1.1.0") == (packing.dist / "core-1.1.0.tgz").read_bytes()
    (tagged,) = re.findall(r"^tagged<<.*\n(.*)$", publishing.output.read_text(encoding="utf-8"), re.MULTILINE)
    following = Job(world, "after", commit, credentials=False).seal()
    assert following.run("ci.after", f"--tagged={tagged}").code == 0
    ran = (world.folder / "scripts").read_text(encoding="utf-8").splitlines()
    assert ran == ["pack", "pack smoke", "after hooked", "after deploy"]


def test_a_push_between_the_jobs_is_left_to_the_next_release(world: World) -> None:
    world.configure(timeout="1s")
    packing, _, commit = _packed(_world(world))
    world.git("pull", "--quiet", "origin", "main")
    world.change("two", core="patch").commit()
    publishing = Job(world, "publish", commit, credentials=True)
    shutil.copytree(packing.dist, publishing.dist)

    done = publishing.run("tag", "--packed")

    assert done.code == 0, done.text
    assert {(item.name, item.version) for item in world.registry.stages()} == {("core", "1.1.0"), ("app", "1.0.1")}
    assert world.remote_file(".vis/release/two.md"), "its change file waits for the next version job"
    assert json.loads(world.remote_file("packages/core/package.json") or "")["version"] == "1.1.0"
    recorded = world.staged_json() or {}
    assert {entry["commit"] for entry in recorded["pending"]} == {commit}


def test_a_job_that_starts_again_goes_on_from_what_its_first_try_recorded(world: World) -> None:
    world.configure(timeout="1s")
    packing, _, commit = _packed(_world(world))
    first = Job(world, "publish", commit, credentials=True)
    shutil.copytree(packing.dist, first.dist)
    assert first.run("tag", "--packed").code == 0
    stages = {item.id for item in world.registry.stages()}
    for stage in stages:
        world.registry.approve(stage, by="alice")

    again = Job(world, "again", commit, credentials=True)
    shutil.copytree(packing.dist, again.dist)
    done = again.run("tag", "--packed")

    assert done.code == 0, done.text
    assert world.remote_tags()["core@1.1.0"] == commit
    assert world.staged_json() is None
    assert (world.folder / "scripts").read_text(encoding="utf-8") == "pack\n"


def test_other_bytes_than_were_packed_are_refused(world: World) -> None:
    packing, told, _ = _packed(_world(world))
    tarball, manifest = packing.dist / "core-1.1.0.tgz", packing.dist / "manifest.json"
    good = {file: file.read_bytes() for file in (tarball, manifest)}

    def verified() -> tuple[int, str]:
        done = packing.run("ci.verify", f"--manifest={told['manifest']}", "--json")
        for file, content in good.items():
            file.write_bytes(content)
        return done.code, done.document.get("error", {}).get("code", "")

    assert verified() == (0, "")
    tarball.write_bytes(good[tarball] + b" ")
    assert verified() == (1, "HAND_OVER")
    manifest.write_bytes(good[manifest] + b" ")
    assert verified() == (1, "HAND_OVER")
    tarball.unlink()
    assert verified() == (1, "HAND_OVER")


def test_nothing_handed_over_means_that_open_stages_are_looked_at_and_nothing_is_uploaded(world: World) -> None:
    """The scheduled job of the detached mode: no npm credentials, change files lie about, and it tags what was approved."""
    world.configure(timeout="1s")
    packing, _, commit = _packed(_world(world))
    first = Job(world, "publish", commit, credentials=True)
    shutil.copytree(packing.dist, first.dist)
    assert first.run("tag", "--packed").code == 0
    world.git("pull", "--quiet", "origin", "main")
    world.change("two", core="patch").commit()
    for item in world.registry.stages():
        world.registry.approve(item.id, by="alice")

    done = Job(world, "reconcile", "origin/main", credentials=False).run("tag", "--packed")

    assert done.code == 0, done.text
    assert world.remote_tags()["app@1.0.1"] == commit
    assert world.remote_file(".vis/release/two.md")
    assert world.registry.stages() == []
