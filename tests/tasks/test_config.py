"""The task ``config``, through the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture
def vis(tmp_path):
    """Runs ``vis-tasks config`` in a workspace."""
    (tmp_path / "package.json").write_text('{"name": "w", "workspaces": ["packages/*"]}')

    def run(*options, toml="", **env):
        (tmp_path / "vis.toml").write_text(toml)
        quiet = {
            name: value for name, value in os.environ.items() if not name.startswith(("VIS_", "GITHUB_", "FORCE_"))
        }
        argv = [sys.executable, "-m", "vis_tasks", "config", *options]
        return subprocess.run(argv, cwd=tmp_path, env=quiet | env, capture_output=True, text=True, check=False)

    return run


def test_it_shows_values_and_where_they_came_from(vis):
    done = vis("--origin", toml='[release]\nremote = "up"\n', VIS_CI__NODE="26")
    assert done.returncode == 0
    assert 'release.remote = "up"  # vis.toml:2' in done.stdout
    assert 'ci.node = "26"  # env VIS_CI__NODE' in done.stdout
    assert done.stderr == ""


def test_json_is_one_document(vis):
    done = vis("--json", toml="[release.publish]\nstage = false\n")
    document = json.loads(done.stdout)
    assert document["ok"] is True
    assert document["values"]["release.publish.stage.enabled"] is False
    assert document["origins"]["release.publish.stage.enabled"] == "vis.toml:2"


def test_a_broken_configuration_is_exit_2_with_every_problem(vis):
    done = vis("--json", toml="[release]\nbasebranch = 1\nremote = 2\n")
    assert done.returncode == 2
    problems = json.loads(done.stdout)["error"]["details"]["problems"]
    assert [each["where"] for each in problems] == ["vis.toml:2", "vis.toml:3"]
    assert "did you mean base-branch?" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_schema_is_printed_even_when_the_file_is_broken(vis):
    done = vis("--schema", toml="[release")
    assert done.returncode == 0
    assert json.loads(done.stdout)["title"] == "vis.toml"


def test_the_reference_page_is_printed(vis):
    assert vis("--reference").stdout.startswith("# Configuration\n")
