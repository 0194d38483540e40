"""Checks across options, on the built model."""

from __future__ import annotations

import shlex
from fnmatch import fnmatchcase
from itertools import combinations
from typing import TYPE_CHECKING

from vis_tasks.core.shell import shell_syntax
from vis_tasks.core.targets import name_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from vis_tasks.config.model import Config, TargetConfig
    from vis_tasks.config.shape import KeyPath

__all__ = ["check"]

Note = tuple["KeyPath", str, str]

_SHELL = 'one command; a list with a shell in front, ["sh", "-c", "…"]; or single quotes where it is meant as it stands'


def check(config: Config, note: Callable[[KeyPath, str, str], None]) -> None:
    """Find what is wrong between options.

    Args:
        config: the built configuration.
        note: called with the path, what is wrong, and what is allowed.
    """
    for path, what, allowed in (
        *_groups(config),
        *_state_branch(config),
        *_targets(config),
        *_hooks(config),
        *_ci(config),
    ):
        note(path, what, allowed)


def _groups(config: Config) -> list[Note]:
    """A package can share its version with one group only; globs are compared with names, not with each other."""
    groups = [
        (kind, index, group)
        for kind in ("fixed", "linked")
        for index, group in enumerate(getattr(config.release, kind))
    ]
    found = []
    for (kind, index, one), (other_kind, other_index, other) in combinations(groups, 2):
        shared = sorted({_narrower(a, b) for a in one for b in other if fnmatchcase(a, b) or fnmatchcase(b, a)})
        if shared:
            path: KeyPath = ("release", other_kind, other_index)
            what = f"overlaps release.{kind}[{index}]: {', '.join(shared)}"
            found.append((path, what, "a package in at most one group, fixed or linked"))
    return found


def _state_branch(config: Config) -> list[Note]:
    release = config.release
    if release.state_branch in {release.base_branch, *release.channels}:
        return [(("release", "state-branch"), "is a release branch", "a branch that holds nothing but the state")]
    return []


def _narrower(one: str, other: str) -> str:
    return one if fnmatchcase(one, other) else other


def _targets(config: Config) -> list[Note]:
    found: list[Note] = []
    for name, target in config.release.targets.items():
        path: KeyPath = ("release", "targets", name)
        if (problem := name_problem(name)) is not None:
            found.append((path, *problem))
        if not target.run and not target.needs:
            found.append((path, "does nothing", 'run = "…" or needs = ["…"]'))
        found += _run(target, path)
    return found


def _run(target: TargetConfig, path: KeyPath) -> list[Note]:
    if target.shell and not isinstance(target.run, str):
        return [((*path, "shell"), "is true, but run is a list", "run as one string, or no shell")]
    return [] if target.shell else _splits(target.run, (*path, "run"))


def _hooks(config: Config) -> list[Note]:
    hooks = config.release.hooks
    found: list[Note] = []
    for name in ("before_version", "after_version", "before_pack", "after_tag"):
        found += _splits(getattr(hooks, name), ("release", "hooks", name.replace("_", "-")))
    return found


def _splits(command: tuple[str, ...] | str, path: KeyPath) -> list[Note]:
    if isinstance(command, tuple):
        return [(path, "has no program", "the program first, not empty")] if command and not command[0].strip() else []
    try:
        shlex.split(command)
    except ValueError as error:
        return [(path, f"can't be split into words: {error}", "closed quotes, or a list of strings")]
    if syntax := shell_syntax(command):
        return [(path, f"holds {syntax}, which only a shell understands, and none runs it", _SHELL)]
    return []


def _ci(config: Config) -> list[Note]:
    found: list[Note] = []
    for name in ("install", "build"):
        found += _splits(getattr(config.ci, name), ("ci", name))
    if not config.ci.environment and (config.ci.auth == "token" or config.ci.app):
        what = "is empty, but jobs are given secrets"
        found.append(
            (("ci", "environment"), what, "an environment's name: secrets are kept there, for these jobs alone")
        )
    if config.ci.vis_tasks and config.ci.requirements:
        found.append((("ci", "requirements"), "and ci.vis-tasks both say how to install vis-tasks", "one of them"))
    return found
