"""Planning on the files of one workspace: reads what the pure core has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.changesets import read_pre, read_rules, read_snapshot
from vis_tasks.adapters.workspace import read_needed
from vis_tasks.core.edits import edits_for
from vis_tasks.core.plan import make_plan
from vis_tasks.core.pre_edits import pre_edits
from vis_tasks.core.snapshots import TEMPLATE, snapshot_suffix
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from pathlib import Path

    from vis_tasks.config.model import ReleaseConfig
    from vis_tasks.core.edits import FileEdit
    from vis_tasks.core.model import Change, Plan, Workspace
    from vis_tasks.core.notes import Links

__all__ = ["plan_edits", "plan_on_disk", "plan_snapshot"]


def plan_on_disk(
    root: Path,
    config: ReleaseConfig,
    workspace: Workspace,
    changes: Sequence[Change],
    *,
    branch: str | None = None,
) -> Plan:
    """The plan for a branch: its channel's prereleases, and changesets' rules and pre mode where the configuration asks for them.

    Args:
        root: the workspace root.
        config: ``[release]``.
        workspace: all packages.
        changes: all change files.
        branch: the branch, for its channel; None plans as on the base branch.
    """
    channel = config.channels.get(branch) if branch else None
    prerelease = channel.prerelease if channel else None
    others = {each.prerelease for name, each in config.channels.items() if name != branch and each.prerelease}
    return make_plan(
        workspace,
        changes,
        config,
        rules=read_rules(root, config, workspace),
        pre=read_pre(root, config),
        prerelease=prerelease,
        leave_prereleases=() if prerelease else others,
    )


def plan_snapshot(
    root: Path,
    config: ReleaseConfig,
    workspace: Workspace,
    changes: Sequence[Change],
    *,
    tag: str,
    commit: str,
    now: datetime,
) -> Plan:
    """The plan of throw-away versions: whatever channel and branch, named as changesets' configuration wants, else by us.

    Args:
        root: the workspace root.
        config: ``[release]``.
        workspace: all packages.
        changes: all change files.
        tag: name of the snapshot; empty for the commit alone.
        commit: full commit id.
        now: moment of the snapshot, UTC.

    Raises:
        Refused: code ``SNAPSHOT``; pre mode is on, in which changesets allows no snapshots either.
        UsageError: code ``SNAPSHOT``; the name can't stand in a version.
    """
    if read_pre(root, config) is not None:
        hint = "make the snapshot on a branch without .changeset/pre.json"
        raise Refused("snapshots can't be made in pre mode", code="SNAPSHOT", hint=hint)
    template, base = read_snapshot(root, config)
    return make_plan(
        workspace,
        changes,
        config,
        rules=read_rules(root, config, workspace),
        snapshot=snapshot_suffix(tag, commit, now, template or TEMPLATE),
        snapshot_base=base,
    )


def plan_edits(
    root: Path, config: ReleaseConfig, workspace: Workspace, plan: Plan, day: date, *, links: Links | None = None
) -> tuple[FileEdit, ...]:
    """Everything the plan writes, pre mode included. One read per file that changes.

    Args:
        root: the workspace root.
        config: ``[release]``; ``changelog`` names the style.
        workspace: the packages the plan was made from.
        plan: what to write.
        day: for changelogs that show a date.
        links: addresses of the forge, for the style ``"links"``.
    """
    pre = read_pre(root, config)
    style = config.changelog
    edits = edits_for(
        workspace,
        read_needed(workspace, plan),
        plan,
        date=day,
        style="default" if style == "none" else style,
        links=links,
        changelogs=style != "none",
        keep_changes=pre is not None,
    )
    if pre is None:
        return edits
    contents = {} if pre.exiting else {change.path: (root / change.path).read_bytes() for change in plan.changes}
    return edits + pre_edits(pre, read_rules(root, config, workspace), plan, workspace, contents)
