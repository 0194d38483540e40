"""Evidence about many staged versions at once: one stage list per registry, one look for each record that is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vis_tasks.core.decision import Evidence, Liveness, Record, Status, same_bytes
from vis_tasks.ports import Live, NotLive, StageList, Unknown, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.ports import RegistryReader, StageRecord
    from vis_tasks.services.run import Run

__all__ = ["Reading", "read_all"]

_LOOKUPS = 8
_STATUS = {status.value: status for status in Status}


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


def read_all(run: Run, entries: Sequence[Entry]) -> dict[tuple[str, str], Reading]:
    """Read the registry for all entries: ``ceil(stages / 100)`` list requests, and one or two for each record not listed."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(registry_of(run, entry), []).append(entry)
    readings: dict[tuple[str, str], Reading] = {}
    for url, group in groups.items():
        readings.update(_read_group(run.npm.reader(url), group))
    return readings


def registry_of(run: Run, entry: Entry) -> str:
    """The registry an entry was staged at."""
    if entry.registry:
        return entry.registry
    package = run.workspace.by_name.get(entry.name)
    return run.npm.url_for(entry.name, package.manifest if package else {})


def _read_group(reader: RegistryReader, entries: Sequence[Entry]) -> dict[tuple[str, str], Reading]:
    listed = reader.stages()
    readings: dict[tuple[str, str], Reading] = {}
    gone: list[Entry] = []
    by_id: dict[str, StageRecord] = {}
    by_key: dict[tuple[str, str], StageRecord] = {}
    if isinstance(listed, StageList):
        by_id = {record.id: record for record in listed.records}
        by_key = {(record.name, record.version): record for record in listed.records}
    for entry in entries:
        record = by_id.get(entry.id or "") or by_key.get(entry.key)
        if record is None:
            gone.append(entry)
        else:
            status = _STATUS.get(record.status or "", Status.NOT_ASKED)
            readings[entry.key] = Reading(Evidence(Record.PRESENT, Liveness.NO, status), record)
    record_state = _record_state(listed)
    errors = (listed,) if isinstance(listed, Unknown) else ()

    def look(entry: Entry) -> Reading:
        return _look(reader, entry, record_state, errors)

    if len(gone) < 2:
        found = [look(entry) for entry in gone]
    else:
        with ThreadPoolExecutor(_LOOKUPS) as pool:
            found = list(pool.map(look, gone))
    readings.update({entry.key: reading for entry, reading in zip(gone, found, strict=True)})
    return readings


def _record_state(listed: StageList | Unreadable | Unknown) -> Record:
    if isinstance(listed, StageList):
        return Record.ABSENT
    return Record.UNREADABLE if isinstance(listed, Unreadable) else Record.UNKNOWN


def _look(reader: RegistryReader, entry: Entry, record: Record, errors: tuple[Unknown, ...]) -> Reading:
    live = reader.live(entry.name, entry.version)
    if isinstance(live, Live):
        same = same_bytes(
            integrity=entry.integrity, shasum=entry.shasum, live_integrity=live.integrity, live_shasum=live.shasum
        )
        return Reading(Evidence(record, same), live=live, errors=errors)
    if isinstance(live, Unknown):
        return Reading(Evidence(record, Liveness.UNKNOWN), errors=(*errors, live))
    if record is not Record.ABSENT:
        return Reading(Evidence(record, Liveness.NO), errors=errors)
    said = reader.status(entry.name, entry.version)
    if isinstance(said, Unknown):
        return Reading(Evidence(record, Liveness.NO, Status.UNKNOWN), errors=(*errors, said))
    if isinstance(said, NotLive):
        return Reading(Evidence(record, Liveness.NO, Status.MISSING), errors=errors)
    if isinstance(said, Unreadable):
        return Reading(Evidence(record, Liveness.NO, Status.UNREADABLE), errors=errors)
    return Reading(Evidence(record, Liveness.NO, _STATUS.get(said, Status.UNREADABLE)), errors=errors)
