"""The wave, found by looking: managed packages whose version on disk has no tag.

Not remembered, so it is the same after a merged version pull request, on a fresh clone, and after any crash. A package
whose version has a tag costs no request; one without costs one, unless staged.json knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.decision import Liveness, same_bytes
from vis_tasks.core.pending import Entry
from vis_tasks.core.selection import managed
from vis_tasks.ports import ASKED_AT_ONCE, Live, NotLive, Unknown
from vis_tasks.records import dataclass
from vis_tasks.services.dist import manifest
from vis_tasks.services.origin import built_from, commit_that_brought, is_ours, source_of
from vis_tasks.services.state import timestamp
from vis_tasks.threads import all_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.core.model import Package
    from vis_tasks.services.dist import Packed
    from vis_tasks.services.run import Run

__all__ = ["Wave", "find_wave", "forget_wave"]


@dataclass(frozen=True)
class Wave:
    """What lies between disk and registry.

    Attributes:
        fresh: to be packed and uploaded.
        waiting: staged by us, undecided (staged.json entries whose version is the one on disk).
        owed: live through us, without a tag yet.
        strange: live with other bytes than ours; with the hashes of ours.
        unproven: live, and a release of ours brought the version, but nothing here knows the bytes it was staged with.
        buried: rejected versions that stay where they are.
        unknown: packages about which the registry gave no usable answer.
    """

    fresh: tuple[Package, ...] = ()
    waiting: tuple[Entry, ...] = ()
    owed: tuple[Entry, ...] = ()
    strange: tuple[tuple[Entry, Live], ...] = ()
    unproven: tuple[tuple[Package, Live], ...] = ()
    buried: tuple[Package, ...] = ()
    unknown: tuple[tuple[Package, Unknown], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing left to do."""
        return not (self.fresh or self.waiting or self.owed or self.strange or self.unproven or self.unknown)


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
    waiting: list[Entry] = []
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
        elif entry is not None:
            buried.append(package)
        else:
            asked.append(package)
    known = Wave(waiting=tuple(waiting), owed=state.approved, buried=tuple(buried))
    return _with_answers(run, known, asked, _live(run, asked))


def _with_answers(run: Run, known: Wave, asked: Sequence[Package], answers: Sequence[Live | NotLive | Unknown]) -> Wave:
    stones = {stone.key: stone.entry for stone in run.state.pending().rejected}
    proofs = _Proofs(run, stones)
    fresh: list[Package] = []
    buried: list[Package] = []
    owed: list[Entry] = []
    unknown: list[tuple[Package, Unknown]] = []
    strange: list[tuple[Entry, Live]] = []
    unproven: list[tuple[Package, Live]] = []
    for package, answer in zip(asked, answers, strict=True):
        if not isinstance(answer, Live) and (package.name, package.version) in stones:
            buried.append(package)
        elif isinstance(answer, NotLive):
            fresh.append(package)
        elif isinstance(answer, Unknown):
            unknown.append((package, answer))
        elif (ours := proofs.ours(package)) is not None:
            same = proofs.compare(package, ours, answer)
            if same is Liveness.SAME:
                owed.append(_owed(run, package, answer, ours, buried=ours.key in stones))
            elif same is Liveness.DIFFERENT:
                strange.append((ours, answer))
            else:
                unproven.append((package, answer))
    return Wave(
        fresh=tuple(fresh),
        waiting=known.waiting,
        owed=(*known.owed, *owed),
        strange=tuple(strange),
        unproven=tuple(unproven),
        buried=(*known.buried, *buried),
        unknown=tuple(unknown),
    )


class _Proofs:
    """What is known here of the bytes of versions that aren't pending: by tombstones, the journal, and what lies in ``dist/``."""

    def __init__(self, run: Run, stones: Mapping[tuple[str, str], Entry]) -> None:
        self._run = run
        self._stones = stones
        self._intents = run.state.journal().intents if run.state.has_journal() else {}
        self._packed: dict[str, Packed] | None = None

    def ours(self, package: Package) -> Entry | None:
        """What we know of our own version of it; None when it is none of ours."""
        spec = f"{package.name}@{package.version}"
        stone = self._stones.get((package.name, package.version))
        if stone is not None and (stone.integrity or stone.shasum):
            return stone
        begun = self._intents.get(spec)
        if begun is None and stone is None and not is_ours(self._run, package):
            return None
        if self._packed is None:
            self._packed = manifest(self._run)
        line = self._packed.get(spec)
        if line is None or begun not in {None, line.shasum}:
            # What an upload began with is what counts, whatever was packed since.
            return Entry(package.name, package.version, shasum=begun)
        return Entry(package.name, package.version, integrity=line.integrity, shasum=line.shasum, commit=line.commit)

    def compare(self, package: Package, ours: Entry, live: Live) -> Liveness:
        """Other bytes packed from other sources prove nothing: only what was packed where the version came from can differ."""
        same = same_bytes(
            integrity=ours.integrity, shasum=ours.shasum, live_integrity=live.integrity, live_shasum=live.shasum
        )
        packed_since = ours.key not in self._stones and ours.spec not in self._intents
        if same is Liveness.DIFFERENT and ours.commit and packed_since:
            built = built_from(self._run, [(package, ours.commit)]).get(package.name)
            return same if built == commit_that_brought(self._run, package) else Liveness.UNVERIFIED
        return same


def _live(run: Run, packages: Sequence[Package]) -> list[Live | NotLive | Unknown]:
    def ask(package: Package) -> Live | NotLive | Unknown:
        reader = run.npm.reader(run.npm.url_for(package.name, package.manifest))
        answer = reader.live(package.name, package.version)
        return reader.live(package.name, package.version) if isinstance(answer, Unknown) else answer

    if packages:
        _ = run.npm  # asked for its configuration once, not by each thread
    return all_of(ask, packages, ASKED_AT_ONCE)


def _owed(run: Run, package: Package, live: Live, ours: Entry, *, buried: bool) -> Entry:
    """What is live with our bytes, at the commit they were built from: the tombstone has it, or git's history tells."""
    return Entry(
        name=package.name,
        version=package.version,
        reason="waiting",
        staged_at=timestamp(run.tools.clock.now()),
        integrity=live.integrity,
        shasum=live.shasum,
        commit=(buried and ours.commit) or source_of(run, package, packed_at=ours.commit),
    )
