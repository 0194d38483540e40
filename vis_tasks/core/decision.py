"""From evidence to a decision about one staged version. Evidence, never a guess: what isn't known can't reject.

A record that is gone and a version that isn't live yet do not prove a rejection: after an approval npm scans the version
for minutes and its edge caches packuments for minutes more (npm's documentation of staged publishing).
"""

from __future__ import annotations

from base64 import b64encode
from enum import Enum

from vis_tasks.records import dataclass, replace

__all__ = ["Decision", "Evidence", "Liveness", "Memory", "Record", "Status", "Verdict", "decide", "same_bytes"]


class Record(Enum):
    """What the stage list says about the version."""

    PRESENT = "present"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


class Status(Enum):
    """What the version status endpoint says."""

    NOT_ASKED = "not asked"
    PUBLISHED = "published"
    VALIDATING = "validating"
    STAGED = "staged"
    BLOCKED = "blocked"
    DELETED = "deleted"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"


class Liveness(Enum):
    """What the public version document says, compared with the bytes that were staged."""

    SAME = "live"
    UNVERIFIED = "live, nothing to compare with"
    DIFFERENT = "live with other bytes"
    NO = "not live"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """One reading.

    Attributes:
        record: whether the stage list holds the version.
        live: whether it is live.
        status: what the version status endpoint says.
        listed: what the list's own item says of its status (since npm 11.20). It says nothing about whether the endpoint
            would answer us, so it never counts as an answer of the endpoint.
    """

    record: Record
    live: Liveness
    status: Status = Status.NOT_ASKED
    listed: Status = Status.NOT_ASKED


@dataclass(frozen=True)
class Memory:
    """What earlier readings of the same version said.

    Attributes:
        gone_readings: how many readings in a row found the record gone and the version not live.
        missing_readings: how many readings in a row the status endpoint said 404 after having known the version.
        status_answered: whether the status endpoint ever named a state of this version.
    """

    gone_readings: int = 0
    missing_readings: int = 0
    status_answered: bool = False


class Verdict(Enum):
    """What follows."""

    APPROVED = "approved"
    MISMATCH = "mismatch"
    BLOCKED = "blocked"
    REJECTED = "rejected"
    PENDING = "pending"


@dataclass(frozen=True)
class Decision:
    """The verdict, why in a few words, and what to remember for the next reading."""

    verdict: Verdict
    why: str
    memory: Memory


# The registry shows no rejections. Where it can't be asked about the version's state, a scan longer than `settle` looks the same.
_UNTOLD = (
    "the stage record is gone and the version never went live; if it is only in a long scan, the next run after it finds it live "
    "and makes its tag"
)
_NAMED = {Status.PUBLISHED, Status.VALIDATING, Status.STAGED, Status.BLOCKED, Status.DELETED}


def decide(evidence: Evidence, memory: Memory, *, gone_for: float, settle: float, published: bool = False) -> Decision:
    """Judge one reading.

    Args:
        evidence: this reading.
        memory: the decision's memory of the reading before; ``Memory()`` for the first.
        gone_for: seconds since the record was first seen gone with the version not live, without a reading to the contrary
            in between; 0 for the first such reading.
        settle: seconds a record may be gone before that means a rejection.
        published: the version was published without staging, or approved through us: nobody can reject it any more.
    """
    memory = replace(memory, status_answered=memory.status_answered or evidence.status in _NAMED)
    reset = replace(memory, gone_readings=0, missing_readings=0)
    if evidence.live in {Liveness.SAME, Liveness.UNVERIFIED}:
        return Decision(Verdict.APPROVED, evidence.live.value, reset)
    if evidence.live is Liveness.DIFFERENT:
        return Decision(Verdict.MISMATCH, evidence.live.value, reset)
    said = {evidence.status, evidence.listed}
    for stopped in (Status.BLOCKED, Status.DELETED):
        if stopped in said:
            return Decision(Verdict.BLOCKED, f"the registry says {stopped.value}", reset)
    if evidence.record is Record.PRESENT or evidence.status in {Status.STAGED, Status.VALIDATING}:
        why = "validating" if Status.VALIDATING in said else "waiting for a decision"
        return Decision(Verdict.PENDING, why, reset)
    if evidence.status is Status.PUBLISHED:
        return Decision(Verdict.PENDING, "approved, not installable yet", reset)
    if published:
        return Decision(Verdict.PENDING, "published, not installable yet", reset)
    if Record.UNKNOWN is evidence.record or Liveness.UNKNOWN is evidence.live or Status.UNKNOWN is evidence.status:
        return Decision(Verdict.PENDING, "the registry gave no usable answer", memory)
    if evidence.record is Record.UNREADABLE:
        return Decision(Verdict.PENDING, "the stage list can't be read with these credentials", reset)
    return _gone(evidence, memory, gone_for=gone_for, settle=settle)


def _gone(evidence: Evidence, memory: Memory, *, gone_for: float, settle: float) -> Decision:
    missing = memory.missing_readings + 1 if evidence.status is Status.MISSING and memory.status_answered else 0
    seen = replace(memory, gone_readings=memory.gone_readings + 1, missing_readings=missing)
    if seen.missing_readings > 1:
        return Decision(Verdict.REJECTED, "the registry knew the version and no longer does", seen)
    if gone_for >= settle and seen.gone_readings > 1:
        return Decision(Verdict.REJECTED, _UNTOLD, seen)
    return Decision(Verdict.PENDING, "settling: the stage record is gone, the version isn't live yet", seen)


def same_bytes(
    *, integrity: str | None, shasum: str | None, live_integrity: str | None, live_shasum: str | None
) -> Liveness:
    """Compare what was staged with what is live: by integrity where both sides name the same algorithm, else by sha1.

    Nothing recorded leaves nothing to compare with (`Liveness.UNVERIFIED`). Something recorded that the live document can't be
    compared with proves nothing either way: `Liveness.UNKNOWN`.
    """
    ours, theirs = _hashes(integrity, shasum), _hashes(live_integrity, live_shasum)
    if not ours:
        return Liveness.UNVERIFIED
    for algorithm in sorted(ours.keys() & theirs.keys(), key=_STRENGTH.index):
        return Liveness.SAME if ours[algorithm] & theirs[algorithm] else Liveness.DIFFERENT
    return Liveness.UNKNOWN


_STRENGTH = ("sha512", "sha384", "sha256", "sha1")


def _hashes(integrity: str | None, shasum: str | None) -> dict[str, set[str]]:
    """Base64 digests by algorithm, out of a Subresource Integrity string (W3C SRI, 3.5) and a sha1 in hex."""
    found: dict[str, set[str]] = {}
    for each in (integrity or "").split():
        algorithm, _, digest = each.partition("?")[0].partition("-")
        if algorithm in _STRENGTH and digest:
            found.setdefault(algorithm, set()).add(digest)
    if shasum:
        found.setdefault("sha1", set()).add(b64encode(_bytes(shasum)).decode())
    return found


def _bytes(shasum: str) -> bytes:
    try:
        return bytes.fromhex(shasum)
    except ValueError:
        return shasum.encode()
