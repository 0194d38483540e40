"""The text of one release: a changelog section in one of three styles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vis_tasks.core.model import Level
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from vis_tasks.core.model import Change, Package, Plan, Release

__all__ = ["STYLES", "Links", "links_from", "render_section", "updated_dependencies"]

STYLES = ("default", "keep-a-changelog", "links")

_TITLES = {Level.MAJOR: "Major Changes", Level.MINOR: "Minor Changes", Level.PATCH: "Patch Changes"}
_KEPT_ORDER = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
_KEPT_BY_LEVEL = {Level.MAJOR: "Changed", Level.MINOR: "Added", Level.PATCH: "Fixed"}
_KEPT_BY_TYPE = {
    "add": "Added",
    "feat": "Added",
    "change": "Changed",
    "perf": "Changed",
    "refactor": "Changed",
    "deprecate": "Deprecated",
    "remove": "Removed",
    "fix": "Fixed",
    "security": "Security",
}
_KEPT_PREFIX = regex(r"(?:\[(\w+)\]\s*:?|(\w+)(?:\([^)]*\))?!?:)\s+", re.IGNORECASE)
_REFERENCE = regex(r"(\[[^\]]*\]\([^)]*\)|`[^`]*`)|(?<![\w/])#([1-9][0-9]*)\b")


@dataclass(frozen=True)
class Links:
    """Where a forge shows things.

    Attributes:
        url: address of the repository, without a slash at its end.
        gitlab: the paths are GitLab's (``/-/merge_requests/1``), not GitHub's (``/pull/1``).
    """

    url: str
    gitlab: bool = False

    def change(self, number: str) -> str:
        """Address of a pull or merge request."""
        return f"{self.url}/-/merge_requests/{number}" if self.gitlab else f"{self.url}/pull/{number}"

    def issue(self, number: str) -> str:
        """Address of an issue."""
        return f"{self.url}{'/-' if self.gitlab else ''}/issues/{number}"

    def commit(self, sha: str) -> str:
        """Address of a commit."""
        return f"{self.url}{'/-' if self.gitlab else ''}/commit/{sha}"

    def person(self, name: str) -> str:
        """Address of a user's page."""
        host = "/".join(self.url.split("/")[:3])
        return f"{host}/{name.removeprefix('@')}"


_REMOTE = regex(r"(?:\w+://)?(?:[^@/]+@)?(?P<host>[^:/]+)(?::\d+)?[:/](?P<path>[^?#]+?)(?:\.git)?/?")


def links_from(remote: str) -> Links | None:
    """Addresses made from a git remote, such as ``git@host:me/x.git``; None when it has no host and path.

    A host with ``gitlab`` in its name is taken for a GitLab. Credentials never get into an address.
    """
    match = _REMOTE.fullmatch(remote.strip())
    if match is None or remote.startswith(("/", ".", "file:")):
        return None
    host = match["host"]
    return Links(f"https://{host}/{match['path'].strip('/')}", gitlab="gitlab" in host)


def updated_dependencies(package: Package, plan: Plan) -> tuple[Release, ...]:
    """Releases of this plan that the package will ask for from now on: its range moved, or it follows by ``workspace:``."""
    moved = plan.ranges.get(package.name, {})
    found: dict[str, Release] = {}
    for table in ("dependencies", "optionalDependencies", "peerDependencies"):
        for name, spec in package.table(table).items():
            release = plan.by_name.get(name)
            if release is not None and (name in moved.get(table, {}) or str(spec).startswith("workspace:")):
                found[name] = release
    return tuple(found[name] for name in sorted(found))


