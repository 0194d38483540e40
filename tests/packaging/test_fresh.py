"""The built wheel, installed as people install it, in fresh workspaces of each package manager: set up, examined, rehearsed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.init.conftest import fresh as fresh  # noqa: PLC0414  (a fixture, for this file too)
from tests.packaging.test_install import TOP
from tests.packaging.test_install import wheel as wheel  # noqa: PLC0414
from tests.registry.conftest import from_npm as from_npm  # noqa: PLC0414

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.world import World

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PACKAGES = {"pnpm": ("pnpm", "10"), "yarn": ("@yarnpkg/cli-dist", "4")}


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel and what rehearsals need: no Rich, nothing of the tests'."""
    home = tmp_path_factory.mktemp("clean") / "venv"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    python = next(path for path in (home / "bin/python", home / "Scripts/python.exe") if path.exists())
    argv = [*uv, "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode", f"{wheel}[registry]"]
    subprocess.run(argv, check=True, cwd=home)
    return python.parent


@pytest.fixture(params=["npm", "pnpm", "yarn"])
def workspace(
    request: pytest.FixtureRequest, fresh: World, from_npm: Callable[[str, str], Path], programs: Path
) -> World:
    """Two packages, installed by the manager; it and the wheel's programs stand first on PATH."""
    manager = request.param
    top: dict[str, Any] = {"name": "w", "private": True, "scripts": {"build": "node -e 0"}}
    path = [str(programs), fresh.env["PATH"]]
    if manager in PACKAGES:
        name, version = PACKAGES[manager]
        folder = from_npm(name, version)
        path.insert(0, str(folder.parents[name.count("/")] / ".bin"))
        top["packageManager"] = f"{manager}@{json.loads((folder / 'package.json').read_text())['version']}"
        cli = json.loads(fresh.read("packages/cli/package.json")) | {"dependencies": {"@acme/core": "workspace:^"}}
        fresh.write("packages/cli/package.json", json.dumps(cli))
    fresh.env["PATH"] = os.pathsep.join(path)
    if manager == "pnpm":
        fresh.write("pnpm-workspace.yaml", "packages:\n  - packages/*\n")
    else:
        top["workspaces"] = ["packages/*"]
    fresh.write("package.json", json.dumps(top)).write(".gitignore", "node_modules/\n.yarn/\n.pnp.*\n")
    homes = dict.fromkeys(("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), str(fresh.folder / "home"))
    env = fresh.env | homes | {"YARN_ENABLE_IMMUTABLE_INSTALLS": "false", "YARN_ENABLE_TELEMETRY": "0", "CI": ""}
    subprocess.run([manager, "install"], cwd=fresh.root, env=env, check=True, capture_output=True)
    fresh.commit("A fresh workspace")
    return fresh


def run(world: World, *argv: str) -> subprocess.CompletedProcess[str]:
    """A command as somebody types it at the workspace's root."""
    program = shutil.which(argv[0], path=world.env["PATH"])
    assert program is not None
    done = subprocess.run(
        [program, *argv[1:]], cwd=world.root, env=world.env, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done


def test_after_init_the_doctor_is_content_and_a_release_can_be_rehearsed(workspace: World) -> None:
    document = json.loads(run(workspace, "vis-tasks", "init", "--yes", "--json").stdout)
    manager = document["found"]["manager"]
    assert f'build = "{manager} run build"' in workspace.read("vis.toml")
    workspace.commit("Set up releases")

    doctor = run(workspace, "invoke", "doctor", "--json")
    assert doctor.returncode == 0, doctor.stderr
    assert [each for each in json.loads(doctor.stdout)["checks"] if each["status"] == "fail"] == []

    rehearsed = run(workspace, "invoke", "rehearse")
    assert rehearsed.returncode == 0, rehearsed.stdout + rehearsed.stderr
    assert "rehearsed approve: every promise was kept" in rehearsed.stdout
    assert "\x1b" not in rehearsed.stdout
    assert workspace.git("status", "--porcelain") == ""
    assert "nothing to do" in run(workspace, "vis-tasks", "init").stdout


def test_the_script_in_plain_python_examines_and_rehearses(fresh: World, programs: Path) -> None:
    fresh.configure().change("one", **{"@acme/core": "minor"}).commit()
    fresh.env["PATH"] = os.pathsep.join([str(programs), fresh.env["PATH"]])
    script = str(TOP / "examples/plain-python/release.py")

    checked = run(fresh, "python", script, "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("@acme/core 1.0.0 → 1.1.0: ")

    rehearsed = run(fresh, "python", script, "rehearse")
    assert (rehearsed.returncode, rehearsed.stderr) == (0, "")
    assert "tag @acme/core@1.1.0" in rehearsed.stdout


def test_the_script_is_strictly_typed_for_who_has_only_the_wheel(programs: Path, tmp_path: Path) -> None:
    python = next(path for path in (programs / "python", programs / "python.exe") if path.exists())
    script = shutil.copy(TOP / "examples/plain-python/release.py", tmp_path)
    argv = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), script]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "tool",
    [
        ("tool", "run", "--from", "{wheel}", "vis-tasks"),
        ("tool", "run", "pipx", "run", "--spec", "{wheel}", "vis-tasks"),
    ],
    ids=["uvx", "pipx"],
)
def test_it_runs_as_a_tool_of_its_own(tool: tuple[str, ...], wheel: Path, fresh: World) -> None:
    homes = {name: str(fresh.folder / "tools" / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR", "UV_TOOL_DIR")}
    argv = [sys.executable, "-m", "uv", *(word.format(wheel=wheel) for word in tool), "status", "--json"]
    env = fresh.env | homes
    done = subprocess.run(argv, cwd=fresh.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["releases"] == []
