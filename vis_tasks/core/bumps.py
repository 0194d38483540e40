"""How far every package moves: one work list over the dependency graph, shared by all rule sets.

A package comes back onto the list only when its level, its group's version or its mere presence changed; levels only rise, so
each package is looked at a few times at most and a cycle ends by itself.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from vis_tasks.core.graph import dependent_packages, edges_between, effective_range
from vis_tasks.core.model import Level, Reason
from vis_tasks.core.pre import counter_after
from vis_tasks.core.ranges import is_range, satisfies
from vis_tasks.core.versions import bump, highest, is_valid, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vis_tasks.core.graph import Edge
    from vis_tasks.core.model import Package, Workspace
    from vis_tasks.core.pre import PreState
    from vis_tasks.core.rules import Rules

__all__ = ["Bumps"]

_PULLING = frozenset({"dependencies", "optionalDependencies", "peerDependencies"})


class Bumps:
    """The state of one planning run.

    Args:
        workspace: all packages.
        rules: how bumps spread.
        skipped: names that are never versioned.
        fixed: groups of names.
        linked: groups of names.
        pre: changesets' pre mode.
        prerelease: identifier of the release channel's prereleases.
        pinned: exact new versions by name (``releaseAs``).

    Attributes:
        levels: level by name; `Level.NONE` for packages that are only touched (their ranges may move).
        bases: the version a package is counted from: its own, or its group's highest.
        reasons: why, by name, in no particular order.
    """

    def __init__(
        self,
        workspace: Workspace,
        rules: Rules,
        *,
        skipped: frozenset[str],
        fixed: tuple[tuple[str, ...], ...],
        linked: tuple[tuple[str, ...], ...],
        pre: PreState | None = None,
        prerelease: str | None = None,
        pinned: Mapping[str, str] | None = None,
    ) -> None:
        self.packages = workspace.by_name
        self.rules = rules
        self.skipped = skipped
        self.pre = pre
        self.prerelease = prerelease
        self.pinned = dict(pinned or {})
        self.levels: dict[str, Level] = {}
        self.bases: dict[str, str] = {}
        self.reasons: dict[str, set[Reason]] = {}
        self._dependents = dependent_packages(workspace)
        self._groups = [("fixed", group) for group in fixed] + [("linked", group) for group in linked]
        self._groups_of: dict[str, list[int]] = {}
        for number, (_, group) in enumerate(self._groups):
            for name in group:
                self._groups_of.setdefault(name, []).append(number)
        self._tops = [self._top(group) for _, group in self._groups]
        self._counters = self._pre_counters()
        self._versions: dict[tuple[str, str, Level], str] = {}
        self._waiting: deque[str] = deque()
        self._queued: set[str] = set()

    def base(self, name: str) -> str:
        """The version the package is counted from."""
        return self.bases.get(name) or self.packages[name].version

    def new_version(self, name: str) -> str:
        """The version at the level reached so far; the current one when it isn't released."""
        level = self.levels.get(name, Level.NONE)
        base = self.base(name)
        if level is Level.NONE:
            return base
        if name in self.pinned:
            return self.pinned[name]
        key = (name, base, level)
        if key not in self._versions:
            self._versions[key] = self._count(name, base, level)
        return self._versions[key]

    def add(self, name: str, level: Level, reason: Reason | None = None) -> None:
        """Ask for a level; the highest asked for wins. `Level.NONE` only touches the package."""
        if reason is not None:
            self.reasons.setdefault(name, set()).add(reason)
        known = self.levels.get(name)
        if known is not None and not known < level:
            return
        self.levels[name] = level
        self._enqueue(name)

    def run(self, seeds: Iterable[str] = ()) -> None:
        """Spread until nothing moves: dependents first, then the groups that were reached."""
        for name in seeds:
            self._enqueue(name)
        while self._waiting:
            touched: dict[int, None] = {}
            while self._waiting:
                name = self._waiting.popleft()
                self._queued.discard(name)
                for number in self._groups_of.get(name, ()):
                    touched.setdefault(number)
                self._pull_dependents(name)
            for number in sorted(touched):
                self._align(number)

    def _enqueue(self, name: str) -> None:
        if name not in self._queued:
            self._queued.add(name)
            self._waiting.append(name)

    # --- dependents

    def _pull_dependents(self, name: str) -> None:
        target = self.packages[name]
        for dependent in self._dependents.get(name, ()):
            each = edges_between(dependent, name)
            if not _counts(each, target, self.rules):
                continue
            if dependent.name in self.skipped:
                self.add(dependent.name, Level.NONE)
            elif self.levels[name] is not Level.NONE:
                for edge in each:
                    self._pull(edge)

    def _pull(self, edge: Edge) -> None:
        source, level = edge.dependency, self.levels[edge.dependency]
        out = self._leaves(edge)
        along = self.rules.dependents_from is not None and not level < self.rules.dependents_from
        if edge.table not in _PULLING and not self.rules.dev_pulls:
            if out or along:
                self.add(edge.dependent, Level.NONE)
            return
        peer = edge.table == "peerDependencies"
        wanted = self._peer_level(level, out=out, along=along) if peer else Level.PATCH if out or along else None
        if wanted is None:
            return
        why = f"{source} becomes {self.new_version(source)}"
        why += f', which leaves "{edge.spec}"' if out else f', and "{edge.spec}" depends on it'
        self.add(edge.dependent, wanted, Reason("peer" if peer else "dependency", source, wanted, why))

    def _peer_level(self, level: Level, *, out: bool, along: bool) -> Level | None:
        if self.rules.peers == "major" and level.value > Level.PATCH.value and (out or self.rules.peers_always):
            return Level.MAJOR
        if not (out or along):
            return None
        return level if self.rules.peers == "match" else Level.PATCH

    def _leaves(self, edge: Edge) -> bool:
        spec = edge.spec
        if self.rules.caret_leaves and spec in {"workspace:^", "workspace:~"}:
            return True
        package = self.packages[edge.dependency]
        range_ = effective_range(spec, version=self.base(edge.dependency), path=package.path)
        if range_ is None:
            # changesets asks the range anyway, and no version fits what isn't a range.
            return self.rules.changesets and not spec.startswith("workspace:")
        return not satisfies(self.new_version(edge.dependency), range_)

    # --- groups

    def _top(self, group: tuple[str, ...]) -> str:
        known = [self.packages[name].version for name in group if is_valid(self.packages[name].version)]
        return highest(known) if known else ""

    def _align(self, number: int) -> None:
        kind, group = self._groups[number]
        released = [name for name in group if self.levels.get(name, Level.NONE) is not Level.NONE]
        if not released:
            return
        level = max(self.levels[name] for name in released)
        leader = min(name for name in released if self.levels[name] is level)
        pin = max((self.pinned[name] for name in released if name in self.pinned), key=_order, default=None)
        verb = "shares its version with" if kind == "fixed" else "is released together with"
        reason = Reason(kind, leader, level, f"{verb} {leader} ({level})")
        for name in group if kind == "fixed" else released:
            if name in self.skipped:
                continue
            if self._rebase(name, self._tops[number], pin) and name in self.levels:
                self._enqueue(name)
            if self.levels.get(name, Level.NONE) < level:
                self.add(name, level, reason)

    def _rebase(self, name: str, base: str, pin: str | None) -> bool:
        """Count the package from its group's version; True when that changes anything."""
        before = (self.base(name), self.pinned.get(name))
        self.bases[name] = base
        if pin is not None:
            self.pinned[name] = pin
        return before != (self.base(name), self.pinned.get(name))

    # --- versions

    def _count(self, name: str, base: str, level: Level) -> str:
        if self.pre is not None and not self.pre.exiting:
            return bump(base, level, prerelease=self.pre.tag, counter=self._counters.get(name, 0))
        if parse(base).major == 0:
            level = self._before_1(level)
        return bump(base, level, prerelease=self.prerelease)

    def _before_1(self, level: Level) -> Level:
        if level is Level.MAJOR and self.rules.major_before_1_is_minor:
            return Level.MINOR
        if level is Level.MINOR and self.rules.minor_before_1_is_patch:
            return Level.PATCH
        return level

    def _pre_counters(self) -> dict[str, int]:
        if self.pre is None:
            return {}
        counters = {
            name: counter_after(package.version)
            for name, package in self.packages.items()
            if name not in self.skipped and package.version
        }
        for _, group in self._groups:
            top = max(
                (counter_after(self.packages[name].version) for name in group if self.packages[name].version), default=0
            )
            counters.update(dict.fromkeys(group, top))
        return counters

    def was_prerelease(self, name: str) -> bool | None:
        """Whether the package (or its group) stands at a counted prerelease; None for packages that aren't counted."""
        return self._counters[name] != 0 if name in self._counters else None


