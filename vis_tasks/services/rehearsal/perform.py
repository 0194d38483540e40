"""A rehearsal from its scenarios to its report, for whoever shows it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Failed, UsageError
from vis_tasks.records import dataclass
from vis_tasks.services.rehearsal.outcome import document
from vis_tasks.services.rehearsal.report import forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vis_tasks.services.rehearsal.outcome import Played
    from vis_tasks.services.rehearsal.play import Theatre
    from vis_tasks.services.rehearsal.report import Forecast
    from vis_tasks.services.rehearsal.scenario import Scenario

__all__ = ["Rehearsal", "lanes", "perform", "playable", "refuse_what_stopped"]

_MOST_LANES = 3


@dataclass(frozen=True)
class Rehearsal:
    """What came of a rehearsal.

    Attributes:
        played: the scenarios, in the order they were asked for.
        report: what the real release would do.
    """

    played: tuple[Played, ...]
    report: Forecast

    @property
    def good(self) -> bool:
        """Whether every promise was kept in every scenario."""
        return all(each.good for each in self.played)

    @property
    def broken(self) -> tuple[str, ...]:
        """What was broken, a line each: the scenario, then the promise."""
        return tuple(
            f"{each.name}: {text}"
            for each in self.played
            if not each.good
            for text in (*each.broken, *((each.error.message,) if each.error else ()))
        )

    def document(self) -> dict[str, Any]:
        """Plain JSON values, as ``rehearse --json`` prints them; the first scenario's stand at the top as well."""
        told = [document(each) for each in self.played]
        return {**told[0], "scenarios": told, "report": self.report.document()}


def lanes() -> int:
    """How many scenarios are played at once on this machine."""
    return min(_MOST_LANES, os.cpu_count() or 1)


def perform(theatre: Theatre, scenes: Sequence[Scenario], tell: Callable[[Played], None]) -> Rehearsal:
    """Play what can be played, and say what the real release would do.

    Args:
        theatre: the stage that was set.
        scenes: what to play.
        tell: hears of each scenario as it ends.

    Raises:
        UsageError: code ``NOTHING_STAGED``: there is nothing to decide in any of them.
        Failed: the rehearsed release can't even begin; with the code that the real one would end with.
    """
    played = theatre.play(playable(theatre, scenes), lanes=lanes(), tell=tell)
    refuse_what_stopped(played)
    return Rehearsal(tuple(played), forecast(theatre, played))


def playable(theatre: Theatre, scenes: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """Where nothing is staged there is nothing to decide: only the way through can be played.

    Raises:
        UsageError: code ``NOTHING_STAGED``: that isn't among what was asked for.
    """
    if any(planned.staged for planned in theatre.wave) or not scenes:
        return tuple(scenes)
    left = tuple(scene for scene in scenes if scene.name == "approve")
    if not left:
        raise UsageError(
            "nothing of this wave is staged, so there is nothing to decide in this scenario",
            code="NOTHING_STAGED",
            hint="`invoke rehearse` plays the plain release; staging is `stage` under [release.publish]",
        )
    return left


def refuse_what_stopped(played: Sequence[Played]) -> None:
    """A release that can't even begin to upload says why itself; no promise was at stake.

    Raises:
        Failed: no scenario came further.
    """
    stopped = [each.error for each in played if each.error is not None]
    if stopped and len(stopped) == len(played):
        error = stopped[0]
        raise Failed(
            f"the rehearsed release stopped before anything was uploaded, as the real one would:\n{error.message}",
            code=error.code,
            hint=error.hint,
            details=error.details,
        )
