"""The real package managers pack; pnpm, Yarn and Bun come from the npm registry."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import NpmHome
from tests.planning.tools import MANAGERS, npm_tool
from vis_tasks.adapters.npm.packers import packer_for
from vis_tasks.adapters.npm.tarball import read_tarball
from vis_tasks.core.model import Workspace
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from vis_tasks.ports import Packer

pytestmark = pytest.mark.e2e

EVENTS = ("prepublishOnly", "prepublish", "prepack", "prepare", "postpack", "publish", "postpublish")


@dataclass
class Project:
    """A workspace of two packages, ``@acme/core`` depending on ``base``, whose scripts write down that they ran."""

    home: NpmHome
    manager: str

    @property
    def core(self) -> Path:
        return self.home.root / "packages" / "core"

    @property
    def log(self) -> Path:
        return self.home.root / "log"

    @property
    def packer(self) -> Packer:
        return packer_for(Workspace(self.home.root, self.manager, ()), self.home.runner())

    def ran(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    def write(self, path: str, content: dict[str, Any]) -> None:
        file = self.home.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))

    def core_manifest(self, **more: Any) -> None:
        write_down = f'"{sys.executable}" "{self.home.root / "note.py"}"'
        manifest = {
            "name": "@acme/core",
            "version": "1.2.0",
            "license": "MIT",
            "main": "index.js",
            "scripts": {event: f"{write_down} {event}" for event in EVENTS},
            "dependencies": {"base": "^2.0.0" if self.manager == "npm" else "workspace:^"},
        }
        self.write("packages/core/package.json", manifest | more)


def project_of(tmp_path: Path, manager: str) -> Project:
    project = Project(NpmHome(tmp_path), manager)
    project.write("package.json", {"name": "root", "private": True, "workspaces": ["packages/*"]})
    project.write("packages/base/package.json", {"name": "base", "version": "2.0.0"})
    # Scripts write to standard output what could be taken for the answer.
    (project.home.root / "note.py").write_text(
        f"import sys\nopen({str(project.log)!r}, 'a').write(sys.argv[1] + '\\n')\nprint('[{{\"filename\": \"x.tgz\"}}]')\n"
    )
    project.core_manifest()
    (project.core / "index.js").write_text("module.exports = 1\n")
    return project


@pytest.fixture
def project(tmp_path) -> Project:
    return project_of(tmp_path, "npm")


def test_npm_packs_a_member_and_runs_its_scripts_once(project):
    path = project.packer.pack(project.core, project.home.root / "dist")
    assert path == project.home.root / "dist" / "acme-core-1.2.0.tgz"
    tarball = read_tarball(path)
    assert (tarball.name, tarball.version) == ("@acme/core", "1.2.0")
    assert set(tarball.files) == {"package.json", "index.js"}
    assert project.ran() == ["prepublishOnly", "prepack", "prepare", "postpack"]


def test_nothing_but_the_tarball_is_left(project):
    destination = project.home.root / "dist"
    path = project.packer.pack(project.core, destination)
    assert list(destination.iterdir()) == [path]


def test_packing_again_replaces_the_tarball(project):
    destination = project.home.root / "dist"
    first = project.packer.pack(project.core, destination)
    (project.core / "index.js").write_text("module.exports = 2\n")
    before = read_tarball(first).integrity
    assert read_tarball(project.packer.pack(project.core, destination)).integrity != before


def test_without_scripts_one_process_is_enough(project):
    started: list[str] = []
    project.core_manifest(scripts={})
    runner = type(project.home.runner())(base_env=project.home.env, trace=started.append)
    packer_for(Workspace(project.home.root, "npm", ()), runner).pack(project.core, project.home.root / "dist")
    assert len(started) == 1
    assert project.ran() == []


def test_several_are_packed_by_one_process_byte_for_byte_as_each_alone(project):
    project.write("package.json", {"name": "root", "version": "1.0.0", "workspaces": ["packages/*"], "files": ["log"]})
    folders = [project.core, project.home.root, project.home.root / "packages" / "base"]
    alone = [read_tarball(project.packer.pack(each, project.home.root / "alone")).integrity for each in folders]
    project.log.unlink()
    started: list[str] = []
    runner = type(project.home.runner())(base_env=project.home.env, trace=started.append)
    packer = packer_for(Workspace(project.home.root, "npm", ()), runner)
    made = list(packer.pack_many(folders, project.home.root / "dist"))
    assert [path.name for path in made] == ["acme-core-1.2.0.tgz", "root-1.0.0.tgz", "base-2.0.0.tgz"]
    assert [read_tarball(path).integrity for path in made] == alone
    assert project.ran() == ["prepublishOnly", "prepack", "prepare", "postpack"]
    assert len(started) == 2  # one for prepublishOnly


def test_more_than_one_process_takes_are_packed_by_the_next_in_their_order(project, monkeypatch):
    monkeypatch.setattr("vis_tasks.adapters.npm.packers._BATCH", 2)
    names = ["c", "a", "d", "b"]
    for name in names:
        project.write(f"packages/{name}/package.json", {"name": name, "version": "1.0.0"})
    started: list[str] = []
    runner = type(project.home.runner())(base_env=project.home.env, trace=started.append)
    packer = packer_for(Workspace(project.home.root, "npm", ()), runner)
    made = packer.pack_many([project.home.root / "packages" / name for name in names], project.home.root / "dist")
    assert [path.name for path in made] == [f"{name}-1.0.0.tgz" for name in names]
    assert len(started) == 2


def test_what_can_be_done_meanwhile_is_begun_before_anything_is_packed(project):
    destination, seen = project.home.root / "dist", []
    folders = [project.core, project.home.root / "packages" / "base"]
    made = list(project.packer.pack_many(folders, destination, lambda: seen.append(list(destination.rglob("*.tgz")))))
    assert len(made) == 2
    assert seen == [[], []]  # prepublishOnly, and packing


def test_a_script_that_fails_among_several_is_told_in_its_words(project):
    project.core_manifest(scripts={"prepack": "echo could not compile && exit 3"})
    with pytest.raises(Failed, match="could not compile"):
        list(
            project.packer.pack_many(
                [project.home.root / "packages" / "base", project.core], project.home.root / "dist"
            )
        )
    assert list((project.home.root / "dist").glob("*")) == []


def test_the_root_package_is_packed_too(project):
    project.write("package.json", {"name": "only", "version": "1.0.0"})
    path = project.packer.pack(project.home.root, project.home.root / "dist")
    assert path.name == "only-1.0.0.tgz"


@pytest.mark.parametrize("event", ["prepublishOnly", "prepack"])
def test_a_script_that_fails_stops_the_packing_with_its_words(project, event):
    project.core_manifest(scripts={event: "echo could not compile && exit 3"})
    with pytest.raises(Failed, match="could not compile") as caught:
        project.packer.pack(project.core, project.home.root / "dist")
    assert caught.value.code == "PACK_FAILED"
    assert str(project.core) in caught.value.message
    assert list((project.home.root / "dist").glob("*")) == []


def test_a_package_without_a_version_is_npms_to_refuse(project):
    project.write("packages/core/package.json", {"name": "@acme/core"})
    with pytest.raises(Failed, match="must have name and version"):
        project.packer.pack(project.core, project.home.root / "dist")


def test_a_broken_manifest_is_named(project):
    (project.core / "package.json").write_text("{")
    with pytest.raises(Failed, match=r"package\.json can't be read"):
        project.packer.pack(project.core, project.home.root / "dist")


class Pretend:
    """A package manager that writes as many tarballs as it is told to and prints what npm 12 prints."""

    def __init__(self, folder: Path, count: int) -> None:
        self.tool = folder / "npm"
        writes = "\n".join(f'echo x > "$5/t{number}.tgz"' for number in range(count))
        self.tool.write_text(f'#!/bin/sh\n{writes}\necho \'{{"@acme/core": {{"filename": "elsewhere.tgz"}}}}\'\n')
        self.tool.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
def test_what_the_package_manager_prints_does_not_matter(project, tmp_path):
    tool = Pretend(tmp_path, 1).tool
    project.core_manifest(scripts={})
    packer = packer_for(Workspace(project.home.root, "npm", ()), project.home.runner(), npm=(str(tool),))
    assert packer.pack(project.core, project.home.root / "dist").read_text() == "x\n"


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize("count", [0, 2])
def test_no_tarball_or_several_are_an_error(project, tmp_path, count):
    tool = Pretend(tmp_path, count).tool
    project.core_manifest(scripts={})
    packer = packer_for(Workspace(project.home.root, "npm", ()), project.home.runner(), npm=(str(tool),))
    with pytest.raises(Failed, match=f"wrote {count} tarballs"):
        packer.pack(project.core, project.home.root / "dist")


def install(project: Project, *argv: str) -> None:
    env = {"YARN_ENABLE_IMMUTABLE_INSTALLS": "false", "YARN_ENABLE_TELEMETRY": "0", "CI": ""}
    project.home.runner().run(argv, cwd=project.home.root, env=env)
    project.log.unlink(missing_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("manager", "scripts"),
    [
        ("pnpm", ["prepublishOnly", "prepack", "prepare", "postpack"]),
        ("yarn", ["prepublishOnly", "prepack", "postpack"]),
        ("bun", ["prepublishOnly", "prepack", "prepare", "postpack"]),
    ],
)
def test_other_package_managers_resolve_their_ranges_and_run_scripts_once(tmp_path, manager, scripts):
    project = project_of(tmp_path, manager)
    program = Path(npm_tool(manager, MANAGERS[manager]))
    project.home.env["PATH"] = f"{program.parent}{os.pathsep}{project.home.env['PATH']}"
    (project.home.root / "pnpm-workspace.yaml").write_text('packages: ["packages/*"]\n')
    (project.home.root / "yarn.lock").touch()
    install(project, manager, "install")
    path = project.packer.pack(project.core, project.home.root / "dist")
    assert path.name == "acme-core-1.2.0.tgz"
    assert read_tarball(path).manifest["dependencies"] == {"base": "^2.0.0"}
    assert project.ran() == scripts
    folders = [project.core, project.home.root / "packages" / "base"]
    project.log.unlink()
    together = list(project.packer.pack_many(folders, project.home.root / "together"))
    assert [each.name for each in together] == ["acme-core-1.2.0.tgz", "base-2.0.0.tgz"]
    assert read_tarball(together[0]).integrity == read_tarball(path).integrity
    assert project.ran() == scripts
