"""A share of the files before the linters; all of them, and GitHub's own parser too, is ``nox -s ci-files``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.builders import Repo, every_combination
from tests.ci.lint import check_files, write_files

_EVERY = 17  # no divisor of the number of choices of any option: the share has every choice of every option


def _run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(argv, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[Path]]:
    return write_files(tmp_path_factory.mktemp("files"), list(every_combination())[::_EVERY])


def test_the_share_has_every_choice_of_every_option() -> None:
    every, share = (
        {word for name, _ in combinations for word in name.split("-")}
        for combinations in (list(every_combination()), list(every_combination())[::_EVERY])
    )
    assert share == every


@pytest.mark.parametrize("tool", ["zizmor", "GitHub's schema", "GitLab's schema", "actionlint", "yamllint"])
def test_the_linters_find_nothing(files: tuple[list[Path], list[Path]], tool: str) -> None:
    done = _run(check_files(*files)[tool])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("tool", "old", "new"),
    [
        ("zizmor", "persist-credentials: false", "persist-credentials: true"),
        ("zizmor", "permissions: {}\n", ""),
        ("GitHub's schema", "runs-on:", "runs-at:"),
        ("actionlint", "needs.version.outputs.pack ==", "needs.version.outputs.pakc =="),
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
