"""The settings a schedule is played under, and one prepared world for each of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.rig.remote import STATE_BRANCH
from tests.rig.sandbox import CONFIG, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MACHINES", "PACKAGES", "Variant", "prepared"]

PACKAGES: dict[str, dict[str, Any]] = {"core": {}, "app": {"dependencies": {"core": "~1.0.0"}}, "tool": {}}
MACHINES = ("ci", "laptop")
_CONFIG = CONFIG.format(concurrency=1)


@dataclass(frozen=True)
class Variant:
    """One way to have it set up.

    Attributes:
        trusted: CI is a trusted publisher that may stage and nothing else: no readable list, no plain publish.
        checkpoint: ``auto``, ``always`` or ``never``.
        concurrency: uploads at once.
        plain: ``tool`` is published plainly.
        detached: a release ends after staging.
        remote_lock: a ref on the remote is taken for the length of a release.
        state_branch: staged.json has a branch of its own.
        protected: CI may not push to main, only a maintainer may.
        status: the registry tells the status of single versions; without it less is known of what is gone.
    """

    trusted: bool = False
    checkpoint: str = "auto"
    concurrency: int = 1
    plain: bool = False
    detached: bool = False
    remote_lock: bool = False
    status: bool = True
    state_branch: bool = False
    protected: bool = False

    @property
    def config(self) -> str:
        """vis.toml."""
        return _CONFIG + ("[release.packages.tool]\nstage = false\n" if self.plain else "")

    @property
    def settings(self) -> dict[str, str]:
        """The variables above it."""
        return {
            "VIS_RELEASE__REMOTE_LOCK": str(self.remote_lock).lower(),
            "VIS_RELEASE__PUBLISH__CONCURRENCY": str(self.concurrency),
            "VIS_RELEASE__PUBLISH__STAGE__CHECKPOINT": self.checkpoint,
            "VIS_RELEASE__PUBLISH__STAGE__MODE": "detached" if self.detached else "wait",
        } | ({"VIS_RELEASE__STATE_BRANCH": STATE_BRANCH} if self.state_branch else {})


def prepared(home: Path, variant: Variant, folder: Path) -> Sandbox:
    """A world of its own in a folder: repositories, a checkout for each machine, and the registry's data."""
    template = home / f"template-{'plain' if variant.plain else 'staged'}"
    if not template.exists():
        box = Sandbox.build(template, PACKAGES, config=variant.config)
        shutil.rmtree(box.work)
        for machine in MACHINES:
            box.clone(machine)
        box.furnish(PACKAGES)
    return Sandbox(template).copy(folder)
