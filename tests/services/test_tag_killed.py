"""tag: killed anywhere, the next run ends as if nothing had happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.tagging import RecordingForge, live_world, make_tags, remote_tags, with_forge
from vis_tasks.services.guard import guard


@pytest.fixture
def world(tmp_path):
    return live_world(tmp_path)


class Killed(BaseException):
    pass


def push_tags_elsewhere(world):
    """As another machine does, whose commit main did not take."""
    for name in ("a", "b"):
        world.repo.git.tag(f"{name}@1.1.0", world.built, "theirs")
    world.repo.sh("push", "--quiet", "origin", "--tags")
    world.repo.sh("tag", "--delete", "a@1.1.0", "b@1.1.0")


def killed_in_commit(world, monkeypatch):
    def dying(*_args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(world.repo.git, "commit", dying)
        with pytest.raises(Killed):
            make_tags(world)
    assert "CHANGELOG.md" in world.repo.git.dirty()


class TestAllTagsAreThereAlready:
    def test_killed_after_the_changelog_is_written_the_next_run_commits_it(self, world, monkeypatch):
        push_tags_elsewhere(world)
        killed_in_commit(world, monkeypatch)
        guard(world.run(reach=("guard", "version", "tag")))
        make_tags(world)
        assert "- a@1.1.0" in world.repo.sh("show", "origin/main:CHANGELOG.md")
        assert "CHANGELOG.md" not in world.repo.git.dirty()

    @pytest.mark.parametrize("before", ["", "# Changelog\n\n## 2026-11-01\n\n- a@1.0.0\n"])
    def test_with_the_state_branch_switched_on_meanwhile_it_is_taken_back(self, world, monkeypatch, before):
        if before:
            world.repo.committed("CHANGELOG.md", before)
            world.repo.sh("push", "--quiet", "origin", "main")
        push_tags_elsewhere(world)
        killed_in_commit(world, monkeypatch)
        switched = replace(world.config, release=replace(world.config.release, state_branch="vis-release-state"))
        world = replace(world, config=switched)
        guard(world.run(reach=("guard", "version", "tag")))
        assert "CHANGELOG.md" not in world.repo.git.dirty()
        make_tags(world)
        world.repo.sh("fetch", "--quiet", "origin", "vis-release-state")
        assert "- a@1.1.0" in world.repo.sh("show", "FETCH_HEAD:main/CHANGELOG.md")

    def test_but_never_what_somebody_has_edited_since(self, world, monkeypatch):
        push_tags_elsewhere(world)
        killed_in_commit(world, monkeypatch)
        world.repo.put("CHANGELOG.md", (world.repo.root / "CHANGELOG.md").read_text() + "\nBy hand.\n")
        switched = replace(world.config, release=replace(world.config.release, state_branch="vis-release-state"))
        guard(replace(world, config=switched).run(reach=("guard", "version", "tag")))
        assert "By hand." in (world.repo.root / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("moment", ["tag:1", "tag:2", "push:1", "pushed:1", "commit:1", "forge:2"])
def test_killed_anywhere_the_next_run_ends_as_if_nothing_had_happened(world, monkeypatch, moment):
    forge = with_forge(world, RecordingForge())
    where, _, number = moment.partition(":")
    after = where == "pushed"
    target, name = (forge, "ensure_release") if where == "forge" else (world.repo.git, where.removesuffix("ed"))
    real, calls = getattr(target, name), []

    def dying(*args, **more):
        calls.append(1)
        if len(calls) < int(number):
            return real(*args, **more)
        if after:
            real(*args, **more)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(target, name, dying)
        with pytest.raises(Killed):
            make_tags(world)
    guard(world.run(reach=("guard", "version", "tag")))
    make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": world.built, "b@1.1.0": world.built}
    assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
    assert world.state.empty
    world.repo.sh("fetch", "--quiet", "origin")
    assert world.repo.sh("show", "origin/main:CHANGELOG.md").count("a@1.1.0") == 1
    assert world.repo.git.dirty() == ()
