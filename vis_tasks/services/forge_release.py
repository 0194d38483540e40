"""Releases on GitHub or GitLab for tags that were pushed; the notes are the changelog section of the tagged commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vis_tasks.core.changelog import section
from vis_tasks.core.versions import is_prerelease, is_valid
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vis_tasks.services.run import Run
    from vis_tasks.services.tagging import Tagging

__all__ = ["make_releases"]


def make_releases(run: Run, work: Sequence[Tagging]) -> None:
    """Make one release per tag, or one per wave, looked up first, so that each is made once however often this runs.

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
    for planned in _planned(run, [item for item in work if item.tag not in done]):
        release = forge.ensure_release(
            tag=planned.tag, title=planned.title, notes=planned.notes, prerelease=planned.prerelease
        )
        run.state.note(lambda journal, tags=planned.covers: journal.add("released", *tags))  # type: ignore[misc]
        run.report.releases.append(release.url)
        if release.created:
            run.tools.console.success(f"{forge.name} release {planned.tag}: {release.url}")


@dataclass(frozen=True)
class _Planned:
    """One release: its tag, what stands in it, and the tags it speaks for."""

    tag: str
    title: str
    notes: str
    prerelease: bool
    covers: tuple[str, ...]


def _planned(run: Run, work: Sequence[Tagging]) -> Iterator[_Planned]:
    """One for each package; or one for all of them, on the tag that comes last (a forge has no release without a tag)."""
    if run.release.forge.per == "package":
        yield from (_release(run, [item], _notes(run, item), "{tag}") for item in work)
    elif work:
        sections = [f"## {item.entry.spec}\n\n{_notes(run, item)}".rstrip() for item in work]
        yield _release(run, work, "\n\n".join(sections), "{date}")


def _release(run: Run, items: Sequence[Tagging], changelog: str, title: str) -> _Planned:
    forge, last = run.release.forge, items[-1]
    values = {
        "tag": last.tag,
        "name": last.entry.name,
        "version": last.entry.version,
        "date": run.tools.clock.now().date().isoformat(),
        "count": str(len(items)),
    }
    return _Planned(
        last.tag,
        _filled(forge.title or title, values),
        _filled(forge.notes or "{changelog}", {**values, "changelog": changelog}),
        all(is_valid(item.entry.version) and is_prerelease(item.entry.version) for item in items),
        tuple(item.tag for item in items),
    )


def _filled(template: str, values: Mapping[str, str]) -> str:
    """In one pass: what a changelog says is never taken for a placeholder; other braces stay."""
    return re.sub(r"\{([a-z]+)\}", lambda match: values.get(match[1], match[0]), template)


def _notes(run: Run, item: Tagging) -> str:
    package = run.workspace.by_name.get(item.entry.name)
    if package is None:
        return ""
    path = "CHANGELOG.md" if package.path == "." else f"{package.path}/CHANGELOG.md"
    content = run.tools.git.read(item.commit, path)
    return section(content.decode("utf-8", errors="replace"), item.entry.version) if content else ""
