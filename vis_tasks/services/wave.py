"""The wave, found by looking: managed packages whose version on disk has no tag.

Not remembered, so it is the same after a merged version pull request, on a fresh clone, and after any crash. A package
whose version has a tag costs no request; one without costs one, unless staged.json knows it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vis_tasks.core.pending import Entry
from vis_tasks.core.selection import managed
from vis_tasks.ports import Live, NotLive, Unknown
from vis_tasks.services.origin import commit_that_brought, is_ours
from vis_tasks.services.state import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.model import Package
    from vis_tasks.services.run import Run

__all__ = ["Wave", "find_wave", "forget_wave"]

_LOOKUPS = 8


@dataclass(frozen=True)
class Wave:
    """What lies between disk and registry.

    Attributes:
        fresh: to be packed and uploaded.
        waiting: staged by us, undecided (staged.json entries whose version is the one on disk).
        owed: live through us, without a tag yet.
        strange: versions whose upload we began, live with other bytes than ours; with the sha1 of ours.
        buried: rejected versions that stay where they are.
        unknown: packages about which the registry gave no usable answer.
    """

    fresh: tuple[Package, ...] = ()
    waiting: tuple[Entry, ...] = ()
    owed: tuple[Entry, ...] = ()
    strange: tuple[tuple[Package, Live, str], ...] = ()
    buried: tuple[Package, ...] = ()
    unknown: tuple[tuple[Package, Unknown], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing left to do."""
        return not (self.fresh or self.waiting or self.owed or self.strange or self.unknown)


def find_wave(run: Run) -> Wave:
    """Look, once per run; `forget_wave` makes the next call look again."""
    if "_wave" not in run.__dict__:
        run.__dict__["_wave"] = _look(run)
    wave: Wave = run.__dict__["_wave"]
    return wave


def forget_wave(run: Run) -> None:
    """Something changed: look again."""
    run.forget("_wave")


def _look(run: Run) -> Wave:
    state = run.state.pending()
    fresh: list[Package] = []
    waiting: list[Entry] = []
    owed: list[Entry] = list(state.approved)
    buried: list[Package] = []
    asked: list[Package] = []
    for package in managed(run.workspace, run.release):
        if package.private or run.tag_name(package.name, package.version) in run.refs.tags:
            continue
        key = (package.name, package.version)
        if (entry := state.find(*key)) is not None and entry.reason in {"waiting", "timeout"}:
            waiting.append(entry)
        elif state.find_approved(*key) is not None:
            continue
        elif state.is_rejected(*key) or entry is not None:
            buried.append(package)
        else:
            asked.append(package)
    answers = _live(run, asked)
    unknown: list[tuple[Package, Unknown]] = []
    strange: list[tuple[Package, Live, str]] = []
    intents = run.state.journal().intents if run.state.has_journal() else {}
    for package, answer in zip(asked, answers, strict=True):
        if isinstance(answer, NotLive):
            fresh.append(package)
        elif isinstance(answer, Unknown):
            unknown.append((package, answer))
        elif (begun := intents.get(f"{package.name}@{package.version}")) and answer.shasum not in {None, begun}:
            strange.append((package, answer, begun))
        elif is_ours(run, package):
            owed.append(_owed(run, package, answer))
    return Wave(tuple(fresh), tuple(waiting), tuple(owed), tuple(strange), tuple(buried), tuple(unknown))


def _live(run: Run, packages: Sequence[Package]) -> list[Live | NotLive | Unknown]:
    def ask(package: Package) -> Live | NotLive | Unknown:
        reader = run.npm.reader(run.npm.url_for(package.name, package.manifest))
        answer = reader.live(package.name, package.version)
        return reader.live(package.name, package.version) if isinstance(answer, Unknown) else answer

    if not packages:
        return []
    if len(packages) == 1:
        return [ask(packages[0])]
    _ = run.npm
    with ThreadPoolExecutor(_LOOKUPS) as pool:
        return list(pool.map(ask, packages))


def _owed(run: Run, package: Package, live: Live) -> Entry:
    return Entry(
        name=package.name,
        version=package.version,
        reason="waiting",
        staged_at=timestamp(run.tools.clock.now()),
        integrity=live.integrity,
        shasum=live.shasum,
        commit=commit_that_brought(run, package),
    )
