"""Whoever sits at this terminal, asked; and programs that are given the terminal for a while."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from vis_tasks.adapters.process import find_program
from vis_tasks.adapters.redact import redact, register_secret
from vis_tasks.adapters.terminal import harmless
from vis_tasks.errors import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["AbsentPerson", "TerminalForeground", "TerminalPerson"]

_YES = frozenset({"y", "yes"})


class TerminalPerson:
    """`vis_tasks.ports.Person` at standard input and output.

    Args:
        env: for ``NPM_OTP``.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._given = [env["NPM_OTP"].strip()] if env.get("NPM_OTP", "").strip() else []

    @property
    def here(self) -> bool:
        """Whether anybody can be asked; npm itself asks only under the same conditions (its ``lib/utils/auth.js``)."""
        return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))

    def code(self) -> str | None:
        """A one-time password; it is kept out of everything that is shown from then on."""
        found = self._given.pop() if self._given else self._ask_code()
        register_secret(found)
        return found

    def _ask_code(self) -> str | None:
        if not self.here:
            return None
        from getpass import getpass

        try:
            typed = getpass("One-time password (Enter gives up): ")
        except EOFError:
            return None
        return "".join(typed.split()) or None

    def agrees(self, question: str, *, default: bool) -> bool:
        """Ask yes or no."""
        if not self.here:
            return False
        try:
            typed = input(f"{harmless(redact(question))} {'[Y/n]' if default else '[y/N]'} ").strip().lower()
        except EOFError:
            return False
        return default if not typed else typed in _YES


class AbsentPerson:
    """`vis_tasks.ports.Person` where a program decides: codes come from it, and nothing is asked at a terminal.

    Args:
        give: makes a one-time password each time one is wanted; None for none.
    """

    here = False

    def __init__(self, give: Callable[[], str | None]) -> None:
        self._give = give

    def code(self) -> str | None:
        """A one-time password; it is kept out of everything that is shown from then on."""
        found = self._give()
        register_secret(found)
        return found

    def agrees(self, question: str, *, default: bool) -> bool:  # noqa: ARG002  (the port's)
        """Nobody is asked."""
        return False


class TerminalForeground:
    """`vis_tasks.ports.Foreground`: the program inherits our terminal and process group, so Ctrl-C reaches it as well as us.

    Args:
        base_env: the environment to start from.
    """

    def __init__(self, base_env: Mapping[str, str]) -> None:
        self._base_env = base_env

    def run(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
        """Run to the end; nothing of it is read or kept.

        Raises:
            vis_tasks.errors.Failed: code ``NOT_FOUND``.
        """
        full_env = dict(self._base_env) | dict(env or {})
        program = find_program(argv[0], env=full_env, cwd=cwd)
        if program is None:
            raise Failed(f"{argv[0]}: program not found", code="NOT_FOUND", hint=f"Install {argv[0]}.")
        sys.stdout.flush()
        process = subprocess.Popen([str(program), *argv[1:]], cwd=cwd, env=full_env)
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
