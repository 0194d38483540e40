"""The plan as a JSON document with a versioned schema, and as lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.core.notes import render_section

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from vis_tasks.core.model import Change, Plan, Reason, Release, Workspace
    from vis_tasks.core.notes import Links

__all__ = [
    "PLAN_HEAD",
    "SCHEMA_VERSION",
    "as_text",
    "changelog_sections",
    "plan_document",
    "plan_rows",
    "waiting",
    "why_lines",
]

PLAN_HEAD = ("package", "now", "next", "level", "because")

SCHEMA_VERSION = 1
"""Raised when a key changes its meaning or goes; new keys may come without."""


def plan_document(plan: Plan, workspace: Workspace) -> dict[str, Any]:
    """Everything a plan says: releases with reasons, ranges that move, change files used up."""
    names = workspace.by_name
    return {
        "schemaVersion": SCHEMA_VERSION,
        "releases": [
            {
                "name": release.name,
                "oldVersion": release.old,
                "newVersion": release.new,
                "level": str(release.level),
                "path": names[release.name].path,
                "private": names[release.name].private,
                "changes": list(release.changes),
                "reasons": [_reason(reason) for reason in release.reasons],
            }
            for release in plan.releases
        ],
        "ranges": {
            name: {table: dict(entries) for table, entries in tables.items()} for name, tables in plan.ranges.items()
        },
        "changes": [
            {
                "id": change.id,
                "path": change.path,
                "packages": {entry.name: str(entry.level) for entry in change.entries},
                "summary": change.summary,
                "links": dict(change.links),
            }
            for change in plan.changes
        ],
    }


def _reason(reason: Reason) -> dict[str, str]:
    return {"kind": reason.kind, "source": reason.source, "level": str(reason.level), "text": reason.text}


def as_text(document: dict[str, Any]) -> str:
    """The document as indented JSON with a final newline."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def changelog_sections(plan: Plan, workspace: Workspace, day: date, style: str, links: Links | None) -> dict[str, str]:
    """What each release's changelog would gain, by package name."""
    shown = "default" if style == "none" else style
    return {
        release.name: render_section(release, workspace.by_name[release.name], plan, date=day, style=shown, links=links)
        for release in plan.releases
    }


def plan_rows(plan: Plan, names: Sequence[str] = ()) -> tuple[tuple[str, ...], ...]:
    """One row per release, cells as `PLAN_HEAD` names them; the reason is the first.

    Args:
        plan: the plan.
        names: packages to show; all of them without any.
    """
    releases = (each for each in plan.releases if not names or each.name in names)
    return tuple((each.name, each.old, each.new, str(each.level), _because(each)) for each in releases)


def _because(release: Release) -> str:
    if not release.reasons:
        return ""
    rest = len(release.reasons) - 1
    return release.reasons[0].text + (f" (and {rest} more)" if rest else "")


def waiting(plan: Plan, changes: Sequence[Change], used: Collection[str] = ()) -> tuple[str, ...]:
    """Paths of change files that the plan leaves alone: all they name is private, ignored or without a version.

    Args:
        plan: the plan.
        changes: every change file.
        used: ids that an earlier prerelease used already.
    """
    planned = {change.path for change in plan.changes}
    rest = (each for each in changes if each.path not in planned)
    return tuple(each.path for each in rest if each.id not in used and not each.id.startswith("pre/"))


def why_lines(plan: Plan, names: Sequence[str] = ()) -> tuple[str, ...]:
    """The chain behind each release, indented: its reasons, the reasons of the packages that pulled it, and so on.

    Args:
        plan: the plan.
        names: packages to explain; all of them without any.
    """
    lines: list[str] = []
    for release in plan.releases:
        if not names or release.name in names:
            lines.append(f"{release.name} {release.old} → {release.new} ({release.level})")
            _chain(plan, release, lines, depth=1, seen={release.name})
    return tuple(lines)


def _chain(plan: Plan, release: Release, lines: list[str], *, depth: int, seen: set[str]) -> None:
    for reason in release.reasons:
        lines.append(f"{'  ' * depth}{reason.text}")
        source = plan.by_name.get(reason.source)
        if source is None or reason.kind in {"change", "release-as", "prerelease"}:
            continue
        if source.name in seen:
            lines.append(f"{'  ' * (depth + 1)}{source.name}: see above")
            continue
        seen.add(source.name)
        _chain(plan, source, lines, depth=depth + 1, seen=seen)
