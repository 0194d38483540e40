"""What is released in the trials, and what the humans decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["SCENARIOS", "Scenario"]


@dataclass(frozen=True)
class Scenario:
    """What is released, and what the humans decide whenever they get to it.

    Attributes:
        verdicts: package → ``approve``, ``reject``, ``block`` (approved, and stopped by the registry's scan) or ``usurp``
            (rejected, and others put their bytes live under the number); the rest is left until the end, and approved then.
        readable: whether the credentials can read the stage list; else it is OIDC.
        config: more of vis.toml.
        concurrency: uploads at once.
        late: an earlier wave has timed out before, and was approved since.
        refuse: the push to main, counted from 1, that the remote refuses; 0 for none.
        locked: a lock on the remote is held; fresh clones then are on another machine.
        moved: somebody pushes to main while the first run waits; it is CI that releases.
        ends: the exit code of a run that does all it can.
    """

    name: str
    verdicts: Mapping[str, str]
    readable: bool = True
    config: str = ""
    concurrency: int = 1
    late: bool = False
    refuse: int = 0
    locked: bool = False
    moved: bool = False
    ends: int = 0


_ALL = {"core": "approve", "app": "approve", "tool": "approve"}
SCENARIOS = {
    each.name: each
    for each in (
        Scenario("approved", _ALL),
        Scenario("mixed", {"core": "approve", "tool": "reject"}, concurrency=3),
        Scenario("unreadable", {"core": "approve", "app": "approve"}, readable=False),
        Scenario("late", _ALL, late=True),
        Scenario("plain", {"core": "approve", "app": "approve"}, config="\n[release.packages.tool]\nstage = false\n"),
        Scenario(
            "branch", {"core": "approve", "tool": "reject"}, config='\n[release]\nstate-branch = "vis-release-state"\n'
        ),
        Scenario("locked", _ALL, config="\n[release]\nremote-lock = true\n", locked=True),
        Scenario("blocked", {**_ALL, "tool": "block"}),
        Scenario("mismatch", {**_ALL, "tool": "usurp"}, ends=3),
        Scenario("moved", _ALL, moved=True),
        Scenario("version-refused", _ALL, refuse=1),
        Scenario("chore-refused", _ALL, refuse=2),
    )
}
