"""Approving and rejecting stages with the npm client, one process and one one-time password a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.npm.client import npm_env
from vis_tasks.adapters.npm.output import npm_error
from vis_tasks.adapters.redact import redact
from vis_tasks.errors import Failed
from vis_tasks.ports import Decided, Deciding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vis_tasks.adapters.npm.config import NpmConfig
    from vis_tasks.ports import Foreground, Runner

__all__ = ["Decided", "Deciding", "NpmDesk"]

_TIMEOUT = 5 * 60.0


class NpmDesk:
    """``npm stage approve`` and ``npm stage reject``. The code goes through the environment, never through an argument.

    Args:
        runner: starts npm.
        npm: how npm is started.
        config: npm's configuration.
        root: where npm runs.
        registry: address of the registry that holds the stages.
        foreground: starts npm at the person's terminal.
    """

    def __init__(
        self,
        runner: Runner,
        npm: Sequence[str],
        config: NpmConfig,
        root: Path,
        *,
        registry: str,
        foreground: Foreground | None = None,
    ) -> None:
        self._runner = runner
        self._npm = tuple(npm)
        self._config = config
        self._root = root
        self._registry = registry
        self._foreground = foreground

    def approve(self, stage_id: str, otp: str | None = None) -> Decided:
        """Approve one stage: it goes live, or on its way there.

        Args:
            stage_id: the registry's UUID.
            otp: a one-time password from an authenticator; None for a user without 2FA.
        """
        return self._decide("approve", stage_id, otp)

    def reject(self, stage_id: str, otp: str | None = None) -> Decided:
        """Reject one stage: its record and its tarball are deleted for good."""
        return self._decide("reject", stage_id, otp)

    def in_foreground(self, verb: str, stage_id: str) -> Decided:
        """Let npm talk to the person itself: web confirmation, security keys, whatever its registry asks for.

        Only npm's exit code is known afterwards, so anything but success is AMBIGUOUS: look at the registry.
        """
        if self._foreground is None:
            return Decided(Deciding.NEEDS_OTP, "npm wants to ask somebody, and there is no terminal")
        argv = [*self._npm, "stage", verb, stage_id, f"--registry={self._registry}", "--fetch-retries=0"]
        code = self._foreground.run(argv, cwd=self._root, env=npm_env(self._config))
        if code == 0:
            return Decided(Deciding.DONE)
        return Decided(Deciding.AMBIGUOUS, f"npm ended with exit code {code}; what it said stands above")

    def _decide(self, verb: str, stage_id: str, otp: str | None) -> Decided:
        argv = [*self._npm, "stage", verb, stage_id, "--json", f"--registry={self._registry}", "--fetch-retries=0"]
        env = npm_env(self._config) | ({"npm_config_otp": otp} if otp else {})
        try:
            done = self._runner.run(argv, cwd=self._root, env=env, check=False, timeout=_TIMEOUT)
        except Failed as error:
            if error.code == "TIMEOUT":
                return Decided(Deciding.AMBIGUOUS, error.message, error.code)
            raise
        if done.code == 0:
            return Decided(Deciding.DONE)
        said = npm_error(done.stdout, done.stderr)
        if said is None:
            return Decided(Deciding.AMBIGUOUS, redact(" ".join(done.stderr.split())[-300:]))
        known = {"E404": Deciding.GONE, "E409": Deciding.CONFLICT, "EOTP": Deciding.NEEDS_OTP}
        refused = {"E400", "E401", "E403", "EUSAGE", "ENEEDAUTH", "ERR_INVALID_AUTH", ""}
        fallback = Deciding.REFUSED if said.code in refused else Deciding.AMBIGUOUS
        return Decided(known.get(said.code, fallback), said.words, said.code, said.auth_url)
