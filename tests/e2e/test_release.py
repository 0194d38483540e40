"""A release from change file to tag, with the real npm and real git: every way it can end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _npm_uploads(world: World) -> None:
    """Here the uploads are the real ``npm stage publish``; elsewhere whoever ``client = "auto"`` chooses."""
    world.client = "npm"
    world.configure()


def test_a_wave_that_is_approved_in_time_is_tagged_at_the_commit_it_was_built_from(world: World) -> None:
    world.package("core").package("app", dependencies={"core": "~1.0.0"})
    world.change("one", core="minor").commit()

    with world.running("release", "--json") as release:
        items = world.staged(2, release)
        assert world.live("core") == {"1.0.0"}, "staged is not live"
        for item in items:
            world.npm_approve(item.id)

    done = release.done
    assert done.code == 0, done.text
    assert {each["name"]: each["version"] for each in done.document["published"]} == {"core": "1.1.0", "app": "1.0.1"}
    assert world.live("core") == {"1.0.0", "1.1.0"}
    version_commit = world.git("rev-parse", "HEAD~1")
    assert world.remote_tags() == {
        "core@1.1.0": version_commit,
        "app@1.0.1": version_commit,
        **{k: v for k, v in world.remote_tags().items() if k not in {"core@1.1.0", "app@1.0.1"}},
    }
    assert world.git("cat-file", "-t", "core@1.1.0") == "tag", "annotated"
    assert world.subjects()[:2] == [
        "chore(release): record wave [skip ci]",
        "chore(release): version 2 packages",
    ]
    assert world.staged_json() is None
    assert not (world.root / ".vis/release/.state.json").exists(), "the journal goes when all is done"
    assert "- core@1.1.0" in (world.remote_file("CHANGELOG.md") or "")
    assert json.loads(world.read("packages/app/package.json"))["dependencies"] == {"core": "~1.1.0"}


def test_running_a_finished_release_again_changes_nothing(world: World) -> None:
    world.package("core").change("one", core="patch").commit()
    with world.running("release") as release:
        world.registry.approve(world.staged(1, release)[0].id, by="alice")
    before = (world.subjects(), world.remote_tags())

    again = world.run("release", "--json")

    assert again.code == 0, again.text
    assert (world.subjects(), world.remote_tags()) == before
    assert again.document["published"] == []


def test_a_timeout_is_a_warning_and_a_late_approval_is_tagged_at_the_original_commit(world: World) -> None:
    world.configure(timeout="2s").package("core").change("one", core="minor").commit()

    first = world.run("release")

    assert first.code == 0, first.text
    (item,) = world.registry.stages()
    assert f"Stage {item.id} timed out waiting for approval (2s)." in first.text
    assert f"Approve via npm 2FA or `vis-tasks stage.approve {item.id}`." in first.text
    assert "[stage] core (stage-timeout — re-run `vis-tasks release` once approved)" in first.text
    assert world.remote_tags() == {}
    assert world.subjects()[0] == "chore(release): record 1 pending stage [skip ci]"
    recorded = world.staged_json()
    assert recorded is not None
    (entry,) = recorded["pending"]
    assert (entry["id"], entry["reason"], entry["version"]) == (item.id, "timeout", "1.1.0")

    original = world.git("rev-parse", "HEAD~1")
    assert entry["commit"] == original
    world.write("later.txt", "main moves on\n").commit("feat: something else")
    world.registry.approve(item.id, by="alice")

    second = world.run("release", "--json")

    assert second.code == 0, second.text
    assert world.remote_tags()["core@1.1.0"] == original
    assert world.staged_json() is None
    assert "chore(release): clear pending stage registry [skip ci]" in world.subjects()
    assert not (world.root / ".vis/release/staged.json").exists()


def test_a_rejection_is_no_failure_and_makes_no_tag(world: World) -> None:
    world.package("core").change("one", core="minor").commit()

    with world.running("release") as release:
        (item,) = world.staged(1, release)
        world.npm_reject(item.id)

    done = release.done
    assert done.code == 0, done.text
    assert f"Stage rejected for core@1.1.0 (id {item.id})." in done.text
    assert "Skipped: 1 (stage-rejected, recorded in staged.json)" in done.text
    assert world.remote_tags() == {}
    recorded = world.staged_json()
    assert recorded is not None
    assert recorded["pending"][0]["reason"] == "rejected"
    assert [(each["name"], each["version"]) for each in recorded["rejected"]] == [("core", "1.1.0")]

    again = world.run("release")

    assert again.code == 0, again.text
    assert world.registry.stages() == [], "a rejected version is not staged again by itself"


def test_a_mixed_wave_publishes_what_was_approved_and_records_the_rest(world: World) -> None:
    for name in ("a", "b", "c", "d", "e"):
        world.package(name)
    world.configure(timeout="8s").change("all", a="patch", b="patch", c="patch", d="patch", e="patch").commit()

    with world.running("release") as release:
        for item in world.staged(5, release):
            if item.name in {"a", "b", "c"}:
                world.registry.approve(item.id, by="alice")

    done = release.done
    assert done.code == 0, done.text
    assert "Published: 3 (got tags + workspace changelog wave entry)" in done.text
    assert "Skipped: 2 (stage-timeout, recorded in staged.json)" in done.text
    assert "Failed: 0" in done.text
    assert "Tags created: 3 (pushed)" in done.text
    assert set(world.remote_tags()) == {"a@1.0.1", "b@1.0.1", "c@1.0.1"}
    assert "chore(release): record 2 pending stages [skip ci]" in world.subjects()
    changelog = world.remote_file("CHANGELOG.md") or ""
    assert "- c@1.0.1" in changelog
    assert "d@1.0.1" not in changelog, "what did not go live is in no workspace changelog"


def test_a_new_change_for_a_package_with_a_pending_stage_is_refused_and_others_release_freely(world: World) -> None:
    world.configure(timeout="2s").package("core").package("other").change("one", core="minor").commit()
    assert world.run("release").code == 0
    (item,) = world.registry.stages()
    recorded = world.staged_json()
    assert recorded is not None
    world.change("two", core="patch").commit()

    refused = world.run("release")

    assert refused.code == 1
    assert "Refusing to version — 1 package(s) have a pending stage from a prior wave:" in refused.text
    assert f"• core@1.1.0 — stage {item.id} (timeout, recorded {recorded['pending'][0]['stagedAt']})" in refused.text
    assert (
        "Next steps: Resolve via `vis-tasks stage.approve <id>` / `--all` or `vis-tasks stage.reject <id>`"
        in refused.text
    )
    assert json.loads(world.read("packages/core/package.json"))["version"] == "1.1.0", "nothing was written"

    (world.root / ".vis/release/two.md").unlink()
    world.change("three", other="patch").configure(timeout="15s").commit()
    with world.running("release") as release:
        world.staged(2, release)
        by_name = {stage.name: stage.id for stage in world.registry.stages()}
        world.registry.approve(by_name["other"], by="alice")

    assert release.done.code == 0, release.done.text
    assert set(world.remote_tags()) == {"other@1.0.1"}


def test_an_approval_behind_our_back_heals_the_guard(world: World) -> None:
    world.configure(timeout="2s").package("core").change("one", core="minor").commit()
    assert world.run("release").code == 0
    original = world.git("rev-parse", "HEAD~1")
    (item,) = world.registry.stages()
    world.registry.approve(item.id, by="alice")
    world.change("two", core="patch").configure(timeout="60s").commit()

    with world.running("release") as release:
        world.registry.approve(world.staged(1, release)[0].id, by="alice")

    assert release.done.code == 0, release.done.text
    tags = world.remote_tags()
    assert set(tags) == {"core@1.1.0", "core@1.1.1"}
    assert tags["core@1.1.0"] == original
