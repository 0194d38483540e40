"""The scenarios: what the maintainer does, how long the release waits, and how often it is run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vis_tasks.errors import UsageError

__all__ = ["SCENARIOS", "Play", "Scenario", "scenario"]


class Play(Enum):
    """What the maintainer does with what is staged during one run."""

    APPROVE = "approves every version"
    REJECT = "rejects every version"
    NOTHING = "does nothing"
    SOME = "approves three of five, leaves the rest"


@dataclass(frozen=True)
class Scenario:
    """One script.

    Attributes:
        name: as given to ``--scenario``.
        doc: one line.
        runs: what the maintainer does during each run of the release.
        approve_between: whether the maintainer approves everything between the runs, while somebody pushes another commit.
        timeout: how long each run waits, in seconds.
    """

    name: str
    doc: str
    runs: tuple[Play, ...]
    timeout: int
    approve_between: bool = False


SCENARIOS = {
    each.name: each
    for each in (
        Scenario("approve", "every version is approved in time", (Play.APPROVE,), 300),
        Scenario("reject", "every version is rejected", (Play.REJECT,), 300),
        Scenario("timeout", "nobody decides before the deadline", (Play.NOTHING,), 6),
        Scenario("mixed", "some versions are approved, the others time out", (Play.SOME,), 20),
        Scenario(
            "late-approval",
            "nobody decides in time; all is approved behind the release's back while main moves on; it runs again",
            (Play.NOTHING, Play.NOTHING),
            6,
            approve_between=True,
        ),
    )
}


def scenario(name: str) -> Scenario:
    """Look a scenario up.

    Raises:
        vis_tasks.errors.UsageError: with the names there are.
    """
    if name not in SCENARIOS:
        known = "\n".join(f"  {each.name}: {each.doc}" for each in SCENARIOS.values())
        raise UsageError(f"there is no scenario {name!r}", code="NO_SUCH_SCENARIO", hint=f"choose one of\n{known}")
    return SCENARIOS[name]