def _order(version: str) -> tuple[int, int, int, tuple[tuple[int, int | str], ...]]:
    return parse(version).key


def _counts(edges: tuple[Edge, ...], package: Package, rules: Rules) -> bool:
    """Whether a dependent's entries for a package count.

    They do when the last table that names the package resolves to the workspace's member: a range its version fits, or
    ``workspace:``. (The tables stand in the order of `DEPENDENCY_TABLES`, so an optional or peer entry speaks for a dev one.)
    """
    speaking = [
        edge for edge in edges if not (edge.table == "devDependencies" and edge.spec.startswith(("link:", "file:")))
    ]
    if not speaking:
        return False
    spec = speaking[-1].spec
    if spec.startswith("workspace:"):
        inner = spec.removeprefix("workspace:")
        if inner in {"*", "^", "~"}:
            return True
        if is_range(inner):
            return _fits(package.version, inner, rules)
        return effective_range(spec, version="0.0.0", path=package.path) is not None
    if rules.workspace_protocol_only:
        return False
    return is_range(spec) and _fits(package.version, spec, rules)


def _fits(version: str, range_: str, rules: Rules) -> bool:
    # changesets compares strictly, so a dependent on "^1.0.0" loses sight of 1.1.0-next.0.
    return satisfies(version, range_, include_prerelease=not rules.changesets)
