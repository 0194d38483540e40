"""State files that a person, a merge or a newer version has changed: refused with their path, or taken as they are."""

from __future__ import annotations

import json

import pytest

from tests.services.builders import build_world, change, entry, package
from vis_tasks.core.pending import Pending, render
from vis_tasks.errors import Failed, VisError
from vis_tasks.ports import Live
from vis_tasks.services import release
from vis_tasks.services.release import make_release

STAGED, JOURNAL = ".vis/release/staged.json", ".vis/release/.state.json"
GOOD = render(Pending().put(entry("a", reason="timeout")))


def edited(**fields):
    """A good file with one entry's fields changed."""
    data = json.loads(GOOD)
    data["pending"][0].update(fields)
    return json.dumps(data).encode()


DAMAGE = {
    "not JSON": (b'{"version": 1, "pending": [', "not JSON"),
    "empty": (b"", "not JSON"),
    "not UTF-8": (GOOD.encode().replace(b"latest", b"lat\xe9st"), "not UTF-8 at byte"),
    "conflict markers": (b"<<<<<<< HEAD\n" + GOOD.encode() + b"=======\n{}\n>>>>>>> theirs\n", "conflict markers"),
    "a list at the top": (b"[]", "must be an object"),
    "a list that is none": (b'{"version": 1, "pending": {}}', '"pending" must be a list'),
    "a number for a name": (edited(name=7), '"name" must be a string'),
    "no version": (edited(version=None), '"version" is missing'),
    "a reason nobody gave": (edited(reason="soon"), "one of waiting, timeout, rejected, blocked"),
    "a newer file": (b'{"version": 2, "pending": []}', "newer vis-tasks"),
}


@pytest.fixture
def world(tmp_path):
    world = build_world(tmp_path, package("a"), package("b"), changes={"one": change("b")})
    world.registry.live_versions["a", "1.0.0"] = Live("sha512-of-before-us")
    return world


def run_release(world, goal="release"):
    graph = release.graph_for(world.config)
    make_release(world.run(reach=()), graph, (goal,), command=f"invoke {goal}")


@pytest.mark.parametrize("goal", ["version", "reconcile", "release"])
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_staged_json_stops_everything_with_its_path_and_is_left_as_it_is(world, kind, goal):
    content, said = DAMAGE[kind]
    world.tools.files.write(STAGED, content)
    head = world.repo.git.head()
    with pytest.raises(Failed) as caught:
        run_release(world, goal)
    assert STAGED in caught.value.message
    assert said in caught.value.message
    assert caught.value.hint
    assert world.tools.files.read(STAGED) == content
    assert world.repo.git.head() == head
    assert world.registry.uploads == []
    assert world.tools.files.read(".vis/release/.lock") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"version": 2}', "newer vis-tasks"),
        (b'{"version": 1, "intents": 7}', "wrong shape"),
        (b"{", "not JSON"),
        (b"[]", "must be an object"),
    ],
)
def test_a_journal_that_can_not_be_read_stops_everything_and_says_that_it_may_go(world, content, said):
    world.tools.files.write(JOURNAL, content)
    with pytest.raises(VisError) as caught:
        run_release(world)
    assert JOURNAL in caught.value.message
    assert said in caught.value.message
    assert f"delete {JOURNAL}" in caught.value.hint
    assert world.tools.files.read(JOURNAL) == content
    world.tools.files.delete(JOURNAL)
    run_release(world, "stage")
    assert [name for name, *_ in world.registry.uploads] == ["b"]


def test_an_entry_put_in_by_hand_is_waited_for_like_any_other(world):
    stage_id = world.registry.put_stage("a", "1.0.9", shasum="0" * 40)
    world.tools.files.write(
        STAGED, json.dumps({"version": 1, "pending": [{"name": "a", "version": "1.0.9", "note": "mine"}]}).encode()
    )
    run_release(world, "wait")
    (found,) = [each for each in world.state.pending if each.name == "a"]
    assert (found.id, found.shasum, found.reason) == (stage_id, "0" * 40, "timeout")
    assert found.extra == {"note": "mine"}


def test_an_entry_taken_out_by_hand_is_found_at_the_registry_and_adopted(world):
    run_release(world, "stage")
    world.tools.files.delete(STAGED)
    run_release(world, "stage")
    assert [each.spec for each in world.state.pending] == ["b@1.1.0"]
    assert len(world.registry.uploads) == 1
