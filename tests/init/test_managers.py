"""Fresh workspaces of other package managers, with the real ones: set up, looked at by the doctor, rehearsed."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.init.builders import looks_ready
from tests.registry.conftest import from_npm as from_npm  # noqa: PLC0414  (a fixture, for this file too)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PACKAGES = {"pnpm": ("pnpm", "10"), "yarn": ("@yarnpkg/cli-dist", "4")}


@pytest.fixture(params=["pnpm", "yarn"])
def workspace(request, fresh, from_npm):
    """The same two packages, installed by the manager, which stands first on PATH."""
    name, version = PACKAGES[request.param]
    folder = from_npm(name, version)
    modules = folder.parents[name.count("/")]
    fresh.env["PATH"] = f"{modules / '.bin'}:{fresh.env['PATH']}"
    exact = json.loads((folder / "package.json").read_text())["version"]
    top = {
        "name": "w",
        "private": True,
        "packageManager": f"{request.param}@{exact}",
        "scripts": {"build": "node -e 0"},
    }
    if request.param == "pnpm":
        fresh.write("pnpm-workspace.yaml", "packages:\n  - packages/*\n")
    else:
        top["workspaces"] = ["packages/*"]
    fresh.write("package.json", json.dumps(top)).write(".gitignore", "node_modules/\n.yarn/\n.pnp.*\n")
    cli = json.loads(fresh.read("packages/cli/package.json")) | {"dependencies": {"@acme/core": "workspace:^"}}
    fresh.write("packages/cli/package.json", json.dumps(cli))
    homes = dict.fromkeys(("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), str(fresh.folder / "home"))
    env = fresh.env | homes | {"YARN_ENABLE_IMMUTABLE_INSTALLS": "false", "YARN_ENABLE_TELEMETRY": "0", "CI": ""}
    subprocess.run([request.param, "install"], cwd=fresh.root, env=env, check=True, capture_output=True)
    fresh.commit("A fresh workspace")
    return fresh


def test_after_init_the_doctor_is_content_and_a_release_can_be_rehearsed(workspace):
    document = workspace.run("init", "--yes", "--json").document
    manager = document["found"]["manager"]
    assert f'build = "{manager} run build"' in workspace.read("vis.toml")
    workspace.commit("Set up releases")

    looks_ready(workspace)
    assert "nothing to do" in workspace.run("init").stdout
