"""Lock files refreshed by the real package managers from the npm registry: pnpm, Yarn and Bun.

Nothing is reachable while they refresh, so that a resolve of what didn't move would fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from tests.planning.builders import change, package, write_workspace
from tests.planning.tools import MANAGERS, npm_tool
from vis_tasks.adapters.lockfile import refresh_lockfile
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.adapters.workspace import read_needed, read_workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.edits import edits_for
from vis_tasks.core.plan import make_plan

pytestmark = pytest.mark.slow

FILES = {"pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock", "bun": "bun.lock"}
FIRST = {
    "pnpm": ["install", "--lockfile-only"],
    "yarn": ["install", "--mode=skip-build"],
    "bun": ["install", "--lockfile-only", "--ignore-scripts"],
}
FROZEN = {
    "pnpm": ["install", "--frozen-lockfile", "--ignore-scripts"],
    "yarn": ["install", "--immutable", "--mode=skip-build"],
    "bun": ["install", "--frozen-lockfile", "--ignore-scripts"],
}
NOWHERE = "http://127.0.0.1:9/"
SCRIPTS = dict.fromkeys(("install", "postinstall", "prepare"), "node -e \"require('fs').writeFileSync('RAN', '')\"")


class Counting(SubprocessRunner):
    """The real runner, with the command lines it was given; no registry can be reached."""

    def __init__(self):
        super().__init__()
        self.started = []

    def run(self, argv, *, env=None, **more):
        self.started.append(argv[0])
        away = {"npm_config_registry": NOWHERE, "YARN_NPM_REGISTRY_SERVER": NOWHERE, "BUN_CONFIG_REGISTRY": NOWHERE}
        return super().run(argv, env={**away, **(env or {})}, **more)


def repo(tmp_path, monkeypatch, manager, spec):
    program = npm_tool(manager, MANAGERS[manager])
    monkeypatch.setenv("PATH", f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}")
    core = package("@vis-core/never-published", "1.2.0", path="packages/core", deps={"ms": "2.0.0"}, scripts=SCRIPTS)
    cli = package("cli", "2.1.0", deps={"@vis-core/never-published": spec}, scripts=SCRIPTS)
    root = write_workspace(tmp_path / "w", core, cli, manager=manager)
    if manager == "pnpm":
        (root / "pnpm-workspace.yaml").write_text("packages:\n  - packages/*\nlinkWorkspacePackages: true\n")
    if manager == "yarn":
        (root / ".yarnrc.yml").write_text(
            "nodeLinker: node-modules\nenableTelemetry: false\nunsafeHttpWhitelist: [127.0.0.1]\n"
        )
        (root / "yarn.lock").write_text("")
    call(root, program, *FIRST[manager])
    shutil.rmtree(root / "node_modules", ignore_errors=True)
    for trace in root.rglob("RAN"):
        trace.unlink()
    return root, program


def call(root, program, *argv):
    done = subprocess.run([program, *argv], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def release(root, level):
    members = read_workspace(root)
    plan = make_plan(members, [change("x", **{"@vis-core/never-published": level})], ReleaseConfig())
    for edit in edits_for(members, read_needed(members, plan), plan, date=date(2026, 11, 21)):
        if edit.content is not None:
            (root / edit.path).write_bytes(edit.content)
    return read_workspace(root)


@pytest.mark.parametrize(("manager", "started"), [("pnpm", []), ("yarn", ["yarn"]), ("bun", ["bun"])])
def test_a_moved_range_is_refreshed_without_a_registry_or_scripts_and_the_manager_takes_the_file(
    tmp_path, monkeypatch, manager, started
):
    root, program = repo(tmp_path, monkeypatch, manager, "^1.2.0")
    lock = root / FILES[manager]
    assert "^1.2.0" in lock.read_text()
    runner = Counting()
    assert refresh_lockfile(release(root, "major"), runner) == (FILES[manager],)
    assert runner.started == started
    assert "^2.0.0" in lock.read_text()
    assert "^1.2.0" not in lock.read_text()
    assert not list(root.rglob("RAN"))
    if manager == "bun":  # it writes the registry's address beside what it knows already
        lock.write_text(lock.read_text().replace(f"{NOWHERE}ms/-/ms-2.0.0.tgz", ""))
    call(root, program, *FROZEN[manager])


@pytest.mark.parametrize("manager", ["pnpm", "yarn"])
def test_workspace_ranges_need_no_refresh_and_no_process(tmp_path, monkeypatch, manager):
    root, program = repo(tmp_path, monkeypatch, manager, "workspace:^")
    runner = Counting()
    assert refresh_lockfile(release(root, "major"), runner) == ()
    assert runner.started == []
    call(root, program, *FROZEN[manager])
