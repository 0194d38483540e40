"""npm asked for its configuration before anybody knows what to do with it: it takes as long as all of us to load.

Little is imported here, for the same reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from vis_tasks.adapters.npm.ask import CONFIG_ENV, CONFIG_WORDS, ways_to_ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.ports import Completed, Runner

__all__ = ["Asked", "EarlyRunner", "begin_asking"]


class Asked:
    """What npm was asked, where and in which environment; `said` waits for its answer."""

    def __init__(self, argv: tuple[str, ...], root: Path, env: dict[str, str]) -> None:
        self.argv = argv
        self.root = root
        self.env = env
        new_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if sys.platform == "win32" else 0
        self._process = subprocess.Popen(
            argv,
            cwd=root,
            env={**env, **CONFIG_ENV},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            creationflags=new_group,
        )

    def said(self) -> Completed:
        """Its answer, when it has ended."""
        from vis_tasks.ports import Completed

        out, err = self._process.communicate()
        text = out.decode("utf-8", errors="replace"), err.decode("utf-8", errors="replace")
        return Completed(self.argv, self._process.returncode, *text, out)

    def drop(self) -> None:
        """Nobody wants to know."""
        self._process.kill()
        self._process.communicate()


def begin_asking(root: Path) -> Asked | None:
    """Begin one process; nothing waits for it. None where none can be started, which is told when npm is really asked.

    Args:
        root: the workspace root.
    """
    env = dict(os.environ)
    npm = shutil.which("npm")
    try:
        return Asked(ways_to_ask((os.path.abspath(npm),), env)[0], root, env) if npm else None  # noqa: PTH100
    except OSError:
        return None


class EarlyRunner:
    """`vis_tasks.ports.Runner` that has the answer to one question already, and gives it once.

    Args:
        runner: runs everything else, and the same question in another folder or environment.
        asked: from `begin_asking`.
    """

    def __init__(self, runner: Runner, asked: Asked | None) -> None:
        self._runner = runner
        self._asked = asked

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        input_text: str | None = None,
        check: bool = True,
        timeout: float | None = None,
        started: Callable[[], None] | None = None,
    ) -> Completed:
        """As `vis_tasks.ports.Runner.run` says."""
        if self._asked is not None and tuple(argv[-len(CONFIG_WORDS) :]) == CONFIG_WORDS and not check:
            asked, self._asked = self._asked, None
            if (asked.argv, asked.root, asked.env, CONFIG_ENV) == (tuple(argv), cwd, dict(os.environ), env):
                return asked.said()
            asked.drop()
        return self._runner.run(
            argv, cwd=cwd, env=env, input_text=input_text, check=check, timeout=timeout, started=started
        )
