"""Versions of ours that are live and have neither tag nor note: told to people, who alone can say what they are.

Two machines that release one package at once, without ``remote-lock``, may bring two of its versions. One of these machines may
be lost before it has pushed what it staged, and somebody may approve that before any other run has seen it in the list.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from vis_tasks.core.selection import managed
from vis_tasks.ports import ASKED_AT_ONCE, Live
from vis_tasks.threads import all_of

if TYPE_CHECKING:
    from vis_tasks.core.model import Package
    from vis_tasks.services.run import Run

__all__ = ["RELEASED", "tell_left_behind"]

RELEASED = "Vis-Release"
"""The key of a version commit's lines, each with a version that it brought."""

_HISTORY = 200
_LAST = 3
_SHOWN = 10


def tell_left_behind(run: Run) -> None:
    """Warn of live versions without a tag or a note that version commits of this history brought, and newer ones replaced.

    Nobody knows with which bytes they were staged, so no tag is made. One git process; nothing more where the last three versions
    of each package but the present one have their tags or stand in staged.json, else a request for each that doesn't.
    """
    open_ones = _open(run)
    if not open_ones:
        return
    _ = run.npm
    are_live = all_of(lambda one: _is_live(run, one), open_ones, ASKED_AT_ONCE)
    live = [each for each, found in zip(open_ones, are_live, strict=True) if found]
    if not live:
        return
    lines = [_line(run, *each) for each in live[:_SHOWN]]
    lines += [f"… and {len(live) - _SHOWN} more"] if len(live) > _SHOWN else []
    run.tools.console.warning(
        f"{len(live)} version(s) that a release brought and lost are live without a tag, and nothing here knows the bytes they "
        "were staged with. Look at them (`npm pack <name>@<version>`); if they are yours:\n" + "\n".join(lines)
    )


def _open(run: Run) -> list[tuple[Package, str, str]]:
    """Each package with a version that it left behind, neither tagged nor written down, and the commit that brought it."""
    packages = {package.name: package for package in managed(run.workspace, run.release) if not package.private}
    state, tags = run.state.pending(), run.refs.tags
    tagged = defaultdict(set)
    for tag, commit in tags.items():
        tagged[commit].add(tag)
    seen: dict[str, list[str]] = defaultdict(list)
    found = []
    for commit, specs in run.tools.git.trailers(RELEASED, limit=_HISTORY):
        brought = [(name, version) for name, _, version in (spec.rpartition("@") for spec in specs)]
        # Tags by another pattern count: `tag-pattern` may have been changed since.
        others = tagged[commit] - {run.tag_name(*each) for each in brought}
        for name, version in brought:
            package = packages.get(name)
            if package is None or version in {package.version, *seen[name]} or len(seen[name]) >= _LAST:
                continue
            seen[name].append(version)
            by_another_name = any(version in tag for tag in others)
            if not (by_another_name or run.tag_name(name, version) in tags or state.knows(name, version)):
                found.append((package, version, commit))
    return found


def _is_live(run: Run, one: tuple[Package, str, str]) -> bool:
    package, version, _ = one
    reader = run.npm.reader(run.npm.url_for(package.name, package.manifest))
    return isinstance(reader.live(package.name, version), Live)


def _line(run: Run, package: Package, version: str, commit: str) -> str:
    tag = run.tag_name(package.name, version)
    return f"  `git tag -a {tag} {commit} -m {tag}`, then `git push {run.release.remote} {tag}`"
