"""The journal of one wave."""

from __future__ import annotations

import json

import pytest

from vis_tasks.core.wave import Journal, Versioning, parse_journal, render_journal
from vis_tasks.errors import Failed

FULL = Journal(
    started_at="2026-11-21T12:00:00.000Z",
    versioning=Versioning(
        base="a" * 40,
        files={"packages/a/package.json": "0f" * 32, ".vis/release/gone.md": None},
        releases={"a": ("1.0.0", "1.1.0")},
        commit="b" * 40,
        pushed=True,
    ),
    intents={"a@1.1.0": "c" * 40},
    applied=("a@1.1.0",),
    published=("b@2.0.0",),
    tagged=("b@2.0.0",),
    pushed=("b@2.0.0",),
    released=("b@2.0.0",),
    changelog=("b@2.0.0",),
)


def test_what_was_written_is_read_back():
    assert parse_journal(render_journal(FULL), "x") == FULL


def test_a_fresh_journal_survives_too():
    assert parse_journal(render_journal(Journal()), "x") == Journal()


def test_the_lists_of_the_documented_schema_stand_at_the_top():
    assert {"published", "applied", "tagged", "pushed"} <= json.loads(render_journal(FULL)).keys()


def test_unknown_keys_survive_a_rewrite():
    data = json.loads(render_journal(FULL)) | {"tomorrow": {"deep": [1]}}
    again = json.loads(render_journal(parse_journal(json.dumps(data), "x").add("tagged", "c@1.0.0")))
    assert again["tomorrow"] == {"deep": [1]}


def test_an_upload_is_intended_and_then_settled():
    journal = Journal().intend("a@1.0.0", "s1").intend("b@1.0.0", "s2").settled("a@1.0.0")
    assert journal.intents == {"b@1.0.0": "s2"}


def test_a_value_is_added_once():
    assert Journal().add("tagged", "a", "b", "a").add("tagged", "b").tagged == ("a", "b")


def test_adding_nothing_new_changes_nothing():
    journal = Journal(tagged=("a",))
    assert journal.add("tagged", "a") is journal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "line 1"),
        ("[]", "must be an object"),
        ('{"version": 0}', '"version" must be 1'),
        ('{"version": "1"}', '"version" must be 1'),
        ('{"version": 2}', "newer vis-tasks"),
        ('{"version": 1, "versioning": {"base": "x"}}', "wrong shape"),
        ('{"version": 1, "versioning": {"base": "x", "files": [], "releases": {}}}', "wrong shape"),
        ('{"version": 1, "intents": 3}', "wrong shape"),
        ('{"version": 1, "tagged": 3}', "wrong shape"),
    ],
)
def test_a_damaged_journal_is_an_error_that_names_the_way_out(text, said):
    with pytest.raises(Failed) as caught:
        parse_journal(text, ".vis/release/.state.json")
    assert caught.value.code == "JOURNAL"
    assert said in caught.value.message
    assert ".vis/release/.state.json" in caught.value.message
    assert "delete .vis/release/.state.json" in caught.value.hint
