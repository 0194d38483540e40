"""What went live, where the release branch takes no pushes: it stands on the state branch until a version takes it over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.patterns import regex
from vis_tasks.services.record import arrived_on_branch, staged_on_branch
from vis_tasks.services.workspace_changelog import (
    CHANGELOG,
    RECORD_WAVE,
    keeps_changelog,
    new_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.services.run import Run
    from vis_tasks.services.tagging import Tagging

__all__ = ["push_wave", "with_waves_of_branch"]

_DAY = regex(r"## (\d{4}-\d\d-\d\d)")


def push_wave(run: Run, work: Sequence[Tagging], *, along: Sequence[str] = ()) -> bool:
    """Push the wave's entry to the state branch with the tags along; False when there is nothing new to write.

    What staged.json knows by then goes with it: the versions that just got their tags are still owed a release on the forge.

    Raises:
        vis_tasks.errors.Failed: see `vis_tasks.services.state_branch.StateBranch.push`.
    """
    branch = run.state.elsewhere
    specs = [item.entry.spec for item in work]
    if branch is None or not specs:
        return False
    date = run.tools.clock.now().date().isoformat()

    def files() -> dict[str, bytes]:
        changelog = branch.changelog_path
        wave = {changelog: new_text(branch.read(changelog), date, specs)} if keeps_changelog(run) else {}
        return {**wave, **staged_on_branch(run)}

    commit = branch.push(RECORD_WAVE, files, run.tools.clock, along=along)
    run.forget("refs")
    arrived_on_branch(run)
    run.report.commits.extend([commit] if commit else [])
    return bool(commit or along)


def with_waves_of_branch(run: Run) -> bytes | None:
    """The workspace changelog with the waves that only the state branch knows; None when it has them all."""
    branch = run.state.elsewhere
    recorded = branch.read(branch.changelog_path) if branch and keeps_changelog(run) else None
    if recorded is None:
        return None
    date, waves = "", []
    for line in recorded.decode("utf-8", errors="replace").splitlines():
        if heading := _DAY.fullmatch(line):
            date = heading[1]
        elif date and line.startswith("- "):
            waves.append((date, line.removeprefix("- ")))
    old = run.tools.files.read(CHANGELOG)
    content = old
    for day, specs in _by_day(waves):
        content = new_text(content, day, specs)
    return None if content == old else content


def _by_day(waves: Sequence[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Oldest first, so that the newest ends on top."""
    days: dict[str, list[str]] = {}
    for day, spec in waves:
        days.setdefault(day, []).append(spec)
    return sorted(days.items())
