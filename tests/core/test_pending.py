"""staged.json: its schema, what survives, what is refused, and how two histories of it are joined."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vis_tasks.core.pending import REASONS, Entry, Pending, Tombstone, parse, render
from vis_tasks.core.pending_merge import merge
from vis_tasks.errors import Failed

PATH = ".vis/release/staged.json"
DOCUMENTED = """\
{
  "version": 1,
  "updatedAt": "2026-05-22T14:30:00.000Z",
  "pending": [
    {
      "id": "stage-xyz",
      "name": "@scope/pkg",
      "version": "1.2.0",
      "tag": "latest",
      "reason": "timeout",
      "stagedAt": "2026-05-22T14:00:00.000Z"
    }
  ]
}
"""
XYZ = Entry(
    id="stage-xyz", name="@scope/pkg", version="1.2.0", tag="latest", reason="timeout", staged_at="2026-05-22T14:00:00.000Z"
)  # fmt: skip


def entry(name: str = "a", version: str = "1.0.0", **more) -> Entry:
    return Entry(name, version, **{"id": f"id-{name}-{version}", "staged_at": "t0", **more})


def test_the_documented_example_is_read():
    assert parse(DOCUMENTED, PATH) == Pending(pending=(XYZ,), updated_at="2026-05-22T14:30:00.000Z")


def test_the_documented_example_is_written_byte_for_byte():
    assert render(Pending(pending=(XYZ,), updated_at="2026-05-22T14:30:00.000Z")) == DOCUMENTED


def test_our_own_keys_come_after_the_documented_ones():
    full = entry(
        integrity="sha512-x",
        shasum="ab",
        commit="c",
        registry="http://r/",
        gone_at="t1",
        published=True,
        extra={"note": 1},
    )
    text = render(Pending(pending=(full,), approved=(full,), rejected=(Tombstone("b", "1.0.0", "t2"),), extra={"z": 0}))
    data = json.loads(text)
    assert list(data) == ["version", "updatedAt", "pending", "approved", "rejected", "z"]
    assert list(data["pending"][0]) == [
        "id", "name", "version", "tag", "reason", "stagedAt", "integrity", "shasum", "commit", "registry", "goneAt",
        "published", "note",
    ]  # fmt: skip
    assert data["rejected"] == [{"name": "b", "version": "1.0.0", "at": "t2"}]


def test_what_was_published_without_staging_is_read_back_and_anything_but_a_boolean_is_refused():
    text = render(Pending(pending=(entry(published=True), entry("b"))))
    assert [each.published for each in parse(text, PATH).pending] == [True, False]
    with pytest.raises(Failed, match=r"pending\[0\] can't be read: \"published\" must be true or false, it is 'yes'"):
        parse(text.replace('"published": true', '"published": "yes"'), PATH)


def test_an_id_that_is_not_known_is_written_as_null():
    assert json.loads(render(Pending(pending=(entry(id=None),))))["pending"][0]["id"] is None


def test_unknown_keys_survive_a_rewrite_everywhere():
    data = json.loads(DOCUMENTED)
    data["future"] = {"a": [1, None]}
    data["pending"][0]["reviewer"] = "eve"
    data["rejected"] = [{"name": "b", "version": "1.0.0", "at": "t", "why": "typo"}]
    assert json.loads(render(parse(json.dumps(data), PATH))) == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ('{"version": 1,\n "pending": [}', "line 2"),
        ("null", "must be an object"),
        ("{}", '"version" must be 1'),
        ('{"version": true}', '"version" must be 1'),
        ('{"version": 0}', '"version" must be 1'),
        ('{"version": 1, "pending": {}}', '"pending" must be a list'),
        ('{"version": 1, "pending": [3]}', "pending[0]"),
        ('{"version": 1, "pending": [{"name": "a"}]}', '"version" is missing'),
        ('{"version": 1, "pending": [{"name": "a", "version": 1}]}', '"version" must be a string'),
        ('{"version": 1, "approved": [{"version": "1.0.0"}]}', "approved[0]"),
        ('{"version": 1, "rejected": [{"name": "a"}]}', "rejected[0]"),
        ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n", "conflict markers"),
    ],
)
def test_a_damaged_file_is_refused_with_its_path_and_place(text, said):
    with pytest.raises(Failed) as caught:
        parse(text, PATH)
    assert caught.value.code == "STAGED_JSON"
    assert caught.value.message.startswith(PATH)
    assert said in caught.value.message
    assert caught.value.hint


def test_a_newer_file_is_refused_and_says_to_upgrade():
    with pytest.raises(Failed) as caught:
        parse('{"version": 2, "pending": "whatever"}', PATH)
    assert caught.value.code == "STAGED_JSON_NEWER"
    assert "upgrade vis-tasks" in caught.value.hint


def test_it_is_empty_only_when_every_list_is():
    assert Pending(extra={"x": 1}).empty
    assert not Pending(pending=(entry(),)).empty
    assert not Pending(approved=(entry(),)).empty
    assert not Pending(rejected=(Tombstone("a", "1", "t"),)).empty


def test_put_replaces_in_place_and_appends_what_is_new():
    state = Pending().put(entry("a")).put(entry("b")).put(entry("a", reason="timeout"))
    assert [(each.name, each.reason) for each in state.pending] == [("a", "timeout"), ("b", "waiting")]


def test_two_versions_of_one_package_may_be_pending():
    state = Pending().put(entry("a", "1.0.0")).put(entry("a", "1.1.0"))
    assert state.find("a", "1.0.0") != state.find("a", "1.1.0")


def test_approving_moves_the_entry_and_takes_its_tombstone_away():
    state = Pending().put(entry()).bury("a", "1.0.0", "t").approve(entry(gone_at="t1"))
    assert (state.pending, state.approved, state.rejected) == ((), (entry(),), ())


def test_approving_twice_leaves_one():
    assert len(Pending().approve(entry()).approve(entry()).approved) == 1


def test_rejecting_keeps_the_entry_for_people_and_sets_a_tombstone():
    state = Pending().put(entry()).reject(entry(), "t9")
    assert [each.reason for each in state.pending] == ["rejected"]
    assert state.rejected == (Tombstone("a", "1.0.0", "t9"),)
    assert state.reject(entry(), "later").rejected == state.rejected


def test_dropping_an_entry_leaves_its_tombstone():
    state = Pending().reject(entry(), "t").drop("a", "1.0.0")
    assert state.pending == ()
    assert state.is_rejected("a", "1.0.0")


def test_a_tagged_version_is_forgotten():
    assert Pending().approve(entry()).tagged("a", "1.0.0").empty


names = st.sampled_from(["a", "@s/c"])
versions = st.sampled_from(["1.0.0", "1.1.0", "2.0.0-next.0"])
words = st.sampled_from(["", "x", 'é\n"\\<<<<<<<'])
maybe = st.none() | words
extras = st.sampled_from([{}, {"reviewer": "eve"}, {"x-note": None, "deep": [1, {"a": 2}]}])
entries = st.builds(
    Entry,
    name=names,
    version=versions,
    id=maybe,
    reason=st.sampled_from(REASONS),
    staged_at=words,
    integrity=maybe,
    gone_at=maybe,
    extra=extras,
)
stones = st.builds(Tombstone, name=names, version=versions, at=words, extra=extras)


def unique(of):
    return st.lists(of, max_size=3, unique_by=lambda each: each.key).map(tuple)


@st.composite
def states(draw):
    """States the code itself can reach: what is approved is neither pending nor buried."""
    approved = draw(unique(entries))
    gone = {each.key for each in approved}
    return Pending(
        pending=tuple(each for each in draw(unique(entries)) if each.key not in gone),
        approved=approved,
        rejected=tuple(each for each in draw(unique(stones)) if each.key not in gone),
        updated_at=draw(st.sampled_from(["", "2026-01-01", "2026-02-02"])),
        extra=draw(extras),
    )


def content(state: Pending):
    """What is said, whatever the order and the time."""
    return (
        {each.key: each for each in state.pending},
        {each.key: each for each in state.approved},
        {each.key: each for each in state.rejected},
    )


def changes(draw, state: Pending, owned: set[str]) -> Pending:
    """Some honest history of changes to the versions one side owns."""
    for _ in range(draw(st.integers(0, 3))):
        each = draw(entries)
        if each.version not in owned:
            continue
        how = draw(st.sampled_from(["put", "approve", "reject", "drop", "tagged"]))
        if how == "put":
            state = state if state.find_approved(*each.key) else state.put(each)
        elif how == "approve":
            state = state.approve(each)
        elif how == "reject":
            state = state if state.find_approved(*each.key) else state.reject(each, "t")
        elif how == "drop":
            state = state.drop(*each.key)
        else:
            state = state.tagged(*each.key)
    return state


@st.composite
def histories(draw, *, disjoint: bool = False):
    """A base and two histories from it; disjoint ones never touch the same version."""
    base = draw(states())
    everything = {"1.0.0", "1.1.0", "2.0.0-next.0"}
    mine = {"1.0.0"} if disjoint else everything
    yours = everything - mine if disjoint else everything
    return base, changes(draw, base, mine), changes(draw, base, yours)


few = settings(max_examples=60, deadline=None)


@few
@given(states())
def test_a_text_is_what_json_itself_would_write(state):
    text = render(state)
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_equal_entries_keep_the_order_of_their_unknown_keys():
    first, second = entry(extra={"a": 1, "b": 2}), entry(extra={"b": 2, "a": 1})
    assert first == second
    assert [list(json.loads(render(Pending(pending=(each,))))["pending"][0])[-2:] for each in (first, second)] == [
        ["a", "b"],
        ["b", "a"],
    ]


@few
@given(states())
def test_what_was_written_is_read_back(state):
    assert parse(render(state), PATH) == state


@few
@given(histories())
def test_without_changes_of_theirs_ours_stands(history):
    base, ours, _ = history
    assert content(merge(base, ours, base)) == content(ours)


@few
@given(histories())
def test_without_changes_of_ours_theirs_stands(history):
    base, _, theirs = history
    assert content(merge(base, base, theirs)) == content(theirs)


@few
@given(histories())
def test_the_same_change_on_both_sides_is_made_once(history):
    base, ours, _ = history
    assert content(merge(base, ours, ours)) == content(ours)


@few
@given(histories(disjoint=True))
def test_changes_to_different_versions_commute(history):
    base, ours, theirs = history
    assert content(merge(base, ours, theirs)) == content(merge(base, theirs, ours))


@few
@given(histories())
def test_replaying_a_merge_again_changes_nothing(history):
    base, ours, theirs = history
    once = merge(base, ours, theirs)
    assert content(merge(base, ours, once)) == content(once)


@few
@given(histories())
def test_no_version_ends_up_both_pending_and_approved(history):
    merged = merge(*history)
    approved = {each.key for each in merged.approved}
    assert not approved & ({each.key for each in merged.pending} | {each.key for each in merged.rejected})


@few
@given(histories())
def test_nothing_but_what_a_side_took_away_goes_missing(history):
    base, ours, theirs = history
    merged = merge(base, ours, theirs)
    known = {each.key for each in (*merged.pending, *merged.approved)}
    for side, other in ((ours, theirs), (theirs, ours)):
        there = {each.key for each in (*other.pending, *other.approved)}
        before = {each.key for each in (*base.pending, *base.approved)}
        for each in side.pending:
            if each.key not in before or each.key in there:
                assert each.key in known
