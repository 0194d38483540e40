"""npm is asked once, early; its answer counts only for the very same question."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.early import Asked, EarlyRunner, begin_asking, take_asked
from vis_tasks.adapters.npm.node import find_npm
from vis_tasks.adapters.process import SubprocessRunner

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vis_tasks.ports import Completed

pytestmark = pytest.mark.e2e


class CountingRunner(SubprocessRunner):
    """Runs everything and counts what it ran."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[tuple[str, ...]] = []

    def run(self, argv: Sequence[str], **options: Any) -> Completed:
        self.ran.append(tuple(argv))
        return super().run(argv, **options)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / ".npmrc").write_text("registry=http://localhost:4/\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked() -> Asked | None:
    begin_asking()
    return take_asked()


def load(runner: Any, root: Path) -> NpmConfig:
    return NpmConfig.load(runner, root, os.environ, npm=find_npm(SubprocessRunner(), root, os.environ).argv)


def test_the_answer_is_the_one_npm_gives_and_is_asked_for_once(root: Path) -> None:
    counting = CountingRunner()
    early = load(EarlyRunner(counting, asked()), root)
    assert counting.ran == []
    assert early.registry == "http://localhost:4/"
    assert early.values == load(counting, root).values


def test_it_is_given_once(root: Path) -> None:
    counting = CountingRunner()
    runner = EarlyRunner(counting, asked())
    load(runner, root)
    load(runner, root)
    assert len(counting.ran) == 1


def test_npm_is_asked_again_where_its_environment_has_changed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = CountingRunner()
    runner = EarlyRunner(counting, asked())
    monkeypatch.setenv("npm_config_registry", "http://localhost:5/")
    assert load(runner, root).registry == "http://localhost:5/"
    assert len(counting.ran) == 1


def test_npm_is_asked_again_in_another_folder(root: Path) -> None:
    other = root / "other"
    other.mkdir()
    (other / "package.json").write_text("{}")
    (other / ".npmrc").write_text("registry=http://localhost:6/\n")
    assert load(EarlyRunner(CountingRunner(), asked()), other).registry == "http://localhost:6/"


def test_without_npm_the_trouble_is_met_where_it_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = find_npm(SubprocessRunner(), root, os.environ).argv
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(root))
    nobody = asked()
    assert nobody is None
    monkeypatch.setenv("PATH", path)
    assert NpmConfig.load(EarlyRunner(SubprocessRunner(), nobody), root, os.environ, npm=argv).npm_version
