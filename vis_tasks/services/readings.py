"""Evidence about many staged versions at once: one stage list per registry, one look for each record that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.decision import Evidence, Liveness, Record, Status, same_bytes
from vis_tasks.ports import ASKED_AT_ONCE, Live, NotLive, StageList, Unknown, Unreadable
from vis_tasks.records import dataclass, field
from vis_tasks.threads import all_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.ports import RegistryReader, StageRecord
    from vis_tasks.services.run import Run

__all__ = ["Asked", "Reading", "read_all"]

_FIRST_LOOKS = 8
_STATUS = {status.value: status for status in Status}


@dataclass
class Asked:
    """What the version status endpoint need not be asked again.

    Attributes:
        refused: registry and package name for which it answered 401 or 403.
        listed: versions that were asked about while the list still held them; an endpoint that names a version now may be
            believed when it says 404 later.
    """

    refused: set[tuple[str, str]] = field(default_factory=set)
    listed: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Reading:
    """Evidence about one entry, what the registry said of it, and the errors on the way.

    Attributes:
        record: the registry's own item, when it is in the list.
        live: the live version's integrity and shasum, when it is live.
        errors: answers that said nothing, for the log.
    """

    evidence: Evidence
    record: StageRecord | None = None
    live: Live | None = None
    errors: tuple[Unknown, ...] = ()


def read_all(run: Run, entries: Sequence[Entry], asked: Asked | None = None) -> dict[tuple[str, str], Reading]:
    """Read the registry for all entries: ``ceil(stages / 100)`` list requests, and one or two for each record not listed.

    Args:
        run: the run.
        entries: the staged versions.
        asked: kept from call to call by whoever reads repeatedly; the status endpoint is then asked once about each version
            while it is still listed, a few versions a call, and never again where it refused to answer. Without it, only about
            records that are gone.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(registry_of(run, entry), []).append(entry)
    readings: dict[tuple[str, str], Reading] = {}
    for url, group in groups.items():
        readings.update(_Reader(run.npm.reader(url), asked).read(group))
    return readings


def registry_of(run: Run, entry: Entry) -> str:
    """The registry an entry was staged at."""
    if entry.registry:
        return entry.registry
    package = run.workspace.by_name.get(entry.name)
    return run.npm.url_for(entry.name, package.manifest if package else {})


class _Reader:
    def __init__(self, reader: RegistryReader, asked: Asked | None) -> None:
        self._reader = reader
        self._repeated = asked is not None
        self._asked = asked or Asked()

    def read(self, entries: Sequence[Entry]) -> dict[tuple[str, str], Reading]:
        listed = self._reader.stages()
        records = listed.records if isinstance(listed, StageList) else ()
        by_id = {record.id: record for record in records}
        by_key = {(record.name, record.version): record for record in records}
        found = {entry.key: by_id.get(entry.id or "") or by_key.get(entry.key) for entry in entries}
        first = self._first_looks([entry for entry in entries if found[entry.key]])
        state = _record_state(listed)
        errors = (listed,) if isinstance(listed, Unknown) else ()

        def look(entry: Entry) -> Reading:
            record = found[entry.key]
            if record is None:
                return self._look(entry, state, errors)
            status = self._status(entry)[0] if entry.key in first else Status.NOT_ASKED
            told = _STATUS.get(record.status or "", Status.NOT_ASKED)
            # The list is the answer here; an endpoint in trouble takes nothing away from it.
            status = Status.NOT_ASKED if status is Status.UNKNOWN else status
            return Reading(Evidence(Record.PRESENT, Liveness.NO, status, told), record)

        requests = [entry for entry in entries if found[entry.key] is None or entry.key in first]
        asking = {entry.key for entry in requests}
        readings = {entry.key: look(entry) for entry in entries if entry.key not in asking}
        looks = all_of(look, requests, ASKED_AT_ONCE)
        return readings | {entry.key: found for entry, found in zip(requests, looks, strict=True)}

    def _first_looks(self, listed: Sequence[Entry]) -> set[tuple[str, str]]:
        """Versions whose status is asked about while they are listed: each once, a few at a time."""
        if not self._repeated:
            return set()
        new = [entry.key for entry in listed if entry.key not in self._asked.listed][:_FIRST_LOOKS]
        self._asked.listed.update(new)
        return set(new)

    def _look(self, entry: Entry, record: Record, errors: tuple[Unknown, ...]) -> Reading:
        live = self._reader.live(entry.name, entry.version)
        if isinstance(live, Live):
            same = same_bytes(
                integrity=entry.integrity, shasum=entry.shasum, live_integrity=live.integrity, live_shasum=live.shasum
            )
            return Reading(Evidence(record, same), live=live, errors=errors)
        if isinstance(live, Unknown):
            return Reading(Evidence(record, Liveness.UNKNOWN), errors=(*errors, live))
        if record is not Record.ABSENT:
            return Reading(Evidence(record, Liveness.NO), errors=errors)
        status, trouble = self._status(entry)
        return Reading(Evidence(record, Liveness.NO, status), errors=(*errors, *trouble))

    def _status(self, entry: Entry) -> tuple[Status, tuple[Unknown, ...]]:
        place = (self._reader.url, entry.name)
        if place in self._asked.refused:
            return Status.UNREADABLE, ()
        said = self._reader.status(entry.name, entry.version)
        if isinstance(said, Unknown):
            return Status.UNKNOWN, (said,)
        if isinstance(said, Unreadable):
            self._asked.refused.add(place)
            return Status.UNREADABLE, ()
        return (Status.MISSING if isinstance(said, NotLive) else _STATUS.get(said, Status.UNREADABLE)), ()


def _record_state(listed: StageList | Unreadable | Unknown) -> Record:
    if isinstance(listed, StageList):
        return Record.ABSENT
    return Record.UNREADABLE if isinstance(listed, Unreadable) else Record.UNKNOWN
