"""The Nox sessions that a user's noxfile registers, by the real Nox.

``--no-venv --no-install`` makes Nox run the sessions in the environment of these tests, so that nothing is downloaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/nox-user"
WITH_A_ROOT = 'from vis_tasks.nox import register\n\nregister(root="inner", prefix="npm-", default=False)\n'


@dataclass(frozen=True)
class User:
    """A repository with a noxfile."""

    root: Path

    def nox(self, *argv: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        env = {name: value for name, value in os.environ.items() if not name.startswith(("VIS_", "GITHUB_", "NOX"))}
        return subprocess.run(
            [sys.executable, "-m", "nox", "--no-venv", "--no-install", "--non-interactive", *argv],
            cwd=self.root,
            env={**env, "PATH": path, "NOX_CACHE_DIR": str(self.root / ".nox")},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def user(tmp_path: Path) -> User:
    root = tmp_path / "repo"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".nox", "__pycache__"))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for argv in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *argv], cwd=root, check=True, capture_output=True)
    return User(root)


def test_the_example_lists_our_sessions_beside_its_own_and_runs_only_its_own_by_default(user: User) -> None:
    listed = user.nox("--list").stdout

    for line in (
        "- rehearse [release] -> Rehearse a release on copies of this repository",
        "- ci-check [release] -> Fail when the committed CI files",
        "- release-check [release] -> Check the configuration",
        "* lint -> One of the repository's own sessions",
    ):
        assert line in listed


def test_release_check_shows_what_a_release_would_version(user: User) -> None:
    done = user.nox("-s", "release-check")

    assert done.returncode == 0, done.stderr
    assert "1.0.0  1.1.0  minor" in done.stdout + done.stderr


def test_release_check_fails_on_a_change_file_that_names_no_package(user: User) -> None:
    change = user.root / ".vis/release/bright-lamps-glow.md"
    change.write_text(change.read_text(encoding="utf-8").replace("hello", "helo"), encoding="utf-8")

    done = user.nox("-s", "release-check")

    assert done.returncode == 1
    assert "@nox-user/helo" in done.stdout + done.stderr


def test_ci_check_fails_until_the_ci_files_are_generated(user: User) -> None:
    assert user.nox("-s", "ci-check").returncode == 1

    argv = [sys.executable, "-m", "vis_tasks", "ci.generate", "--provider=github"]
    # Without an index nothing is looked up outside of this machine.
    subprocess.run(argv, cwd=user.root, env=os.environ | {"UV_NO_INDEX": "1"}, check=True, capture_output=True)

    assert user.nox("-s", "ci-check").returncode == 0


def test_words_behind_two_dashes_go_to_the_rehearsal_instead_of_the_registered_scenarios(user: User) -> None:
    done = user.nox("-s", "rehearse", "--", "--scenario=sunshine")

    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert told.count("nox > vis-tasks rehearse") == 1
    assert "sunshine" in told


def test_a_workspace_below_the_noxfile_and_names_that_do_not_clash(user: User) -> None:
    inner = user.root / "inner"
    inner.mkdir()
    for name in ("package.json", "packages", ".vis", "vis.toml"):
        shutil.move(user.root / name, inner / name)
    (user.root / "noxfile.py").write_text(WITH_A_ROOT, encoding="utf-8")

    done = user.nox("-s", "npm-release-check")

    assert done.returncode == 0, done.stderr
    assert "@nox-user/hello" in done.stdout + done.stderr
