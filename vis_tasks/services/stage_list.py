"""What is staged, as the registry and staged.json know it, merged; and which of it somebody means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.ages import age_since
from vis_tasks.core.pending import Entry
from vis_tasks.errors import UsageError
from vis_tasks.ports import StageList, Unreadable
from vis_tasks.records import dataclass, replace
from vis_tasks.services.readings import registry_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from vis_tasks.ports import StageRecord
    from vis_tasks.services.run import Run

__all__ = ["Listed", "Listing", "choose", "listing", "nothing_pending"]

_SHORTEST_ID = 4
_UNRECORDED = "npm-only"


@dataclass(frozen=True)
class Listed:
    """One staged version, as the registry, staged.json or both know it.

    Attributes:
        entry: what is known, merged; its ``registry`` is always filled in here.
        mark: empty when both agree, ``npm-only``, or ``registry-only, <reason>``.
        actor: who staged it, when the registry says so; automation may have no name.
        page: where people review it in a browser, when that is known.
        on_disk: whether it is the version on disk, as it is while a release waits elsewhere; None for what is no package here.
    """

    entry: Entry
    mark: str = ""
    actor: str | None = None
    page: str | None = None
    on_disk: bool | None = None

    def line(self) -> str:
        """As it is printed."""
        mark = f" [{self.mark}]" if self.mark else ""
        return f"{self.entry.stage} {self.entry.spec} → {self.entry.tag}{mark}"

    def about(self, now: datetime) -> str:
        """Age, who staged it and where to review it, as far as they are known."""
        age = age_since(self.entry.staged_at, now)
        staged = " ".join(["staged", *([f"{age} ago"] if age else []), *([f"by {self.actor}"] if self.actor else [])])
        return " · ".join([*([staged] if staged != "staged" else []), *([self.page] if self.page else [])])


@dataclass(frozen=True)
class Listing:
    """All staged versions.

    Attributes:
        items: the versions.
        unreadable: what couldn't be read, a line each.
        decided: what staged.json knows of versions that aren't staged any more: ``name@version``, id, and what became of it.
    """

    items: tuple[Listed, ...]
    unreadable: tuple[str, ...] = ()
    decided: tuple[tuple[str, str | None, str], ...] = ()

    @property
    def other_versions(self) -> tuple[Listed, ...]:
        """Versions of packages here that nothing here knows: neither staged.json nor the package.json on disk."""
        return tuple(item for item in self.items if item.mark == _UNRECORDED and item.on_disk is False)


def listing(run: Run, name: str | None = None) -> Listing:
    """Merge the registries' stage lists with staged.json. One request per registry (and page of 100).

    Args:
        run: the run.
        name: only this package.
    """
    state = run.state.pending()
    urls = dict.fromkeys(run.npm.url_for(package.name, package.manifest) for package in run.workspace.packages)
    urls |= dict.fromkeys(registry_of(run, entry) for entry in state.pending)
    records: dict[tuple[str, str], tuple[str, StageRecord]] = {}
    unreadable: list[str] = []
    for url in urls:
        found = run.npm.reader(url).stages(name)
        if isinstance(found, StageList):
            records |= {(record.name, record.version): (url, record) for record in found.records}
        else:
            why = found.why if isinstance(found, Unreadable) else f"no usable answer: {found.why}"
            unreadable.append(f"{url}: {why}")
    items = []
    for entry in state.pending:
        if name in {None, entry.name}:
            url, record = records.pop(entry.key, (registry_of(run, entry), None))
            items.append(_listed(run, url, entry, record))
    items += [_listed(run, url, None, record) for url, record in records.values() if name in {None, record.name}]
    decided = [(entry.spec, entry.id, "is approved and live; `invoke tag` makes its tag") for entry in state.approved]
    decided += [(f"{stone.name}@{stone.version}", None, "was rejected") for stone in state.rejected]
    return Listing(tuple(items), tuple(unreadable), tuple(decided))


def _listed(run: Run, url: str, entry: Entry | None, record: StageRecord | None) -> Listed:
    mark = "" if entry and record else _UNRECORDED if record else f"registry-only, {entry.reason if entry else ''}"
    known = entry or Entry("", "")
    if record is not None:
        # A version that was rejected and staged again has a new id: the registry's counts.
        known = replace(
            known,
            name=record.name,
            version=record.version,
            id=record.id,
            tag=record.tag or known.tag,
            staged_at=known.staged_at or record.created_at,
            shasum=known.shasum or record.shasum,
            published=known.published and known.id == record.id,
        )
    page = run.npm.review_page(url, name=known.name, version=known.version, stage_id=known.id)
    actor = (record.actor or record.actor_type) if record else None
    package = run.workspace.by_name.get(known.name)
    on_disk = None if package is None else package.version == known.version
    return Listed(replace(known, registry=url), mark, actor, page, on_disk)


def choose(found: Listing, wanted: Sequence[str], *, everything: bool, names: bool = False) -> tuple[Listed, ...]:
    """The stages meant by ids, shortened ids or ``name@version``.

    Args:
        found: what is staged.
        wanted: words from the command line.
        everything: all that somebody has to decide of what staged.json holds, and of the versions on disk: a release that waits
            elsewhere records what it has staged at its end. Excludes ``wanted``.
        names: whether a bare package name means all its stages.

    Raises:
        vis_tasks.errors.UsageError: nothing, or several things, are meant; code ``NO_SUCH_STAGE`` or ``AMBIGUOUS_STAGE``.
    """
    if everything and wanted:
        raise UsageError("--all and ids exclude each other", hint="give one of them")
    if everything:
        return tuple(
            item for item in found.items if (item.mark != _UNRECORDED or item.on_disk) and _undecided(item.entry)
        )
    if not wanted:
        raise UsageError(
            "name the stages: ids, shortened ids or name@version", hint="`invoke stage.list` shows them; or use --all"
        )
    chosen = [item for text in wanted for item in _meant(found, text, names=names)]
    return tuple(dict.fromkeys(chosen))


def nothing_pending(found: Listing) -> str:
    """The line for when `choose` gave nothing of everything."""
    others = ", ".join(item.entry.spec for item in found.other_versions)
    return "nothing is pending" + (
        f" here; staged are {others}, which aren't on disk: pull, or name them" if others else ""
    )


def _undecided(entry: Entry) -> bool:
    """What is published waits for the registry's scan, not for a person; what the scan blocked has to be dropped by one."""
    return entry.reason != "rejected" and (not entry.published or entry.reason == "blocked")


