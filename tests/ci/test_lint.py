"""A few of the files before the linters that are there; all of them, before all linters, is ``nox -s ci-files``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.builders import Repo
from tests.ci.lint import check_files

_TASTES = {
    "defaults": "",
    "single, token, detached": (
        '[release.publish.stage]\nmode = "detached"\n[ci]\nlayout = "single"\nauth = "token"\napp = true\nbuild = "make all"\n'
    ),
}


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(argv, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)


@pytest.fixture(params=_TASTES)
def files(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[Path], list[Path]]:
    repo = Repo(tmp_path).configure(_TASTES[request.param])
    for path, text in repo.files().items():
        repo.write(path, text)
    paths = [tmp_path / path for path in repo.files()]
    return [path for path in paths if ".github" in path.parts], [path for path in paths if ".github" not in path.parts]


@pytest.mark.parametrize("tool", ["zizmor", "GitHub's schema", "GitLab's schema", "yamllint"])
def test_the_linters_find_nothing(files: tuple[list[Path], list[Path]], tool: str) -> None:
    done = _run(check_files(*files)[tool])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("tool", "old", "new"),
    [
        ("zizmor", "persist-credentials: false", "persist-credentials: true"),
        ("zizmor", "permissions: {}\n", ""),
        ("GitHub's schema", "runs-on:", "runs-at:"),
        ("yamllint", "jobs:\n", "jobs:\njobs:\n"),
    ],
)
def test_the_linters_would_find_something(tmp_path: Path, tool: str, old: str, new: str) -> None:
    repo = Repo(tmp_path)
    path = ".github/workflows/vis-release.yml"
    text = repo.files()[path]
    assert old in text
    repo.write(path, text.replace(old, new, 1))
    assert _run(check_files([tmp_path / path], [])[tool]).returncode != 0