def render_section(
    release: Release,
    package: Package,
    plan: Plan,
    *,
    date: date,
    style: str = "default",
    links: Links | None = None,
) -> str:
    """One release's section, heading included, with Unix line ends and one at its end.

    Args:
        release: what is released.
        package: its package before the release.
        plan: the whole plan, for change files and updated dependencies.
        date: day of the release.
        style: one of `STYLES`. ``"default"`` and ``"links"`` continue files made by changesets.
        links: addresses for pull requests, commits and people (style ``"links"``).
    """
    changes = plan.asks.get(release.name, ())
    updated = updated_dependencies(package, plan)
    if style == "keep-a-changelog":
        return _kept(release, changes, updated, date)
    lines = [f"## {release.new}"]
    grouped: dict[Level, list[str]] = {}
    for level, change in changes:
        grouped.setdefault(level, []).append(_item(change, links if style == "links" else None))
    if updated:
        names = [f"  - {each.name}@{each.new}" for each in updated]
        grouped.setdefault(Level.PATCH, []).append("\n".join(["- Updated dependencies", *names]))
    if not grouped:
        grouped[release.level] = [
            f"- {reason.text}" for reason in release.reasons if reason.kind in {"fixed", "linked"}
        ]
    for level, title in _TITLES.items():
        if grouped.get(level):
            lines += ["", f"### {title}", "", *_spaced(grouped[level])]
    return "\n".join(lines) + "\n"


def _spaced(items: list[str]) -> list[str]:
    """Items of several paragraphs stand apart, as Markdown formatters write them."""
    loose = any("\n\n" in item for item in items)
    return ["\n\n".join(items)] if loose else items


def _item(change: Change, links: Links | None) -> str:
    first, _, rest = (change.summary or change.id).partition("\n")
    prefix = _credits(change.links, links) if links else ""
    if links:
        first = _linked(first, links)
        rest = _linked(rest, links)
    elif "commit" in change.links:
        prefix = f"{change.links['commit'][:7]}: "
    return f"- {prefix}{first.rstrip()}" + _indented(rest)


def _indented(rest: str) -> str:
    if not rest.strip():
        return ""
    return "\n" + "\n".join(f"  {line}".rstrip() for line in rest.rstrip().split("\n"))


def _credits(found: Mapping[str, str], links: Links) -> str:
    parts: list[str] = []
    if "pr" in found:
        sign = "!" if links.gitlab else "#"
        parts.append(f"[{sign}{found['pr']}]({links.change(found['pr'])})")
    if "commit" in found:
        parts.append(f"[`{found['commit'][:7]}`]({links.commit(found['commit'])})")
    if "author" in found:
        people = ", ".join(f"[{name}]({links.person(name)})" for name in found["author"].split(", "))
        parts.append(f"Thanks {people}!")
    return " ".join(parts) + " - " if parts else ""


def _linked(text: str, links: Links) -> str:
    def one(match: re.Match[str]) -> str:
        return match[1] or f"[#{match[2]}]({links.issue(match[2])})"

    return _REFERENCE.sub(one, text)


def _kept(release: Release, changes: Sequence[tuple[Level, Change]], updated: tuple[Release, ...], date: date) -> str:
    grouped: dict[str, list[str]] = {}
    for level, change in changes:
        first, _, rest = (change.summary or change.id).partition("\n")
        title, first = _kept_title(first, level)
        breaking = "**Breaking:** " if level is Level.MAJOR else ""
        grouped.setdefault(title, []).append(f"- {breaking}{first.rstrip()}" + _indented(rest))
    for each in updated:
        grouped.setdefault("Changed", []).append(f"- Update {each.name} to {each.new}")
    if not grouped:
        kept = [f"- {reason.text}" for reason in release.reasons if reason.kind in {"fixed", "linked"}]
        grouped["Changed"] = kept
    lines = [f"## [{release.new}] - {date.isoformat()}"]
    for title in _KEPT_ORDER:
        if grouped.get(title):
            lines += ["", f"### {title}", "", *_spaced(grouped[title])]
    return "\n".join(lines) + "\n"


def _kept_title(first: str, level: Level) -> tuple[str, str]:
    match = _KEPT_PREFIX.match(first)
    if match is not None:
        word = (match[1] or match[2]).lower()
        title = word.capitalize() if word.capitalize() in _KEPT_ORDER else _KEPT_BY_TYPE.get(word)
        if title is not None:
            return title, first[match.end() :]
    return _KEPT_BY_LEVEL[level], first
