"""One recorded release: read it, plan it, compare.

A recording is one JSON object a line, in ``NAME.jsonl`` or ``NAME.jsonl.gz``: the packages, change files, configuration and
pre mode just before a release, and the versions and internal ranges just after it.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.changes import parse_change
from vis_tasks.core.changesets import ENGINE_2, ENGINE_3, Engine, engine_from, pre_from, rules_from_changesets
from vis_tasks.core.model import DEPENDENCY_TABLES, Package, Plan, Workspace
from vis_tasks.core.plan import make_plan
from vis_tasks.errors import VisError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ENGINES", "Outcome", "engine_of", "read_folder", "replay"]

ENGINES = {"2": ENGINE_2, "3": ENGINE_3}


@dataclass(frozen=True)
class Outcome:
    """How one replay ended.

    Attributes:
        versions: ``{package: (ours, shipped)}``, only what differs; None stands for "not released".
        ranges: the same by ``package table dependency``.
        error: what planning refused.
    """

    versions: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    ranges: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    error: str = ""

    @property
    def same_versions(self) -> bool:
        """Whether every package got the version that was shipped."""
        return not self.versions and not self.error


def read_folder(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every recording of a folder, by file name."""
    for file in sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]):
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        yield file.name.partition(".")[0], [json.loads(line) for line in content.splitlines() if line.strip()]


def engine_of(record: dict[str, Any]) -> Engine:
    """The engine that the repository's own lock file names, as ``rules = "changesets"`` finds it."""
    locked = {name: versions[0] for name, versions in (record.get("locked") or {}).items() if versions}
    schema = record["config"].get("$schema")
    return engine_from(locked, cli_range=record.get("cli_version"), schema=schema)


def replay(record: dict[str, Any], engine: Engine) -> Outcome:
    """Plan one recorded release by one engine's rules and compare with what was shipped."""
    members = _workspace(record)
    left = {each["id"] if isinstance(each, dict) else each for each in record.get("left") or ()}
    before = (record.get("pre") or {}).get("before")
    try:
        rules = rules_from_changesets(record["config"], [each.name for each in members.packages], engine)
        pre = pre_from(_with_used(before, record)) if before else None
        changes = [
            parse_change(each["id"], f".changeset/{each['id']}.md", each["text"])
            for each in record["changesets"]
            if each["id"] not in left
        ]
        plan = make_plan(members, changes, ReleaseConfig(), rules=rules, pre=pre)
    except VisError as error:
        return Outcome(error=error.message)
    ours = {release.name: release.new for release in plan.releases}
    return Outcome(
        _differences(ours, record["expected"]), _differences(_flat(plan), _flat_json(record["expected_ranges"]))
    )


def _with_used(before: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    used = [*(before.get("changesets") or ()), *(record.get("already_released") or ())]
    return {**before, "changesets": used}


def _workspace(record: dict[str, Any]) -> Workspace:
    members: list[Package] = []
    root: Package | None = None
    for each in record["packages"]:
        manifest = {table: each.get(table) or {} for table in DEPENDENCY_TABLES}
        package = Package(
            each["name"] or "", each["version"] or "", each["dir"], manifest | {"private": each["private"]}
        )
        if each["dir"] == "." and not record["root_in_workspace"] and record["tool"] != "root":
            root = package
        else:
            members.append(package)
    return Workspace(Path("/replayed"), "npm", tuple(members), root)


def _flat(plan: Plan) -> dict[str, str]:
    return _flat_json(
        {name: {table: dict(entries) for table, entries in tables.items()} for name, tables in plan.ranges.items()}
    )


def _flat_json(ranges: dict[str, dict[str, dict[str, str]]]) -> dict[str, str]:
    return {
        f"{name} {table} {dependency}": range_
        for name, tables in ranges.items()
        for table, entries in tables.items()
        for dependency, range_ in entries.items()
    }


def _differences(ours: dict[str, str], shipped: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    names = sorted(ours.keys() | shipped.keys())
    return {name: (ours.get(name), shipped.get(name)) for name in names if ours.get(name) != shipped.get(name)}
