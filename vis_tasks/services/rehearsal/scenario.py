"""A scenario: a name, a line, and the script that plays it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.suggest import nearest
from vis_tasks.errors import UsageError
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.services.rehearsal.director import Director

__all__ = ["ALL", "Scenario", "scenarios"]

ALL = "all"


@dataclass(frozen=True)
class Scenario:
    """One script.

    Attributes:
        name: as given to ``--scenario``.
        doc: one line.
        act: plays it; what must have come of it is said through the director.
        client: who uploads where the configuration leaves it open: ``npm`` as on CI, or ``direct``, which starts fewer processes.
    """

    name: str
    doc: str
    act: Callable[[Director], None]
    client: str = "direct"


def scenarios(names: str) -> tuple[Scenario, ...]:
    """Look scenarios up.

    Args:
        names: a name, several with commas between them, or ``all``.

    Raises:
        vis_tasks.errors.UsageError: with the names there are.
    """
    from vis_tasks.services.rehearsal.scenes import SCENES

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if ALL in wanted:
        return tuple(SCENES.values())
    unknown = [name for name in wanted if name not in SCENES]
    if unknown or not wanted:
        raise UsageError(
            f"there is no scenario {(unknown or [names])[0]!r}{_meant(unknown, SCENES)}",
            code="NO_SUCH_SCENARIO",
            hint=_known(SCENES),
        )
    return tuple(SCENES[name] for name in dict.fromkeys(wanted))


def _meant(unknown: Sequence[str], scenes: Mapping[str, Scenario]) -> str:
    close = nearest(unknown[0].lower(), [ALL, *scenes]) if unknown else None
    return f" (did you mean {close}?)" if close else ""


def _known(scenes: Mapping[str, Scenario]) -> str:
    known = "\n".join(f"  {each.name}: {each.doc}" for each in scenes.values())
    return f"choose `all`, or one or several (with commas) of\n{known}"
