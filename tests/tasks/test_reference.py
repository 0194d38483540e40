"""The command reference and the help of every task."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from vis_tasks import release_namespace
from vis_tasks.program import program
from vis_tasks.tasks.reference import commands_page

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def ns(tmp_path: Path):
    """The namespace of a workspace without targets of its own; a new one, as Invoke's tasks tell their help only once."""
    return release_namespace(tmp_path)


def names() -> list[str]:
    found = release_namespace(TOP / "docs").task_names
    return sorted(min([name, *aliases], key=len) for name, aliases in found.items())


def test_the_page_is_what_the_tasks_give(ns) -> None:
    committed = (TOP / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert committed == commands_page(ns), "vis-tasks config --commands > docs/reference/commands.md"


@pytest.mark.parametrize("name", names())
def test_the_help_of_a_task_shows_an_example_with_options_it_has(
    name: str, ns, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program().run(["vis-tasks", "--help", name], exit=False)

    shown = capsys.readouterr().out
    (example,) = [line.strip() for line in shown.splitlines() if line.strip().startswith("Example:")]
    command, task, *words = shlex.split(example.removeprefix("Example:"))
    assert command in {"invoke", "vis-tasks"}
    assert task == name
    flags = {word.partition("=")[0] for word in words if word.startswith("-")}
    arguments = ns[name].get_arguments()
    assert flags <= {f"--{flag}" for argument in arguments for flag in argument.names}
    assert [argument.name for argument in arguments if not argument.help] == [], "every option says what it is"


def test_a_workspace_has_its_own_targets_on_its_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package.json").write_text('{"name": "w", "private": true}')
    (tmp_path / "vis.toml").write_text('[release.targets.smoke]\nneeds = ["pack"]\nrun = "npm test"\n')
    monkeypatch.chdir(tmp_path)

    program().run(["vis-tasks", "config", "--commands"], exit=False)

    assert "## smoke\n" in capsys.readouterr().out
