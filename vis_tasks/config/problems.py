"""What is wrong with a configuration: collected, and told all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core import suggest
from vis_tasks.errors import ConfigError
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Problem", "Problems", "nearest"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong.

    Attributes:
        where: ``vis.toml:12`` or ``env VIS_…``.
        key: dotted TOML key.
        what: what is wrong, as the end of a sentence about the key.
        allowed: what would be right; may be empty.
        suggestion: the nearest right name; may be empty.
    """

    where: str
    key: str
    what: str
    allowed: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.key} {self.what}" if self.key else f"{self.where}: {self.what}"
        if self.suggestion:
            text += f" (did you mean {self.suggestion}?)"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        return text


@dataclass
class Problems:
    """A collector; empty when all is well."""

    found: list[Problem] = field(default_factory=list)

    def add(self, where: str, key: str, what: str, *, allowed: str = "", suggestion: str = "") -> None:
        """Note one."""
        self.found.append(Problem(where, key, what, allowed, suggestion))

    def refuse(self) -> None:
        """End here when there are any.

        Raises:
            ConfigError: with every problem in the order of files and lines; ``details["problems"]`` has them as data.
        """
        if not self.found:
            return
        ordered = sorted(self.found, key=_order)
        lines = [str(problem) for problem in ordered]
        if len(lines) > 1:
            lines = [f"the configuration has {len(lines)} problems:", *(f"  {line}" for line in lines)]
        raise ConfigError(
            "\n".join(lines),
            hint="`vis-tasks config --reference` lists every key; nothing was run",
            details={"problems": [{**vars(problem)} for problem in ordered]},
        )


def _order(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if line.isdigit() else (problem.where, 0)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like ``name``, or an empty string when none is near."""
    by_folded = {each.replace("_", "-").lower(): each for each in known}
    close = suggest.nearest(name.replace("_", "-").lower(), by_folded)
    return by_folded[close] if close else ""
