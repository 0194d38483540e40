"""Completion on the Tab key, in real shells on a real terminal, as docs/completion.md sets it up.

Which shells are tried is what PATH holds: bash everywhere, zsh and fish where they are installed. What sets them up
comes from the page.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.terminal import Watched

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs/completion.md").read_text(encoding="utf-8")
PROMPT = "ready>"
# Without the user's own files; how a prompt is set.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], f"PS1='{PROMPT}'; bind 'set enable-bracketed-paste off'"),
    "zsh": (["zsh", "-f", "-i"], f"autoload -Uz compinit && compinit -u -D; PS1='{PROMPT}'"),
    "fish": (["fish", "--no-config", "-i"], f"function fish_prompt; echo -n '{PROMPT}'; end"),
}
HERE = [shell for shell in SHELLS if shutil.which(shell)] if sys.platform != "win32" else []


def setup_of(shell: str) -> str:
    """What the page puts into a shell's file."""
    (block,) = re.findall(rf"^```{shell}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    return "; ".join(block.splitlines())


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "package.json").write_text('{"name": "w", "private": true, "workspaces": ["packages/*"]}')
    (tmp_path / "tasks.py").write_text("from vis_tasks import release_namespace\n\nns = release_namespace()\n")
    return tmp_path


@contextmanager
def shell_in(repo: Path, shell: str) -> Iterator[Watched]:
    """A shell that somebody sits at, with completion set up."""
    import pty

    from tests.e2e.terminal import _OWN, Watched

    (name, *options), prompt = SHELLS[shell]
    argv = [sys.executable, "-c", _OWN, str(shutil.which(name)), *options]
    lead, follow = pty.openpty()
    env = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(repo),
        "TERM": "dumb" if shell == "fish" else "xterm",
        "LANG": "C.UTF-8",
    }
    process = subprocess.Popen(
        argv, cwd=repo, env=env, stdin=follow, stdout=follow, stderr=follow, start_new_session=True
    )
    os.close(follow)
    try:
        seen = Watched(process, lead, 200, 50)
        seen.press(f"{prompt}\n".encode())
        seen.until(lambda lines: any(line.startswith(PROMPT) for line in lines))
        seen.press(f"{setup_of(shell)}; echo set-{'up'}\n".encode())
        seen.until(lambda lines: lines[-2:] == ["set-up", PROMPT])
        yield seen
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        os.close(lead)


@pytest.mark.parametrize("shell", HERE)
def test_tab_completes_tasks_and_options_of_both_programs(shell: str, repo: Path) -> None:
    with shell_in(repo, shell) as seen:
        for typed, completed in (
            ("vis-tasks rehe", "vis-tasks rehearse"),
            (" --scen", "vis-tasks rehearse --scenario"),
            ("\x15invoke stage.app", "invoke stage.approve"),
            (" --ignore-d", "invoke stage.approve --ignore-dependencies"),
        ):
            seen.press(typed.encode())
            seen.until(lambda lines: typed.strip(" \x15") in lines[-1])  # noqa: B023  (called at once)
            seen.press(b"\t")
            seen.until(lambda lines: completed in " ".join(lines[-1].split()))  # noqa: B023


def test_bash_is_among_the_shells() -> None:
    assert "bash" in HERE or sys.platform == "win32"
