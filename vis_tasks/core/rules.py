"""How a release spreads: one frozen set of rules, made from ``[release]`` or from changesets' own configuration.

Sources for the changesets sets: `assemble-release-plan` 6.0.10 and 7.0.0, `apply-release-plan` 7.1.1 and 8.0.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vis_tasks.core.model import Level
from vis_tasks.core.selection import Selection
from vis_tasks.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHANGESETS_2", "CHANGESETS_3", "Rules", "Settings", "rules_from"]


class Settings(Selection, Protocol):
    """The part of ``[release]`` that planning reads."""

    @property
    def fixed(self) -> Sequence[Sequence[str]]:
        """Groups of globs whose members always share one version."""
        ...

    @property
    def linked(self) -> Sequence[Sequence[str]]:
        """Groups of globs whose released members share the highest version."""
        ...

    @property
    def rules(self) -> str:
        """Name of the rule set."""
        ...

    @property
    def update_internal_dependents(self) -> str:
        """``"out-of-range"``, ``"patch"`` or ``"minor"``."""
        ...

    @property
    def bump_workspace_caret(self) -> bool:
        """Whether every release leaves ``workspace:^`` and ``workspace:~``."""
        ...

    @property
    def major_before_1_is_minor(self) -> bool:
        """Whether a major below 1.0.0 moves the minor number."""
        ...

    @property
    def minor_before_1_is_patch(self) -> bool:
        """Whether a minor below 1.0.0 moves the patch number."""
        ...


@dataclass(frozen=True)
class Rules:
    """Everything planning needs to know about how to bump.

    Attributes:
        name: ``"vis"``, ``"changesets-2"`` or ``"changesets-3"``.
        include: name globs to version.
        ignore: name globs never to version.
        private_packages: version packages marked private too.
        fixed: groups of name globs that always share one version.
        linked: groups of name globs whose released members share the highest version.
        peers: what a peer dependency does to its dependent when it counts: ``"match"`` gives the source's level, ``"major"`` a
            major for a minor or major (a patch only out of range), ``"patch"`` a patch.
        peers_always: a minor or major of a peer counts even while the range still fits.
        dependents_from: the least level of a release that takes all its dependents along; None: only those out of range.
        ranges_from: the least level of a release that moves a range which still fits, in packages that are written anyway.
        peer_ranges: move the peer ranges that still fit as well.
        dev_ranges: move the dev ranges that still fit as well.
        workspace_protocol_only: leave every range alone that doesn't use ``workspace:``.
        caret_leaves: ``workspace:^`` and ``workspace:~`` count as left by every release (engines before 6.0.9).
        dev_pulls: a dev dependency counts like a plain one (engines before 2.0.0).
        refuse_mixed: refuse a change file that names skipped and other packages together.
        root_ranges: move ranges in a root package.json that is no member.
        keep_style: rewrite x-ranges, ``||`` and two-sided ranges in their own style instead of as an exact version.
        major_before_1_is_minor: below 1.0.0 a major moves the minor number.
        minor_before_1_is_patch: below 1.0.0 a minor moves the patch number.
    """

    name: str = "vis"
    include: tuple[str, ...] = ("*",)
    ignore: tuple[str, ...] = ()
    private_packages: bool = False
    fixed: tuple[tuple[str, ...], ...] = ()
    linked: tuple[tuple[str, ...], ...] = ()
    peers: str = "match"
    peers_always: bool = False
    dependents_from: Level | None = None
    ranges_from: Level = Level.PATCH
    peer_ranges: bool = False
    dev_ranges: bool = False
    workspace_protocol_only: bool = False
    caret_leaves: bool = False
    dev_pulls: bool = False
    refuse_mixed: bool = False
    root_ranges: bool = True
    keep_style: bool = True
    major_before_1_is_minor: bool = False
    minor_before_1_is_patch: bool = False

    @property
    def changesets(self) -> bool:
        """Whether these are rules of changesets, quirks included."""
        return self.name != "vis"


CHANGESETS_2 = Rules(
    name="changesets-2",
    private_packages=True,
    peers="major",
    peers_always=True,
    peer_ranges=True,
    dev_ranges=True,
    refuse_mixed=True,
    root_ranges=False,
    keep_style=False,
)
"""changesets 2.x with an empty configuration."""

CHANGESETS_3 = replace(
    CHANGESETS_2, name="changesets-3", private_packages=False, peers="patch", peers_always=False, root_ranges=True
)
"""changesets 3.x with an empty configuration."""

_FROM = {"patch": Level.PATCH, "minor": Level.MINOR}


def rules_from(config: Settings) -> Rules:
    """The rules that ``[release]`` asks for.

    ``rules = "changesets"`` without a lock file to look at means the newest, 3.x.
    """
    base = {"vis": Rules(), "changesets-2": CHANGESETS_2}.get(config.rules, CHANGESETS_3)
    return replace(
        base,
        include=tuple(config.include),
        ignore=tuple(config.ignore),
        private_packages=config.private_packages or base.private_packages,
        fixed=tuple(tuple(group) for group in config.fixed),
        linked=tuple(tuple(group) for group in config.linked),
        dependents_from=_FROM.get(config.update_internal_dependents),
        caret_leaves=config.bump_workspace_caret,
        major_before_1_is_minor=config.major_before_1_is_minor,
        minor_before_1_is_patch=config.minor_before_1_is_patch,
    )
