"""The binary: what it says to a command line that can't be read, and to a reader who goes away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.planning.builders import package, write_workspace
from vis_tasks import release_namespace
from vis_tasks.core.targets import BUILT_IN, COMMANDS

if TYPE_CHECKING:
    from pathlib import Path


def vis(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vis_tasks", *argv], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("argv", "said", "way"),
    [
        (["relese"], "there is no command 'relese' (did you mean release?)", "vis-tasks --list"),
        (["doctor", "stage.aprove"], "there is no command 'stage.aprove' (did you mean stage.approve?)", "--list"),
        (["status", "--wyh"], "status has no option --wyh (did you mean --why?)", "vis-tasks --help status"),
        (["status", "--zzz=1"], "status has no option --zzz", "vis-tasks --help status"),
        (["--lsit"], "vis-tasks has no option --lsit (did you mean --list?)", "vis-tasks --list"),
        (["--help", "relese"], "there is no command 'relese' (did you mean release?)", "vis-tasks --list"),
        (["rehearse", "--scenario"], "--scenario needs a value", "vis-tasks --help rehearse"),
    ],
)
def test_a_wrong_command_line_is_exit_2_with_the_nearest_name(
    tmp_path: Path, argv: list[str], said: str, way: str
) -> None:
    done = vis(tmp_path, *argv)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {said}" in done.stderr
    assert way in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_document_is_printed_of_a_wrong_command_line_too(tmp_path: Path) -> None:
    done = vis(tmp_path, "status", "--bogus", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], document["command"], document["error"]["code"]) == (
        2,
        False,
        "status",
        "USAGE",
    )


@pytest.mark.parametrize("argv", [["-T", "abc", "--list"], ["-F", "bad", "--list"], ["--config=nowhere", "status"]])
def test_an_option_of_invokes_that_can_not_be_read_is_no_traceback(tmp_path: Path, argv: list[str]) -> None:
    done = vis(tmp_path, *argv)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "error: the command line can't be made sense of" in done.stderr


def test_a_reader_who_goes_away_sees_no_traceback(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    argv = [sys.executable, "-m", "vis_tasks", "--list"]
    done = subprocess.run(argv, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)

    assert done.returncode == 1
    assert done.stderr == ""


def test_a_command_with_nobody_to_tell_ends_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    done = subprocess.run(
        ["sh", "-c", '"$0" -m vis_tasks status >&-', sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


TARGET = '[release.targets."{name}"]\nneeds = ["version"]\nrun = "echo hi"\n'


@pytest.mark.parametrize("name", ["ci", "status", "a.b", "next_version", "stage"])
def test_a_target_that_could_not_be_typed_is_an_error_of_the_configuration_and_lists_still_work(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    (tmp_path / "vis.toml").write_text(TARGET.format(name=name))
    done = vis(tmp_path, "status")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "vis.toml:1: release.targets." in done.stdout + done.stderr
    assert vis(tmp_path, "--list").returncode == 0


@pytest.mark.parametrize("where", ["file", "file with a mark", "pyproject", "environment"])
def test_a_declared_target_is_a_command_wherever_it_is_declared(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    text = TARGET.format(name="build")
    if where == "environment":
        monkeypatch.setenv("VIS_RELEASE__TARGETS__BUILD__RUN", "echo hi")
    elif where == "pyproject":
        (tmp_path / "pyproject.toml").write_text(text.replace("[release", "[tool.vis.release"))
    else:
        (tmp_path / "vis.toml").write_text(("\ufeff" if "mark" in where else "") + text, encoding="utf-8")
    assert " build " in vis(tmp_path, "--list").stdout


@pytest.mark.parametrize(("doc", "said"), [('doc = "Build all."', "Build all."), ("", "A target of your own.")])
def test_a_declared_target_is_listed_with_its_own_line(tmp_path: Path, doc: str, said: str) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    (tmp_path / "vis.toml").write_text(f'[release.targets.build]\nrun = "echo hi"\n{doc}\n')
    (line,) = (line for line in vis(tmp_path, "--list").stdout.splitlines() if " build " in line)
    assert line.split(maxsplit=1)[1] == said


def test_targets_in_a_circle_are_told_by_the_check_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    (tmp_path / "vis.toml").write_text('[release.targets.a]\nneeds = ["b"]\n[release.targets.b]\nneeds = ["a"]\n')
    done = vis(tmp_path, "config", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "TARGET_CYCLE")


def test_examples_in_the_help_name_the_binary(tmp_path: Path) -> None:
    assert "Example: vis-tasks stage.list" in vis(tmp_path, "--help", "stage.list").stdout


def test_no_target_can_have_the_name_of_a_command() -> None:
    groups = {name.partition(".")[0] for name in release_namespace().task_names}
    assert groups == COMMANDS | {*BUILT_IN}


def test_a_target_in_python_that_could_not_be_typed_ends_the_program_with_words(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    text = (
        "from vis_tasks import Target, release_namespace\nns = release_namespace(targets=[Target('ci', run=print)])\n"
    )
    (tmp_path / "tasks.py").write_text(text)
    argv = [sys.executable, "-m", "invoke", "--list"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "the target 'ci' has the name of a command" in done.stderr


def test_hints_name_the_program_that_was_called(tmp_path: Path) -> None:
    write_workspace(tmp_path, package("a"))
    (tmp_path / "vis.toml").write_text("[release]\n")
    (tmp_path / "tasks.py").write_text(
        "from invoke import Collection\nfrom vis_tasks import release_namespace\n"
        "ns = Collection(ship=release_namespace())\n"
    )

    def hint(*program: str) -> str:
        argv = [sys.executable, "-m", *program]
        done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
        told: str = json.loads(done.stdout)["error"]["hint"]
        return told

    assert hint("vis_tasks", "stage.restage", "--json") == "`vis-tasks stage.list` shows what was rejected"
    assert hint("invoke", "ship.stage.restage", "--json") == "`invoke ship.stage.list` shows what was rejected"


def test_hints_are_right_where_our_tasks_are_mounted_under_the_name_of_one_of_them(tmp_path: Path) -> None:
    write_workspace(tmp_path, package("a"))
    (tmp_path / "vis.toml").write_text("[release]\n")
    (tmp_path / "tasks.py").write_text(
        "from invoke import Collection\nfrom vis_tasks import release_namespace\n"
        "ns = Collection(release=release_namespace())\n"
    )
    argv = [sys.executable, "-m", "invoke", "release.stage.restage"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "`invoke release.stage.list` shows what was rejected" in done.stdout
