"""Outages of the git remote, made by the real git: the program at the other end dies, or one of its hooks says no."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.ports import Completed, Runner

__all__ = ["OUTAGES", "Outages", "Wire"]

# What is struck, and what happens to it.
OUTAGES = ("read", "push lost before", "push lost after", "push refused")
_READS = frozenset({"fetch", "ls-remote"})
# Hooks of the receiving side (githooks(5)). The transaction is committed, and nobody hears of it.
_HOOKS = {
    "push lost after": ("reference-transaction", '[ "$1" != committed ] || kill -9 $PPID'),
    "push refused": ("pre-receive", "echo the forge takes no pushes now >&2; exit 1"),
    "protected": ("update", '[ "$1" != refs/heads/main ] || { echo main is protected >&2; exit 1; }'),
}


@dataclass
class Outages:
    """What is about to go wrong between a release and its git remote.

    Attributes:
        hooks: a folder for the hooks.
        counts: is told what struck.
        refused: whether a push was ever told no: what only that checkout holds then is gone with it.
    """

    hooks: Path
    counts: Counter[str]
    refused: bool = False
    _coming: list[str] = field(default_factory=list)

    def add(self, kind: str, times: int) -> None:
        """Let one of `OUTAGES` happen so many times, at the next processes that it can strike."""
        self._coming += [kind] * times

    def clear(self) -> None:
        """All is well again; main stays as protected as it was."""
        self._coming.clear()

    def settings(self, verb: str, *, protected: bool) -> dict[str, str]:
        """Settings for one git process that talks to the remote."""
        kind = next((each for each in self._coming if (each == "read") == (verb in _READS)), None)
        if kind is not None:
            self._coming.remove(kind)
            self.counts[f"git outage: {kind}"] += 1
        elif protected and verb == "push":
            kind = "protected"
        if kind is None:
            return {}
        self.refused = self.refused or kind in {"push refused", "protected"}
        # remote.<name>.uploadpack and receivepack name the program at the other end (git-config(1)); a shell reads them.
        end = f"git -c core.hooksPath={shlex.quote(str(self._hook(kind)))} receive-pack" if kind in _HOOKS else "false"
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"remote.origin.{'uploadpack' if verb in _READS else 'receivepack'}",
            "GIT_CONFIG_VALUE_0": end,
        }

    def _hook(self, kind: str) -> Path:
        name, script = _HOOKS[kind]
        file = self.hooks / kind.replace(" ", "-") / name
        if not file.exists():
            file.parent.mkdir(parents=True)
            file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            file.chmod(0o755)
        return file.parent


class Wire:
    """`vis_tasks.ports.Runner` over which a machine reaches its git remote.

    Args:
        runner: the door to other programs.
        outages: what goes wrong.
        protected: the remote's main takes no pushes from this machine.
    """

    def __init__(self, runner: Runner, outages: Outages, *, protected: bool) -> None:
        self._runner = runner
        self._outages = outages
        self._protected = protected

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
        if argv[0] == "git" and argv[1] in {"push", *_READS}:
            env = {**(env or {}), **self._outages.settings(argv[1], protected=self._protected)}
        return self._runner.run(
            argv, cwd=cwd, env=env, input_text=input_text, check=check, timeout=timeout, started=started
        )
