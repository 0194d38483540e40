"""The binary without Invoke: the same as with it, in less time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vis_tasks import release_namespace
from vis_tasks.services.release import STANDARD
from vis_tasks.tasks.straight import FLAGS, straight_way

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_target_goes_straight_with_all_its_options_that_take_no_value() -> None:
    tasks = release_namespace().tasks
    stage = release_namespace().collections["stage"].tasks["stage"]
    theirs = {
        name: {
            str(argument.name).replace("_", "-")
            for argument in (stage if name == "stage" else tasks[name]).get_arguments()
            if not argument.takes_value
        }
        for name in FLAGS
    }
    assert theirs == {name: set(flags) for name, flags in FLAGS.items()}
    assert set(FLAGS) == {target.name for target in STANDARD}


@pytest.mark.parametrize("words", [["stage"], ["release", "--resume", "--json"], ["tag", "--packed", "--plan-only"]])
def test_a_target_goes_straight(folder: Path, words: list[str]) -> None:
    assert straight_way(words, {}) is not None


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--list"],
        ["status"],
        ["stage", "tag"],
        ["stage", "--help"],
        ["stage", "--dry"],
        ["--dry", "stage"],
        ["stage", "--packed", "--dotenv=x"],
        ["pack", "--packed"],
        ["stage.approve"],
    ],
    ids=" ".join,
)
def test_all_else_is_left_to_invoke(folder: Path, words: list[str]) -> None:
    assert straight_way(words, {}) is None


def test_so_is_whatever_somebody_configured_invoke_for(folder: Path) -> None:
    assert straight_way(["stage"], {"INVOKE_RUN_DRY": "1"}) is None
    (folder / "invoke.yaml").write_text("run:\n  dry: true\n")
    assert straight_way(["stage"], {}) is None


def test_and_what_stands_in_the_home_folder(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "home/.invoke.json").write_text("{}")
    assert straight_way(["stage"], {}) is None


@pytest.mark.parametrize(
    "words", [["guard"], ["guard", "--json"], ["tag", "--json", "--plan-only"], ["stage", "--packed"]]
)
def test_what_is_said_and_the_exit_code_are_the_same_both_ways(folder: Path, words: list[str]) -> None:
    (folder / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    env = {key: value for key, value in os.environ.items() if not key.startswith("INVOKE_")}
    ends = [
        subprocess.run(
            [sys.executable, "-m", "vis_tasks", *words], env=each, capture_output=True, text=True, check=False
        )
        for each in (env, {**env, "INVOKE_RUN_ECHO": "0"})
    ]
    straight, invoked = ((end.returncode, _timeless(end.stdout), end.stderr) for end in ends)
    assert straight == invoked
    assert straight[0] == 1
    assert "not in a git repository" in straight[1]


def _timeless(text: str) -> str:
    return re.sub(r'"(at|seconds)": .*', "", text)


def test_neither_invoke_nor_anything_else_heavy_is_loaded_to_refuse(folder: Path) -> None:
    code = """
import sys
from vis_tasks.cli import main
sys.argv = ["vis-tasks", "guard"]
try:
    main()
except SystemExit as end:
    heavy = {"invoke", "yaml", "unittest", "asyncio", "rich", "requests", "urllib3", "tomlkit"}
    print(end.code, *sorted(heavy & set(sys.modules)))
"""
    (folder / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1"