def _meant(found: Listing, text: str, *, names: bool) -> list[Listed]:
    hits = [item for item in found.items if text in {item.entry.id, item.entry.spec}]
    if not hits and len(text) >= _SHORTEST_ID:
        hits = [item for item in found.items if (item.entry.id or "").startswith(text.lower())]
    if not hits and names:
        named = [item for item in found.items if item.entry.name == text]
        if named:
            return named
    if len(hits) == 1:
        return hits
    if hits:
        shown = ", ".join(f"{item.entry.id} ({item.entry.spec})" for item in hits[:5])
        raise UsageError(f"{text!r} means several stages: {shown}", code="AMBIGUOUS_STAGE", hint="give more of the id")
    for spec, stage_id, what in found.decided:
        if text == spec or (stage_id and len(text) >= _SHORTEST_ID and stage_id.startswith(text.lower())):
            raise UsageError(f"{spec} {what}", code="NO_SUCH_STAGE", hint=f"`invoke inspect {spec}` tells more")
    short = 0 < len(text) < _SHORTEST_ID and any((item.entry.id or "").startswith(text) for item in found.items)
    hint = f"give at least {_SHORTEST_ID} letters of an id" if short else "`invoke stage.list` shows what is staged"
    unread = f"; the stage list can't be read ({found.unreadable[0]})" if found.unreadable else ""
    raise UsageError(f"{text!r} means no stage{unread}", code="NO_SUCH_STAGE", hint=hint)
