"""The state files: written only when they say something new, deleted when they say nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.fakes import FakeClock, MemoryFiles
from tests.services.builders import entry
from vis_tasks.core.pending import Pending
from vis_tasks.errors import Failed
from vis_tasks.services.state import StateFiles, is_temporary, seconds_since, timestamp

STAGED, JOURNAL = ".vis/release/staged.json", ".vis/release/.state.json"


@pytest.fixture
def files():
    return MemoryFiles()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def state(files, clock):
    return StateFiles(files, clock, ".vis/release")


def test_times_are_written_as_javascript_writes_them():
    assert timestamp(datetime(2026, 5, 22, 14, 0, 0, 7999, tzinfo=UTC)) == "2026-05-22T14:00:00.007Z"


def test_seconds_since_a_time_that_says_nothing_are_none():
    now = datetime(2026, 5, 22, 14, 0, tzinfo=UTC)
    assert seconds_since("2026-05-22T13:59:00.000Z", now) == 60
    for odd in (None, "", "yesterday", "2026-05-22T13:59:00", "2026-05-22T15:00:00.000Z"):
        assert seconds_since(odd, now) == 0


def test_a_change_is_written_with_its_time(state, files, clock):
    clock.advance(61)
    assert state.save(Pending().put(entry("a")))
    assert json.loads(files.content[STAGED])["updatedAt"] == "2026-11-21T12:01:01.000Z"


def test_nothing_is_written_when_only_the_time_would_change(state, files, clock):
    state.save(Pending().put(entry("a")))
    before = files.content[STAGED]
    clock.advance(3600)
    assert not state.save(state.pending())
    assert not state.save(Pending().put(entry("a")))
    assert files.content[STAGED] == before
    assert files.writes[STAGED] == 1


def test_the_file_goes_with_its_last_entry(state, files):
    state.save(Pending().put(entry("a")))
    assert state.save(Pending())
    assert STAGED not in files.content
    assert not state.save(Pending())


def test_what_somebody_else_wrote_since_is_what_is_read(state, files):
    state.save(Pending(pending=(entry("a"),)))
    assert [each.name for each in state.pending().pending] == ["a"]
    files.write(state.staged_path, files.read(state.staged_path).replace(b'"a"', b'"b"'))
    assert [each.name for each in state.pending().pending] == ["b"]


def test_a_tombstone_alone_keeps_the_file(state, files):
    state.save(Pending().reject(entry("a"), "t").drop("a", "1.1.0"))
    assert state.pending().is_rejected("a", "1.1.0")


@pytest.mark.parametrize("text", [b"{", b'{"version": 9}', b"<<<<<<< ours\n", b"\xff\xfe"])
def test_a_damaged_file_stops_everything_and_is_left_as_it_is(state, files, text):
    files.content[STAGED] = text
    for attempt in (state.pending, lambda: state.save(Pending()), lambda: state.change(lambda old: old)):
        with pytest.raises(Failed, match=STAGED):
            attempt()
    assert files.content[STAGED] == text


def test_a_byte_order_mark_is_no_damage(state, files):
    state.save(Pending().put(entry("a")))
    files.content[STAGED] = b"\xef\xbb\xbf" + files.content[STAGED]
    assert state.pending().find("a", "1.1.0")


def test_unknown_keys_survive_a_change(state, files):
    files.content[STAGED] = b'{"version": 1, "updatedAt": "", "pending": [], "team": "core"}'
    state.change(lambda old: old.put(entry("a")))
    assert json.loads(files.content[STAGED])["team"] == "core"


def test_the_journal_is_written_when_it_changes_and_only_then(state, files):
    state.note(lambda journal: journal.add("tagged", "a@1.0.0"))
    state.note(lambda journal: journal.add("tagged", "a@1.0.0"))
    assert files.writes[JOURNAL] == 1
    state.close_journal()
    assert not state.has_journal()


def test_what_was_set_aside_is_merged_into_what_stands_there_now(state, files):
    base = Pending().put(entry("a")).put(entry("b"))
    state.set_aside(base, base.approve(entry("a")), "c" * 40)
    assert state.moving_to() == "c" * 40
    state.save(base.put(entry("c")))
    assert state.take_up()
    assert state.moving_to() is None
    after = state.pending()
    assert [each.name for each in after.pending] == ["b", "c"]
    assert [each.name for each in after.approved] == ["a"]
    assert not state.take_up()


def test_temporary_files_are_known_by_their_names():
    assert is_temporary("packages/a/.package.json.x1y2.tmp")
    assert not is_temporary("packages/a/notes.tmp")
    assert not is_temporary(".gitignore")
