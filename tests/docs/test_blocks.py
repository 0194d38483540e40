"""Code in the documentation: Python runs, TOML loads as our configuration, JSON and YAML parse, commands and options exist."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.docs.pages import PAGES, TOP, Block, Page
from vis_tasks import release_namespace
from vis_tasks.config.load import load_config

if TYPE_CHECKING:
    from pathlib import Path

PLACES = [(page, block) for page in PAGES for block in page.blocks]
FILES = {"# tasks.py": ["invoke", "--list"], "# noxfile.py": ["nox", "--list"]}
CORE = {"--list", "--help", "--version", "--dry", "--print-completion-script", "--complete", "-h", "-l"}
SHELLS = {"sh", "bash", "zsh", "fish", "console", "text"}
# Sessions that the plugin registers, beside those of our own noxfile.
PLUGIN = {"rehearse", "ci-check", "release-check"}


def of(*languages: str) -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}:{block.line}") for page, block in PLACES if block.language in languages
    ]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example workspace in a repository of its own, and the current folder."""
    root = tmp_path / "workspace"
    shutil.copytree(TOP / "examples/monorepo", root)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for argv in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        subprocess.run([*git, *argv], cwd=root, check=True, capture_output=True)
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize("block", of("python"))
def test_python_runs(block: Block, workspace: Path) -> None:
    first = block.text.partition("\n")[0]
    if first in FILES:
        (workspace / first.removeprefix("# ")).write_text(block.text, encoding="utf-8")
        done = subprocess.run([sys.executable, "-m", *FILES[first]], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "rehearse" in done.stdout
    else:
        exec(compile(block.text, "block", "exec"), {"__name__": "block"})  # noqa: S102  (our own page)


@pytest.mark.parametrize("block", of("toml"))
def test_toml_loads_as_our_configuration(block: Block, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "w", "private": true, "workspaces": ["packages/*"]}')
    name = "pyproject.toml" if "[tool.vis" in block.text else "vis.toml"
    (tmp_path / name).write_text(block.text, encoding="utf-8")

    loaded = load_config(tmp_path, {})

    assert list(loaded.warnings) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_json_and_yaml_parse(page: Page) -> None:
    for block in page.blocks:
        if block.language == "json":
            json.loads(block.text)
        elif block.language in {"yaml", "yml"}:
            assert yaml.safe_load(block.text) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Page) -> None:
    # Targets that the page itself declares are tasks too.
    own = re.findall(r"^\[release\.targets\.([\w-]+)\]|\bTarget\(\"([\w-]+)\"", page.text, flags=re.MULTILINE)
    names = frozenset(name for pair in own for name in pair if name)

    assert [trouble for line in commands_of(page) for trouble in troubles(line, names)] == []


def commands_of(page: Page) -> list[str]:
    """Command lines of ours, in blocks and in the text."""
    lines = [line.strip() for block in page.blocks if block.language in SHELLS for line in block.text.splitlines()]
    parts = [part.strip().removeprefix("$ ") for line in [*lines, *page.spans] for part in re.split(r"&&|;|\|", line)]
    return [part for part in parts if part.startswith(("invoke ", "vis-tasks ", "nox -s ", ".venv/bin/invoke "))]


@cache
def options() -> dict[str, dict[str, bool]]:
    """Tasks, their options, and whether an option takes a value."""
    ns = release_namespace(TOP / "docs")
    found = {
        name: {f"--{flag}": argument.takes_value for argument in ns[name].get_arguments() for flag in argument.names}
        for name in ns.task_names
    }
    return found | {alias: found[name] for name, aliases in ns.task_names.items() for alias in aliases}


def troubles(line: str, own: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with a command line; words in ``<…>`` and ``[…]`` and after ``…`` stand for anything."""
    text = re.sub(r"\s#.*|\[[^\]]*\]|\s\w+\.$", "", line.partition("…")[0])
    try:
        program, *words = shlex.split(text)
    except ValueError:
        program, *words = text.split()
    if program == "nox":
        sessions = set(
            re.findall(r'^def (\w+)\(session|name="([\w-]+)"', (TOP / "noxfile.py").read_text(), re.MULTILINE)
        )
        known = {name for pair in sessions for name in pair if name} | PLUGIN
        return [f"{line}: no session {words[1]}"] if words[1:] and words[1] not in known else []
    found: list[str] = []
    current: dict[str, bool] | None = None
    skip = False
    for word in words:
        flag = word.partition("=")[0]
        if skip:
            skip = False
        elif word in CORE:
            skip = word == "--print-completion-script"
        elif word.startswith("-"):
            if current is None or flag not in current:
                found.append(f"{line}: no option {flag}")
            skip = bool(current and current.get(flag)) and "=" not in word
        elif current is None or (word in options() and "--goal" not in current):
            name = word.removeprefix("npm.")
            current = options().get("pack" if name in own else name)
            if current is None:
                found.append(f"{line}: no task {word}")
                break
    return found


def test_a_wrong_option_and_a_wrong_task_are_found() -> None:
    assert troubles("invoke relaese") == ["invoke relaese: no task relaese"]
    assert troubles("vis-tasks status --wyh") == ["vis-tasks status --wyh: no option --wyh"]
    assert troubles("invoke doctor release --plan-only") == []
    assert troubles("invoke explain tag --format=mermaid") == []


def test_there_is_something_to_check() -> None:
    assert all(of(language) for language in ("python", "toml", "sh"))
    assert sum(len(commands_of(page)) for page in PAGES) > 50
