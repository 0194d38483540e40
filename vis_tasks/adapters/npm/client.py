"""Uploads by the npm client, and what their endings mean. One npm process an upload (0.6 to 1 s).

The registry's list and documents stay the judges: an ending that leaves room for doubt is AMBIGUOUS, never STAGED.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vis_tasks.adapters.npm.output import NpmError, npm_error, package_entry
from vis_tasks.adapters.redact import redact
from vis_tasks.errors import Failed
from vis_tasks.patterns import regex
from vis_tasks.ports import Staged, StageOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vis_tasks.adapters.npm.config import NpmConfig
    from vis_tasks.ports import Completed, Runner, Tarball

__all__ = ["NpmClientStager", "is_stage_id", "npm_env", "outcome_of"]

_UUID = regex(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_REFUSED = regex(r"E4\d\d|EPRIVATE|ENEEDAUTH|EOTP|EUSAGE|EUNSCOPED|EBADSEMVER|EINVALIDTAGNAME|ERR_INVALID_AUTH")
# The registry didn't look at the request: it may pass next time.
_TRANSIENT = frozenset({"E408", "E420", "E425", "E429"})
_NETWORK = regex(
    r"E5\d\d|ECONN\w+|\w*TIMEOUT|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|ENETUNREACH|EHOSTUNREACH|EPIPE|EPROTO|FETCH_ERROR|ERR_(STREAM|SSL|SOCKET|TLS)\w*"
)
# Only these tell a live version from a staged one: both are 409 when staging, and "previously published" stands for either.
_LIVE_WORDS = regex(r"cannot publish over|already present", re.IGNORECASE)
# npm says this when all of its own checks are done, right before it sends anything.
_SENDING = regex(r"\bnotice (Staging|Publishing) to ")
_TIMEOUT = 15 * 60.0


def npm_env(config: NpmConfig) -> dict[str, str]:
    """Variables for npm processes of ours: ``NPM_TOKEN`` as a credential, no look-ups for newer npm versions."""
    return {"npm_config_update_notifier": "false", **config.child_env()}


def is_stage_id(text: object) -> bool:
    """Whether this is an id that npm's own commands take: a UUID."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


