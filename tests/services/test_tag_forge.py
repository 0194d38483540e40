"""tag: the forge's releases come with the tags, once, and never stand in their way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import entry
from tests.services.tagging import RecordingForge, live_world, make_tags, remote_tags, with_forge
from vis_tasks.adapters.files import RootFiles
from vis_tasks.config.model import ForgeConfig
from vis_tasks.core.pending import Pending
from vis_tasks.errors import Failed
from vis_tasks.ports import PushRefused, PushStale


def _unreachable(*_args):
    raise Failed("git could not read origin", code="GIT_FETCH")


@pytest.fixture
def world(tmp_path):
    return live_world(tmp_path)


class TestForge:
    def test_each_tag_gets_its_release_with_the_notes_of_its_commit(self, world):
        forge = with_forge(world, RecordingForge())
        run = make_tags(world)
        assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
        title, notes, prerelease = forge.made["a@1.1.0"]
        assert (title, prerelease) == ("a@1.1.0", False)
        assert "what is new" in notes
        assert "old" not in notes
        assert run.report.releases == ["http://forge/a@1.1.0", "http://forge/b@1.1.0"]

    def test_a_prerelease_is_one(self, world):
        forge = with_forge(world, RecordingForge())
        world.hold(Pending().approve(entry("a", "2.0.0-next.0", commit=world.built)))
        make_tags(world)
        assert forge.made["a@2.0.0-next.0"][2] is True

    def test_a_branch_that_takes_no_pushes_gets_its_releases_with_the_tags(self, world):
        forge = with_forge(world, RecordingForge())
        hook = world.repo.top.parent / "origin.git/hooks/update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/*) echo protected >&2; exit 1 ;; esac\n')
        hook.chmod(0o755)
        with pytest.raises(Failed) as caught:
            make_tags(world)
        assert caught.value.code == "PUSH_REFUSED"
        assert set(remote_tags(world)) == set(forge.made) == {"a@1.1.0", "b@1.1.0"}

    @pytest.mark.parametrize("code", ["PUSH_FAILED", "GIT_FETCH"])
    def test_where_the_remote_is_not_reached_no_tag_goes_alone(self, world, monkeypatch, code):
        forge, git = with_forge(world, RecordingForge()), world.repo.git
        stale = PushStale("main has moved on") if code == "GIT_FETCH" else PushRefused("no route", network=True)
        first, push = iter([stale]), git.push
        with monkeypatch.context() as patched:
            patched.setattr(git, "push", lambda *args, **how: next(first, None) or push(*args, **how))
            patched.setattr(git, "fetch", _unreachable)
            with pytest.raises(Failed) as caught:
                make_tags(world)
        assert (caught.value.code, remote_tags(world), forge.made) == (code, {}, {})
        make_tags(world)
        assert set(remote_tags(world)) == set(forge.made) == {"a@1.1.0", "b@1.1.0"}

    def test_a_forge_that_fails_keeps_everything_in_place_and_the_next_run_goes_on(self, world):
        forge = with_forge(world, RecordingForge(fails=1))
        with pytest.raises(Failed, match="502"):
            make_tags(world)
        assert {each.name for each in world.state.approved} == {"a", "b"}
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}
        make_tags(world)
        assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
        assert world.state.empty

    def test_lost_after_the_push_another_machine_makes_the_releases(self, world):
        forge = with_forge(world, RecordingForge(fails=1))
        with pytest.raises(Failed, match="502"):
            make_tags(world)
        lost, elsewhere = world.repo.root, world.repo.clone("elsewhere")
        world.tools = replace(world.tools, git=elsewhere.git, files=RootFiles(elsewhere.root), root=elsewhere.root)
        elsewhere.committed("somebody-works-on")
        assert lost != elsewhere.root
        assert {each.name for each in world.state.approved} == {"a", "b"}
        make_tags(world)
        assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
        assert world.state.empty

    def test_one_release_may_speak_for_the_whole_wave(self, world):
        forge = with_forge(world, RecordingForge(fails=1))
        world.config = replace(world.config, release=replace(world.config.release, forge=ForgeConfig(per="wave")))
        with pytest.raises(Failed, match="502"):
            make_tags(world)
        make_tags(world)
        make_tags(world)
        ((tag, (title, notes, prerelease)),) = forge.made.items()
        assert (tag, title, prerelease) == ("b@1.1.0", "2026-11-21", False)
        assert notes.startswith("## a@1.1.0\n\n- what is new\n\n## b@1.1.0")
        assert forge.asked == ["b@1.1.0", "b@1.1.0"], "once more after the failure, and never again"

    def test_titles_and_notes_may_have_forms_of_their_own(self, world):
        forge = with_forge(world, RecordingForge())
        form = ForgeConfig(
            title="{name} {version}", notes="Out on {date}: `npm i {name}@{version}` {{x}} {y}\n\n{changelog}"
        )
        world.config = replace(world.config, release=replace(world.config.release, forge=form))
        make_tags(world)
        title, notes, _ = forge.made["a@1.1.0"]
        assert title == "a 1.1.0"
        assert notes == "Out on 2026-11-21: `npm i a@1.1.0` {{x}} {y}\n\n- what is new"

    def test_a_release_that_is_made_is_not_asked_for_again(self, world):
        forge = with_forge(world, RecordingForge())
        forge.ensure_release(tag="x", title="x", notes="", prerelease=False)
        world.run().state.note(lambda journal: journal.add("released", "a@1.1.0"))
        make_tags(world)
        assert forge.asked == ["x", "b@1.1.0"]
