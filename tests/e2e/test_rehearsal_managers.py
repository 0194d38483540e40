"""Rehearsals of npm, pnpm, Yarn (both linkers) and Bun workspaces, each packed by its own real package manager."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_rehearsal import digest
from tests.registry.conftest import from_npm  # noqa: F401  (a fixture)
from tests.registry.test_clients import ARCHITECTURES, SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# It is Node that looks for the dependency, so this fails in a copy without what was installed.
BUILD = """const fs = require('fs')
if (require('is-number')('7') !== true) throw new Error('the dependency is another one')
fs.mkdirSync('dist', { recursive: true })
fs.copyFileSync('src.js', 'dist/index.js')
fs.writeFileSync(require('path').join(__dirname, '..', '..', 'node_modules_cache.txt'), 'written by a build')
"""
INSTALL = {
    "npm": ["npm", "install", "--no-audit", "--no-fund"],
    "pnpm": ["pnpm", "install", "--config.minimum-release-age=0"],
    "yarn": ["yarn", "install", "--no-immutable"],
    "yarn-pnp": ["yarn", "install", "--no-immutable"],
    "bun": ["bun", "install"],
}


@pytest.fixture(scope="session")
def programs(from_npm: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A folder for PATH with a newer Node than the one there may be, and the package managers."""
    folder = tmp_path_factory.mktemp("programs")
    kind = f"{SYSTEMS[platform.system()].replace('win', 'win32')}-{ARCHITECTURES[platform.machine().lower()]}"
    node = from_npm(f"node-{kind.replace('win32', 'win')}", "24") / "bin" / "node"
    (folder / "node").symlink_to(node)
    for name, script in (
        ("pnpm", from_npm("pnpm", "12") / "bin" / "pnpm.mjs"),
        ("yarn", from_npm("@yarnpkg/cli-dist", "4") / "bin" / "yarn.js"),
    ):
        (folder / name).write_text(f'#!/bin/sh\nexec "{node}" "{script}" "$@"\n')
        (folder / name).chmod(0o755)
    # Bun's own package is a place holder until its install script has run; the program comes in one for each platform.
    bun = from_npm(f"@oven/bun-{kind}", "1") / "bin" / "bun"
    bun.chmod(0o755)
    (folder / "bun").symlink_to(bun)
    return folder


class Shop:
    """A workspace with scoped, private and plain packages, a catalog, workspace ranges, a build and a publishConfig."""

    def __init__(self, world: World, manager: str, programs: Path) -> None:
        self.world, self.manager = world, manager
        world.env["PATH"] = f"{programs}{os.pathsep}{world.env['PATH']}"
        own = manager != "npm"
        root: dict[str, Any] = {"name": "shop", "private": True}
        catalog = {"is-number": "^7.0.0"}
        if manager == "pnpm":
            world.write("pnpm-workspace.yaml", "packages: ['packages/*']\ncatalog:\n  is-number: ^7.0.0\n")
        elif manager == "bun":
            root["workspaces"] = {"packages": ["packages/*"], "catalog": catalog}
        else:
            root["workspaces"] = ["packages/*"]
        if manager.startswith("yarn"):
            linker = "pnp" if manager == "yarn-pnp" else "node-modules"
            rc = f"nodeLinker: {linker}\nenableTelemetry: false\nnpmAuthToken: ${{NO_SUCH_TOKEN-}}\n"
            world.write(".yarnrc.yml", rc + "catalog:\n  is-number: ^7.0.0\n").write("yarn.lock", "")
        world.write("package.json", json.dumps(root, indent=2) + "\n")
        ignored = "node_modules/\n.yarn/\n.pnp.*\ndist/\nnode_modules_cache.txt\n.vis/release/.state.json\n.vis/release/.lock\n"
        world.write(".gitignore", ignored + ".vis/release/dist/\n")
        self.member(
            "@shop/core", "1.2.0", {"is-number": "catalog:" if own else "^7.0.0"}, scripts={"prepack": "node build.js"}
        )
        config = {"access": "public", "registry": world.registry.url}
        self.member("shop-app", "1.0.0", {"@shop/core": "workspace:^" if own else "^1.2.0"}, publishConfig=config)
        self.member("@shop/secret", "1.0.0", {"shop-app": "workspace:*" if own else "^1.0.0"}, private=True)
        world.write("packages/core/build.js", BUILD)
        world.write(".vis/release/one.md", '---\n"@shop/core": major\n---\n\nAnother way.\n')

    def member(self, name: str, version: str, dependencies: dict[str, str], **more: Any) -> None:
        folder = f"packages/{name.rpartition('/')[2]}"
        main = "dist/index.js" if "scripts" in more else "src.js"
        data = {"name": name, "version": version, "main": main, "files": [main], "dependencies": dependencies, **more}
        self.world.write(f"{folder}/package.json", json.dumps(data, indent=2) + "\n")
        self.world.write(f"{folder}/src.js", "module.exports = 1\n")

    def install(self) -> None:
        home = self.world.folder / "home"
        npmrc = self.world.folder / "no-npmrc"  # the user's own registry has no third-party packages
        env = self.world.env | {
            "npm_config_userconfig": str(npmrc),
            "XDG_DATA_HOME": str(home),
            "XDG_STATE_HOME": str(home),
        }
        done = subprocess.run(
            INSTALL[self.manager],
            cwd=self.world.root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.world.commit()


@pytest.mark.parametrize("manager", list(INSTALL))
def test_a_workspace_is_rehearsed_with_its_own_package_manager(
    world: World, programs: Path, manager: str, tmp_path: Path
) -> None:
    shop = Shop(world, manager, programs)
    shop.install()
    world.registry.clear_requests()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = (digest(world.root), digest(world.remote), world.git("status", "--porcelain", "--ignored"))

    done = world.run("rehearse", "--scenario=approve,mixed", "--json", env={"TMPDIR": str(temporary)})

    assert done.code == 0, done.text
    report = {version["name"]: version for version in done.document["report"]["versions"]}
    assert {name: version["new"] for name, version in report.items()} == {"@shop/core": "2.0.0", "shop-app": "1.0.1"}
    assert "dist/index.js" in report["@shop/core"]["files"], "built with what was installed"
    assert done.document["live"] == ["@shop/core@2.0.0", "shop-app@1.0.1"]
    after = (digest(world.root), digest(world.remote), world.git("status", "--porcelain", "--ignored"))
    assert after == before
    assert world.registry.requests == [], "neither the configured registry nor publishConfig's was asked"
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("manager", ["pnpm", "yarn"])
def test_without_anything_installed_it_says_what_is_missing(world: World, programs: Path, manager: str) -> None:
    shop = Shop(world, manager, programs)
    shop.install()
    shutil.rmtree(world.root / "node_modules")
    shutil.rmtree(world.root / "packages" / "core" / "node_modules", ignore_errors=True)
    shutil.rmtree(world.root / ".yarn", ignore_errors=True)

    done = world.run("rehearse", "--json")

    assert done.code == 3
    assert f"nothing is installed ({manager} install)" in done.stderr
    assert done.document["error"]["code"] == "PACK_FAILED"
