"""npm asked for its configuration before anybody knows what to do with it: it takes as long as Invoke and all of us to load."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vis_tasks.adapters.ahead import Ahead
from vis_tasks.adapters.npm.config import CONFIG_ENV, CONFIG_WORDS
from vis_tasks.adapters.npm.node import find_npm
from vis_tasks.adapters.process import SubprocessRunner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from vis_tasks.ports import Completed, Runner

__all__ = ["EarlyRunner", "begin_asking"]


@dataclass(frozen=True)
class _Asked:
    """What npm was asked, where, in which environment, and what it said."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    said: Completed


def begin_asking(root: Path) -> Ahead[_Asked]:
    """Begin one npm process in a thread; nothing waits for it, and whatever goes wrong is met again when npm is really asked.

    Args:
        root: the workspace root.
    """
    env = dict(os.environ)
    ahead = Ahead(lambda: _ask(root, env))
    ahead.begin()
    return ahead


def _ask(root: Path, env: dict[str, str]) -> _Asked:
    runner = SubprocessRunner(base_env=env)
    argv = (*find_npm(runner, root, env).argv, *CONFIG_WORDS)
    return _Asked(argv, root, env, runner.run(argv, cwd=root, env=CONFIG_ENV, check=False))


class EarlyRunner:
    """`vis_tasks.ports.Runner` that has the answer to one question already, and gives it once.

    Args:
        runner: runs everything else, and the same question in another folder or environment.
        asked: from `begin_asking`.
    """

    def __init__(self, runner: Runner, asked: Ahead[_Asked]) -> None:
        self._runner = runner
        self._asked: Ahead[_Asked] | None = asked

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        input_text: str | None = None,
        check: bool = True,
        timeout: float | None = None,
    ) -> Completed:
        """As `vis_tasks.ports.Runner.run` says."""
        if self._asked is not None and tuple(argv[-len(CONFIG_WORDS) :]) == CONFIG_WORDS and not check:
            asked, self._asked = self._asked, None
            try:
                known = asked()
            except Exception:  # noqa: BLE001  (asked again, it fails where its message belongs)
                known = None
            if known and (known.argv, known.cwd, known.env) == (tuple(argv), cwd, os.environ) and env == CONFIG_ENV:
                return known.said
        return self._runner.run(argv, cwd=cwd, env=env, input_text=input_text, check=check, timeout=timeout)
