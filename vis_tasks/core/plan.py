"""From change files to a plan: which packages get which versions, and which ranges move. Pure; nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.bumps import Bumps
from vis_tasks.core.changes import LEVELS
from vis_tasks.core.globs import expand
from vis_tasks.core.model import Level, Plan, Reason, Release
from vis_tasks.core.range_edits import moved_ranges
from vis_tasks.core.rules import rules_from
from vis_tasks.core.selection import is_managed
from vis_tasks.core.suggest import nearest
from vis_tasks.core.versions import compare, is_prerelease, is_valid, parse
from vis_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vis_tasks.core.model import Change, Workspace
    from vis_tasks.core.pre import PreState
    from vis_tasks.core.rules import Rules, Settings

__all__ = ["make_plan"]


def make_plan(
    workspace: Workspace,
    changes: Sequence[Change],
    config: Settings,
    *,
    rules: Rules | None = None,
    pre: PreState | None = None,
    prerelease: str | None = None,
    leave_prereleases: Collection[str] = (),
    snapshot: str | None = None,
    snapshot_base: bool = False,
) -> Plan:
    """Plan a release. The same input gives the same plan, in whatever order packages and change files come.

    O(packages + edges), and one range check per edge of a released package.

    Args:
        workspace: all packages.
        changes: all change files; in changesets' pre mode also those used before.
        config: ``[release]``, which chooses packages and rules.
        rules: the rules to follow instead of those `config` names (`vis_tasks.adapters.changesets` makes them from
            changesets' own configuration).
        pre: changesets' pre mode.
        prerelease: identifier of this channel's prereleases, such as ``"next"``.
        leave_prereleases: identifiers of other channels: packages that stand at such a prerelease become releases even
            without a change file.
        snapshot: the part after the ``-`` of a throw-away version: every release becomes ``0.0.0-<snapshot>``.
        snapshot_base: put the planned version in front of ``snapshot`` instead of ``0.0.0``.

    Raises:
        UsageError: change files that contradict each other, the rules or the workspace.
    """
    rules = rules or rules_from(config)
    skipped = frozenset(package.name for package in workspace.packages if not is_managed(package, rules))
    wanted = _wanted(changes, workspace, pre, rules, skipped)
    bumps = Bumps(
        workspace,
        rules,
        skipped=skipped,
        fixed=tuple(_group(group, workspace) for group in rules.fixed),
        linked=tuple(_group(group, workspace) for group in rules.linked),
        pre=pre,
        prerelease=prerelease,
        pinned=_pinned(wanted, workspace, skipped),
    )
    _seed(bumps, wanted, workspace)
    _leave_lines(bumps, workspace, leave_prereleases)
    bumps.run()
    if pre is not None and pre.exiting:
        _leave_pre_mode(bumps, workspace, rules)
    versions = {name: _version(bumps, name, snapshot, base=snapshot_base) for name in bumps.levels}
    asked_by: dict[str, dict[str, None]] = {}
    for change in wanted:
        for entry in change.entries:
            asked_by.setdefault(entry.name, {}).setdefault(change.id)
    releases = tuple(
        Release(
            package.name,
            package.version,
            versions[package.name],
            bumps.levels[package.name],
            _ordered(bumps.reasons.get(package.name, set())),
            tuple(asked_by.get(package.name, ())),
        )
        for package in workspace.packages
        if bumps.levels.get(package.name, Level.NONE) is not Level.NONE
    )
    ranges = moved_ranges(workspace, bumps, versions, exact=snapshot is not None)
    if snapshot is None:
        _refuse_steps_back(releases)
    return Plan(releases, ranges, tuple(change for change in wanted if _is_used(change, skipped)))


def _wanted(
    changes: Sequence[Change], workspace: Workspace, pre: PreState | None, rules: Rules, skipped: frozenset[str]
) -> tuple[Change, ...]:
    """Change files that count now, by id; each name checked."""
    names = workspace.by_name
    counting = sorted(changes, key=lambda change: (change.id, change.path))
    for change in counting:
        for entry in change.entries:
            if entry.name not in names:
                close = nearest(entry.name, names)
                what = f'{change.path}: no package of this workspace is called "{entry.name}"'
                raise UsageError(what, code="CHANGE_FILE", hint=f'did you mean "{close}"?' if close else "")
        if rules.refuse_mixed:
            _refuse_mixed(change, skipped)
    if pre is None or pre.exiting:
        return tuple(counting)
    used = set(pre.used)
    return tuple(change for change in counting if change.id not in used and not change.id.startswith("pre/"))


def _is_used(change: Change, skipped: frozenset[str]) -> bool:
    """Whether the change file has done its work; one that only names packages that aren't versioned waits for them."""
    return not change.entries or any(entry.name not in skipped for entry in change.entries)


def _refuse_mixed(change: Change, skipped: frozenset[str]) -> None:
    out = [entry.name for entry in change.entries if entry.name in skipped]
    if out and len(out) < len(change.entries):
        rest = [entry.name for entry in change.entries if entry.name not in skipped]
        what = f"{change.path} names packages that are not versioned ({', '.join(out)}) together with others ({', '.join(rest)})"
        raise UsageError(what, code="MIXED_CHANGE", hint="split it into two change files, or version all of them")


def _group(patterns: Sequence[str], workspace: Workspace) -> tuple[str, ...]:
    return expand((package.name for package in workspace.packages if package.version), patterns)


def _pinned(changes: Sequence[Change], workspace: Workspace, skipped: frozenset[str]) -> dict[str, str]:
    pinned: dict[str, str] = {}
    where: dict[str, str] = {}
    for change in changes:
        for entry in change.entries:
            if entry.release_as is None or entry.name in skipped:
                continue
            version = str(parse(entry.release_as))
            if pinned.setdefault(entry.name, version) != version:
                what = (
                    f"{change.path} wants {entry.name} released as {version}, "
                    f"{where[entry.name]} as {pinned[entry.name]}"
                )
                raise UsageError(what, code="RELEASE_AS", hint="keep one releaseAs")
            where.setdefault(entry.name, change.path)
            current = workspace.by_name[entry.name].version
            if compare(version, current) <= 0:
                what = f"{change.path} wants {entry.name} released as {version}, but it is at {current} already"
                raise UsageError(what, code="RELEASE_AS", hint=f"releaseAs must be newer than {current}")
    return pinned


def _seed(bumps: Bumps, changes: Sequence[Change], workspace: Workspace) -> None:
    names = [package.name for package in workspace.packages]
    for change in changes:
        for entry in change.entries:
            if entry.name in bumps.skipped:
                continue
            if entry.level is Level.NONE:
                bumps.add(entry.name, Level.NONE)
                continue
            kind = "release-as" if entry.release_as else "change"
            text = f"{change.id} asks for {entry.release_as or entry.level}"
            bumps.add(entry.name, entry.level, Reason(kind, change.id, entry.level, text))
            for glob, level in (entry.cascade or {}).items():
                for target in expand(names, (glob,)):
                    if target not in bumps.skipped and target != entry.name:
                        text = f"{change.id} cascades from {entry.name} ({level})"
                        bumps.add(target, LEVELS[level], Reason("change", change.id, LEVELS[level], text))


def _leave_lines(bumps: Bumps, workspace: Workspace, lines: Collection[str]) -> None:
    for package in workspace.packages if lines else ():
        if package.name in bumps.skipped or not is_prerelease(package.version):
            continue
        line = ".".join(str(part) for part in parse(package.version).prerelease[:-1])
        if line in lines:
            text = f"{package.version} leaves the prerelease line {line}"
            bumps.add(package.name, Level.PATCH, Reason("prerelease", line, Level.PATCH, text))


def _leave_pre_mode(bumps: Bumps, workspace: Workspace, rules: Rules) -> None:
    """A package that had prereleases gets its release even when no change asks for it.

    changesets 2 also did so for packages it skips otherwise, unless they were in the plan; 3 leaves them alone.
    """
    for package in workspace.packages:
        if bumps.was_prerelease(package.name) is False or not is_valid(package.version):
            continue
        if package.name in bumps.skipped and (rules.name != "changesets-2" or package.name in bumps.levels):
            continue
        if bumps.levels.get(package.name, Level.NONE) is Level.NONE:
            text = f"{package.version} leaves pre mode"
            bumps.levels[package.name] = Level.PATCH
            bumps.reasons.setdefault(package.name, set()).add(Reason("prerelease", "pre", Level.PATCH, text))


def _version(bumps: Bumps, name: str, snapshot: str | None, *, base: bool) -> str:
    if snapshot is None or bumps.levels[name] is Level.NONE:
        return bumps.new_version(name)
    return f"{bumps.new_version(name) if base else '0.0.0'}-{snapshot}"


_KINDS = ("change", "release-as", "prerelease", "dependency", "peer", "fixed", "linked")


def _ordered(reasons: Collection[Reason]) -> tuple[Reason, ...]:
    """The strongest first; of two for the same cause the stronger stays."""
    best: dict[tuple[str, str], Reason] = {}
    for reason in sorted(reasons, key=lambda each: (each.level.value, each.text)):
        best[reason.kind, reason.source] = reason
    return tuple(sorted(best.values(), key=lambda each: (-each.level.value, _KINDS.index(each.kind), each.source)))


def _refuse_steps_back(releases: Sequence[Release]) -> None:
    for release in releases:
        if compare(release.new, release.old) <= 0:
            what = f"{release.name} would go from {release.old} to {release.new}, which is not newer"
            raise UsageError(what, code="VERSION", hint="set a version by hand, or use releaseAs in a change file")