class NpmClientStager:
    """`vis_tasks.ports.Stager` over ``npm stage publish`` and ``npm publish``: OIDC and provenance are npm's.

    Args:
        runner: starts npm.
        npm: how npm is started, see `vis_tasks.adapters.npm.node.find_npm`.
        config: npm's configuration.
        root: the workspace root, where npm runs.
        registry: where everything goes, scopes and ``publishConfig`` or not; by default where npm would publish each package.
        provenance: ``"auto"`` leaves it to npm (on under OIDC for public packages), ``"true"``, ``"false"``.
    """

    def __init__(
        self,
        runner: Runner,
        npm: Sequence[str],
        config: NpmConfig,
        root: Path,
        *,
        registry: str | None = None,
        provenance: str = "auto",
    ) -> None:
        self._runner = runner
        self._npm = tuple(npm)
        self._config = config
        self._root = root
        self._registry = registry
        self._provenance = provenance

    def stage(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """``npm stage publish``. It is one POST, which npm never sends twice; only its reads are retried.

        Raises:
            vis_tasks.errors.Failed: code ``NOT_FOUND`` when npm isn't there.
        """
        retries = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
        return self._upload(("stage", "publish"), tarball, tag=tag, access=access, options=retries)

    def publish(self, tarball: Tarball, *, tag: str, access: str | None) -> Staged:
        """``npm publish``. npm would retry this PUT, and a first try that got through would come back as "already published".

        So retries are off, and a broken connection is AMBIGUOUS.

        Raises:
            vis_tasks.errors.Failed: code ``NOT_FOUND`` when npm isn't there.
        """
        return self._upload(("publish",), tarball, tag=tag, access=access, options=("--fetch-retries=0",))

    def _upload(
        self, command: tuple[str, ...], tarball: Tarball, *, tag: str, access: str | None, options: tuple[str, ...]
    ) -> Staged:
        argv = [
            *(*self._npm, *command, str(tarball.path)),
            *("--ignore-scripts", "--json", "--no-dry-run", "--loglevel=notice", "--no-color"),
            *self._tag_options(tarball, tag),
            *([f"--access={access}"] if access else []),
            *self._registry_options(tarball),
            *{"true": ("--provenance",), "false": ("--no-provenance",)}.get(self._provenance, ()),
            *options,
        ]
        try:
            done = self._runner.run(argv, cwd=self._root, env=npm_env(self._config), check=False, timeout=_TIMEOUT)
        except Failed as error:
            if error.code == "TIMEOUT":
                return Staged(StageOutcome.AMBIGUOUS, why=error.message, code=error.code)
            raise
        return outcome_of(done, tarball, staging=command[0] == "stage")

    def _tag_options(self, tarball: Tarball, tag: str) -> tuple[str, ...]:
        """``--tag``, but for the one case where leaving it out means the same and keeps npm's guard.

        Without ``--tag`` npm refuses to move ``latest`` to a version below the highest live one.
        """
        publish_config = tarball.manifest.get("publishConfig")
        own = isinstance(publish_config, dict) and "tag" in publish_config
        configured = any("tag" in layer for _, layer in self._config.layers)
        if tag == "latest" and not own and not configured and "-" not in tarball.version.partition("+")[0]:
            return ()
        return (f"--tag={tag}",)

    def _registry_options(self, tarball: Tarball) -> tuple[str, ...]:
        publish_config = tarball.manifest.get("publishConfig")
        own = publish_config if isinstance(publish_config, dict) else None
        url = self._registry or self._config.registry_for(tarball.name, own)
        scope, slash, _ = tarball.name.partition("/")
        # A scope's own registry goes before --registry in npm, so both are said.
        return (f"--registry={url}", *([f"--{scope}:registry={url}"] if slash else []))


def outcome_of(done: Completed, tarball: Tarball, *, staging: bool) -> Staged:
    """What the end of an npm upload means.

    Args:
        done: the npm process.
        tarball: what was to be uploaded.
        staging: whether an id is owed (``npm stage publish``).
    """
    if done.code == 0:
        return _success(done, tarball, staging=staging)
    error = npm_error(done.stdout, done.stderr)
    if error is None:
        tail = redact(" ".join((done.stderr or done.stdout).split())[-300:])
        return Staged(StageOutcome.AMBIGUOUS, why=f"npm ended with exit code {done.code} and no error: {tail}")
    return Staged(_meaning(error, done.stderr), why=error.words, code=error.code)


def _success(done: Completed, tarball: Tarball, *, staging: bool) -> Staged:
    entry = package_entry(done.stdout, tarball.name)
    if entry is None or entry.get("version") != tarball.version:
        return Staged(
            StageOutcome.AMBIGUOUS, why=f"npm ended well but says nothing of {tarball.name}@{tarball.version}"
        )
    if entry.get("integrity") not in {None, tarball.integrity}:
        return Staged(
            StageOutcome.AMBIGUOUS,
            why=f"npm uploaded other bytes than were packed: {entry.get('integrity')} instead of {tarball.integrity}",
        )
    if not staging:
        return Staged(StageOutcome.STAGED)
    stage_id = entry.get("stageId")
    if not is_stage_id(stage_id):
        return Staged(StageOutcome.AMBIGUOUS, why="npm ended well but gave no stage id")
    return Staged(StageOutcome.STAGED, stage_id=stage_id)


def _meaning(error: NpmError, stderr: str) -> StageOutcome:
    if _LIVE_WORDS.search(error.words) and error.code in {"", "E403", "E409"}:
        return StageOutcome.ALREADY_LIVE
    if error.code == "E409":
        return StageOutcome.ALREADY_STAGED
    if error.code in _TRANSIENT or _NETWORK.fullmatch(error.code):
        return StageOutcome.AMBIGUOUS
    if _REFUSED.fullmatch(error.code):
        return StageOutcome.REFUSED
    return StageOutcome.AMBIGUOUS if _SENDING.search(stderr) else StageOutcome.REFUSED
