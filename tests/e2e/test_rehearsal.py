"""A rehearsal plays the whole release, and leaves everything of the user's as it was."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def digest(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def five(world: World) -> World:
    for name in ("a", "b", "c", "d", "e"):
        world.package(name)
    world.change("all", a="patch", b="patch", c="patch", d="patch", e="patch").commit()
    return world


@pytest.fixture
def two(world: World) -> World:
    world.package("a").package("b").change("all", a="patch", b="patch").commit()
    return world


def rehearse(world: World, scenario: str) -> dict[str, Any]:
    done = world.run("rehearse", f"--scenario={scenario}", "--json")
    assert done.code == 0, done.text
    return done.document


def test_nothing_of_the_users_is_touched(five: World) -> None:
    five.write("packages/a/index.js", "// not committed yet\n").write("packages/a/new.js", "// new\n")
    five.write(".npmrc", f"registry={five.registry.url}\n@scope:registry={five.registry.url}\n")
    five.registry.clear_requests()
    before = {
        "work tree and index": digest(five.root),
        "remote": digest(five.remote),
        "home": digest(five.folder / "home"),
        "registry": (five.registry.stages(), [five.registry.versions(name).keys() for name in five.packages]),
    }

    document = rehearse(five, "approve")

    assert len(document["live"]) == 5
    after = {
        "work tree and index": digest(five.root),
        "remote": digest(five.remote),
        "home": digest(five.folder / "home"),
        "registry": (five.registry.stages(), [five.registry.versions(name).keys() for name in five.packages]),
    }
    assert after == before
    assert five.registry.requests == [], "the user's registry was not asked anything"


def test_credentials_of_the_real_world_never_reach_the_rehearsal(two: World) -> None:
    secret = "npm_" + "S3cret" * 6
    done = two.run(
        "rehearse",
        "--scenario=timeout",
        env={"NPM_TOKEN": secret, "GITHUB_TOKEN": secret, "CI": "true", "GITHUB_ACTIONS": "true"},
    )

    assert done.code == 0, done.text
    assert secret not in done.text


def test_the_working_tree_is_rehearsed_as_it_stands(five: World) -> None:
    (five.root / ".vis/release/all.md").unlink()
    five.change("fresh", b="minor")

    document = rehearse(five, "approve")

    assert document["live"] == ["b@1.1.0"]


def test_a_repository_with_nothing_to_release_gets_a_change_in_the_copy_only(five: World) -> None:
    (five.root / ".vis/release/all.md").unlink()
    five.commit()

    document = rehearse(five, "approve")

    assert document["live"] == ["a@1.0.1"]
    assert not list((five.root / ".vis/release").glob("*.md"))


@pytest.mark.parametrize(
    "tasks",
    [
        "from invoke import Collection\nimport vis_tasks\nns = Collection(vis_tasks.release_namespace(name='vis'))\n",
        "from invoke import Collection\nimport vis_tasks\nns = Collection(npm=vis_tasks.release_namespace())\n",
        "from invoke import task\n\n\n@task\ndef hello(c):\n    pass\n",
    ],
    ids=["ours under another name", "ours under a name of the collection's own", "without ours"],
)
def test_a_tasks_file_is_gone_through_wherever_it_has_our_tasks(two: World, tasks: str) -> None:
    two.write("tasks.py", tasks).commit()

    assert rehearse(two, "reject")["live"] == []


def test_a_tasks_file_that_can_not_be_loaded_is_named(two: World) -> None:
    two.write("tasks.py", "import nobody_has_this\n").commit()

    done = two.run("rehearse")

    assert done.code == 3, done.text
    assert "tasks.py can't be loaded: ModuleNotFoundError: No module named 'nobody_has_this'" in done.text
    assert "Traceback" not in done.text


def test_what_was_rejected_is_not_forecast_as_empty(two: World) -> None:
    done = two.run("rehearse", "--scenario=reject")
    assert "contents not known" in done.text
    assert "0 files" not in done.text


def test_rejecting_everything_leaves_no_tag(two: World) -> None:
    document = rehearse(two, "reject")

    assert (document["tags"], document["live"], document["staged"]) == ({}, [], [])
    assert {each["reason"] for each in document["pending"]} == {"rejected"}


def test_a_mixed_wave_ends_three_to_two(five: World) -> None:
    document = rehearse(five, "mixed")

    assert document["live"] == ["a@1.0.1", "b@1.0.1", "c@1.0.1"]
    assert sorted(document["tags"]) == document["live"]
    assert {each["name"]: each["reason"] for each in document["pending"]} == {"d": "timeout", "e": "timeout"}


def test_a_late_approval_is_tagged_at_the_commit_before_main_moved_on(two: World) -> None:
    document = rehearse(two, "late-approval")

    subjects = {each["subject"]: each["id"] for each in document["commits"]}
    assert "docs: main moves on" in subjects
    assert set(document["tags"].values()) == {subjects["chore(release): version 2 packages"]}
    assert len(document["tags"]) == 2


def test_a_workspace_below_the_top_of_its_repository_can_be_rehearsed(two: World, tmp_path: Path) -> None:
    two.git("mv", "packages", "moved")
    inner = two.root / "inside" / "workspace"
    inner.mkdir(parents=True)
    for name in ("package.json", "vis.toml", ".gitignore"):
        (two.root / name).rename(inner / name)
    (two.root / "moved").rename(inner / "packages")
    (two.root / ".vis").rename(inner / ".vis")
    two.commit()

    done = two.run("rehearse", "--json", cwd=inner)

    assert done.code == 0, done.text
    assert len(json.loads(done.stdout)["tags"]) == 2


def test_an_unknown_scenario_is_refused_with_those_there_are(five: World) -> None:
    done = five.run("rehearse", "--scenario=perhaps")

    assert done.code == 2
    assert "late-approval" in done.text
