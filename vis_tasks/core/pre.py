"""changesets' pre mode, as ``.changeset/pre.json`` records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.versions import parse
from vis_tasks.errors import UsageError
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PreState", "counter_after"]


@dataclass(frozen=True)
class PreState:
    """The state of pre mode.

    Attributes:
        mode: ``"pre"`` while prereleases are made, ``"exit"`` once the next release is to be a real one.
        tag: prerelease identifier and dist-tag.
        used: ids of change files that an earlier prerelease already used (2.x keeps them in pre.json, 3.x below ``pre/``).
        initial_versions: versions when pre mode began, by package (2.x).
        raw: the whole document, so that unknown keys survive.
    """

    mode: str
    tag: str
    used: tuple[str, ...] = ()
    initial_versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    raw: Mapping[str, object] = field(default_factory=dict, hash=False, compare=False)

    @property
    def exiting(self) -> bool:
        """Whether the next release leaves pre mode."""
        return self.mode == "exit"


def counter_after(version: str) -> int:
    """The counter of the next prerelease: one more than the second prerelease identifier, or 0 without one.

    Raises:
        UsageError: the second identifier isn't a number.
    """
    identifiers = parse(version).prerelease
    if len(identifiers) < 2:
        return 0
    last = identifiers[1]
    if not isinstance(last, int):
        msg = f'the prerelease version {version} doesn\'t end in a counter, as "{identifiers[0]}.0" does'
        raise UsageError(msg, code="VERSION", hint="set the version by hand to one with a counter")
    return last + 1
