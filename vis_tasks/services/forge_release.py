"""Releases on GitHub or GitLab for tags that were pushed; the notes are the changelog section of the tagged commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.changelog import section
from vis_tasks.core.versions import is_prerelease, is_valid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.services.run import Run
    from vis_tasks.services.tagging import Tagging

__all__ = ["make_releases"]


def make_releases(run: Run, work: Sequence[Tagging]) -> None:
    """Make one release per tag, looked up first, so that each is made once however often this runs.

    Raises:
        vis_tasks.errors.Failed: the forge's words; the version keeps its place in staged.json, so that the next run tries again.
    """
    forge = run.tools.forge() if work else None
    if forge is None:
        provider = run.release.forge.provider
        if work and provider not in {"auto", "none"}:
            run.tools.console.warning(
                f"no release on {provider}: there is no token for it, or the repository is not known"
            )
        return
    done = set(run.state.journal().released)
    for item in work:
        if item.tag in done:
            continue
        release = forge.ensure_release(
            tag=item.tag,
            title=item.tag,
            notes=_notes(run, item),
            prerelease=is_valid(item.entry.version) and is_prerelease(item.entry.version),
        )
        run.state.note(lambda journal, tag=item.tag: journal.add("released", tag))  # type: ignore[misc]
        run.report.releases.append(release.url)
        if release.created:
            run.tools.console.success(f"{forge.name} release {item.tag}: {release.url}")


def _notes(run: Run, item: Tagging) -> str:
    package = run.workspace.by_name.get(item.entry.name)
    if package is None:
        return ""
    path = "CHANGELOG.md" if package.path == "." else f"{package.path}/CHANGELOG.md"
    content = run.tools.git.read(item.commit, path)
    return section(content.decode("utf-8", errors="replace"), item.entry.version) if content else ""
