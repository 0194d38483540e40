"""Names in the configuration that are nobody's: a typing mistake there is no error, as packages come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.config.shape import dotted
from vis_tasks.core.globs import has_magic, matches, takes_away
from vis_tasks.core.suggest import nearest
from vis_tasks.services.doctor.finding import WARN, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.services.run import Run

__all__ = ["name_findings"]


def name_findings(run: Run) -> Iterator[Finding]:
    """One finding for each name or glob under ``[release]`` that fits no package of the workspace."""
    names = [package.name for package in run.workspace.packages]
    for key, pattern in _named(run):
        if any(matches(name, [pattern]) for name in names):
            continue
        near = "" if has_magic(pattern) else nearest(pattern, names)
        hint = f"did you mean {near}?" if near else "take it out, or correct it"
        yield Finding("workspace.names", WARN, f"{key} names {pattern}, and no package here is called that", hint)


def _named(run: Run) -> Iterator[tuple[str, str]]:
    release = run.release
    for key, patterns in (("include", release.include), ("ignore", release.ignore)):
        yield from ((f"release.{key}", _plain(pattern)) for pattern in patterns if pattern != "*")
    for key, groups in (("fixed", release.fixed), ("linked", release.linked)):
        yield from ((f"release.{key}", _plain(pattern)) for group in groups for pattern in group)
    yield from ((dotted(("release", "packages")), name) for name in release.packages)


def _plain(pattern: str) -> str:
    return pattern[1:] if takes_away(pattern) else pattern
