"""The decision table: evidence in, verdict out; and what no evidence may ever do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vis_tasks.core.decision import Decision, Evidence, Liveness, Memory, Record, Status, Verdict, decide, same_bytes

SETTLE = 360.0
GONE = Evidence(Record.ABSENT, Liveness.NO)
GONE_AND_404 = Evidence(Record.ABSENT, Liveness.NO, Status.MISSING)
FRESH = Memory()
SEEN_GONE = Memory(gone_readings=1)
STATUS_KNEW_IT = Memory(gone_readings=1, missing_readings=1, status_answered=True)

LIVE_BYTES = {Liveness.SAME, Liveness.UNVERIFIED}
LIVE = LIVE_BYTES | {Liveness.DIFFERENT}
ERRORS = {Record.UNKNOWN, Liveness.UNKNOWN, Status.UNKNOWN}


def judge(evidence: Evidence, memory: Memory = FRESH, gone_for: float = 0.0) -> Decision:
    return decide(evidence, memory, gone_for=gone_for, settle=SETTLE)


ROWS = {
    "live with the bytes we staged": (Evidence(Record.ABSENT, Liveness.SAME), FRESH, 0, Verdict.APPROVED),
    "live although the list still shows it": (Evidence(Record.PRESENT, Liveness.SAME), FRESH, 0, Verdict.APPROVED),
    "live although the list can't be read": (Evidence(Record.UNREADABLE, Liveness.SAME), FRESH, 0, Verdict.APPROVED),
    "live although the list failed": (Evidence(Record.UNKNOWN, Liveness.SAME), FRESH, 0, Verdict.APPROVED),
    "live, nothing was recorded to compare with": (
        Evidence(Record.ABSENT, Liveness.UNVERIFIED), FRESH, 0, Verdict.APPROVED,
    ),
    "live with other bytes": (Evidence(Record.ABSENT, Liveness.DIFFERENT), FRESH, 0, Verdict.MISMATCH),
    "live with other bytes, still listed": (Evidence(Record.PRESENT, Liveness.DIFFERENT), FRESH, 0, Verdict.MISMATCH),
    "blocked by the scan": (Evidence(Record.ABSENT, Liveness.NO, Status.BLOCKED), FRESH, 0, Verdict.BLOCKED),
    "blocked says the list": (
        Evidence(Record.PRESENT, Liveness.NO, listed=Status.BLOCKED), FRESH, 0, Verdict.BLOCKED,
    ),
    "published once and removed since": (
        Evidence(Record.ABSENT, Liveness.NO, Status.DELETED), FRESH, 0, Verdict.BLOCKED,
    ),
    "record present": (Evidence(Record.PRESENT, Liveness.NO), FRESH, 0, Verdict.PENDING),
    "record present and validating": (
        Evidence(Record.PRESENT, Liveness.NO, listed=Status.VALIDATING), FRESH, 0, Verdict.PENDING,
    ),
    "record present beats a status of 404": (
        Evidence(Record.PRESENT, Liveness.NO, Status.MISSING), STATUS_KNEW_IT, 9999, Verdict.PENDING,
    ),
    "record gone, status says staged": (
        Evidence(Record.ABSENT, Liveness.NO, Status.STAGED), SEEN_GONE, 9999, Verdict.PENDING,
    ),
    "record gone, status says validating, however long": (
        Evidence(Record.ABSENT, Liveness.NO, Status.VALIDATING), SEEN_GONE, 9999, Verdict.PENDING,
    ),
    "record gone, status says published, however long": (
        Evidence(Record.ABSENT, Liveness.NO, Status.PUBLISHED), SEEN_GONE, 9999, Verdict.PENDING,
    ),
    "the status endpoint knew it, says 404 for the first time": (
        GONE_AND_404, Memory(status_answered=True), 0, Verdict.PENDING,
    ),
    "the status endpoint knew it, says 404 for the second time": (GONE_AND_404, STATUS_KNEW_IT, 15, Verdict.REJECTED),
    "the status endpoint never knew it, 404 again and again": (
        GONE_AND_404, Memory(gone_readings=9, missing_readings=0), SETTLE - 1, Verdict.PENDING,
    ),
    "gone, still inside settle": (GONE, Memory(gone_readings=20), SETTLE - 1, Verdict.PENDING),
    "gone, settle over, but only one reading": (GONE, FRESH, SETTLE + 1, Verdict.PENDING),
    "gone, settle over, second reading": (GONE, SEEN_GONE, SETTLE, Verdict.REJECTED),
    "gone, settle over, status not for us to read": (
        Evidence(Record.ABSENT, Liveness.NO, Status.UNREADABLE), SEEN_GONE, SETTLE, Verdict.REJECTED,
    ),
    "list unreadable, not live, however long": (
        Evidence(Record.UNREADABLE, Liveness.NO), Memory(gone_readings=9), 99999, Verdict.PENDING,
    ),
    "list failed, however long": (
        Evidence(Record.UNKNOWN, Liveness.NO), Memory(gone_readings=9), 99999, Verdict.PENDING,
    ),
    "live check failed, however long": (
        Evidence(Record.ABSENT, Liveness.UNKNOWN), Memory(gone_readings=9), 99999, Verdict.PENDING,
    ),
    "status failed, however long": (
        Evidence(Record.ABSENT, Liveness.NO, Status.UNKNOWN), Memory(gone_readings=9), 99999, Verdict.PENDING,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("evidence", "memory", "gone_for", "verdict"), ROWS.values(), ids=ROWS.keys())
def test_each_row_of_the_table(evidence, memory, gone_for, verdict):
    assert judge(evidence, memory, gone_for).verdict is verdict


def test_two_readings_of_404_after_the_endpoint_knew_it_reject_at_once():
    staged = judge(Evidence(Record.PRESENT, Liveness.NO, Status.STAGED))
    first = judge(GONE_AND_404, staged.memory)
    second = judge(GONE_AND_404, first.memory, gone_for=15)
    assert [staged.verdict, first.verdict, second.verdict] == [Verdict.PENDING, Verdict.PENDING, Verdict.REJECTED]


def test_a_status_in_the_list_does_not_make_the_endpoints_404_count():
    # 404 also means "you may not see it": only an endpoint that answered us before can take its word back.
    memory = judge(Evidence(Record.PRESENT, Liveness.NO, listed=Status.STAGED)).memory
    for _ in range(5):
        decision = judge(GONE_AND_404, memory, gone_for=60)
        memory = decision.memory
    assert decision.verdict is Verdict.PENDING


def test_a_record_that_comes_back_starts_the_count_anew():
    gone = judge(GONE)
    back = judge(Evidence(Record.PRESENT, Liveness.NO), gone.memory)
    assert judge(GONE, back.memory, gone_for=SETTLE).verdict is Verdict.PENDING


def test_trouble_in_between_neither_counts_nor_forgets():
    gone = judge(GONE)
    trouble = judge(Evidence(Record.UNKNOWN, Liveness.NO), gone.memory, gone_for=SETTLE)
    assert trouble.memory == gone.memory
    assert judge(GONE, trouble.memory, gone_for=SETTLE).verdict is Verdict.REJECTED


evidences = st.builds(
    Evidence,
    record=st.sampled_from(Record),
    live=st.sampled_from(Liveness),
    status=st.sampled_from(Status),
    listed=st.sampled_from(Status),
)
memories = st.builds(
    Memory,
    gone_readings=st.integers(0, 50),
    missing_readings=st.integers(0, 50),
    status_answered=st.booleans(),
)
seconds = st.floats(0, 1e6)


@given(evidences, memories, seconds)
def test_an_error_in_the_evidence_never_rejects(evidence, memory, gone_for):
    if {evidence.record, evidence.live, evidence.status} & ERRORS:
        assert judge(evidence, memory, gone_for).verdict is not Verdict.REJECTED


@given(evidences, memories, seconds)
def test_a_list_that_cannot_be_read_never_rejects(evidence, memory, gone_for):
    if evidence.record is Record.UNREADABLE:
        assert judge(evidence, memory, gone_for).verdict is not Verdict.REJECTED


@given(evidences, memories, seconds)
def test_what_was_published_without_staging_is_never_rejected(evidence, memory, gone_for):
    verdict = decide(evidence, memory, gone_for=gone_for, settle=SETTLE, published=True).verdict
    assert verdict is not Verdict.REJECTED
    assert verdict in {judge(evidence, memory, gone_for).verdict, Verdict.PENDING}


@given(evidences, memories, seconds)
def test_nothing_but_live_approves_and_live_always_decides(evidence, memory, gone_for):
    verdict = judge(evidence, memory, gone_for).verdict
    assert (verdict is Verdict.APPROVED) == (evidence.live in LIVE_BYTES)
    assert (verdict is Verdict.MISMATCH) == (evidence.live is Liveness.DIFFERENT)


@given(st.lists(st.tuples(evidences, st.floats(0, 400)), max_size=12))
def test_never_rejected_before_settle_unless_the_endpoint_took_its_word_back(readings):
    memory, elapsed, gone_since, answered = Memory(), 0.0, None, False
    for evidence, pause in readings:
        elapsed += pause
        gone_for = 0.0 if gone_since is None else elapsed - gone_since
        decision = judge(evidence, memory, gone_for)
        memory = decision.memory
        if not memory.gone_readings:
            gone_since = None
        elif gone_since is None:
            gone_since = elapsed
        if decision.verdict is Verdict.REJECTED and not answered:
            assert gone_for >= SETTLE
        answered = answered or evidence.status in {
            Status.PUBLISHED, Status.VALIDATING, Status.STAGED, Status.BLOCKED, Status.DELETED,
        }  # fmt: skip


@given(st.lists(evidences, min_size=1, max_size=6), seconds)
def test_one_reading_alone_never_rejects(readings, gone_for):
    assert judge(readings[0], Memory(), gone_for).verdict is not Verdict.REJECTED


SHA512 = "sha512-" + "A" * 86 + "=="
OTHER512 = "sha512-" + "B" * 86 + "=="
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
SHA1_AS_SRI = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="
OTHER1 = "0" * 40


@pytest.mark.parametrize(
    ("ours", "live", "expected"),
    [
        ((SHA512, SHA1), (SHA512, SHA1), Liveness.SAME),
        ((SHA512, SHA1), (OTHER512, SHA1), Liveness.DIFFERENT),
        ((SHA512, SHA1), (SHA512, OTHER1), Liveness.SAME),
        ((SHA512, SHA1), (None, SHA1), Liveness.SAME),
        ((SHA512, SHA1), (None, OTHER1), Liveness.DIFFERENT),
        ((None, SHA1), (SHA512, SHA1), Liveness.SAME),
        ((None, SHA1), (SHA512, OTHER1), Liveness.DIFFERENT),
        ((SHA512, SHA1), (SHA1_AS_SRI, None), Liveness.SAME),
        ((SHA512, None), (f"{SHA1_AS_SRI} {SHA512}?foo", None), Liveness.SAME),
        ((SHA512, None), (None, SHA1), Liveness.UNKNOWN),
        ((SHA512, SHA1), (None, None), Liveness.UNKNOWN),
        ((None, None), (SHA512, SHA1), Liveness.UNVERIFIED),
        ((None, None), (None, None), Liveness.UNVERIFIED),
    ],
)
def test_bytes_are_compared_by_the_strongest_hash_both_sides_have(ours, live, expected):
    assert expected is same_bytes(integrity=ours[0], shasum=ours[1], live_integrity=live[0], live_shasum=live[1])
