"""tag: at the recorded commit, all together, never moved; staged.json drained only when all is done."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, entry, integrity_of, package
from tests.services.tagging import live_world, make_tags, remote_tags
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import Failed
from vis_tasks.services import tag as service


@pytest.fixture
def world(tmp_path):
    return live_world(tmp_path)


def test_tags_stand_at_the_recorded_commit_and_not_at_todays_head(world):
    run = make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": world.built, "b@1.1.0": world.built}
    assert run.report.tags == ["a@1.1.0", "b@1.1.0"]
    assert [each.name for each in run.report.of("published")] == ["a", "b"]


def test_they_are_annotated_with_stage_and_bytes(world):
    make_tags(world)
    text = world.repo.sh("cat-file", "tag", "a@1.1.0")
    assert "Stage-Id: id-a" in text
    assert f"Integrity: {integrity_of('a', '1.1.0')}" in text


def test_afterwards_staged_json_is_drained_and_the_wave_recorded(world):
    make_tags(world)
    assert world.state.empty
    world.repo.sh("fetch", "--quiet", "origin")
    subjects = world.repo.sh("log", "-3", "--format=%s", "origin/main").splitlines()
    assert subjects[0] == "chore(release): record wave [skip ci]"
    changelog = world.repo.sh("show", "origin/main:CHANGELOG.md")
    assert changelog == "# Changelog\n\n## 2026-11-21\n\n- a@1.1.0\n- b@1.1.0"


def test_a_staged_json_in_git_is_cleared_with_its_own_commit(world):
    from vis_tasks.services.record import record

    record(world.run())
    make_tags(world)
    world.repo.sh("fetch", "--quiet", "origin")
    subjects = world.repo.sh("log", "-2", "--format=%s", "origin/main").splitlines()
    assert subjects[0] == "chore(release): clear pending stage registry [skip ci]"
    assert subjects[1] == "chore(release): record wave [skip ci]"


def test_the_pattern_of_the_config_names_the_tags(tmp_path):
    world = build_world(tmp_path, package("@s/a", "1.1.0"), tag_pattern="release/{name}/v{version}")
    world.hold(Pending().approve(entry("@s/a", commit=world.repo.git.head())))
    make_tags(world)
    assert set(remote_tags(world)) == {"release/@s/a/v1.1.0"}


def test_a_tag_that_exists_elsewhere_is_an_error_and_is_not_moved(world):
    world.repo.sh("push", "--quiet", "origin", "HEAD:refs/tags/a@1.1.0")
    elsewhere = world.repo.git.head()
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "TAG_EXISTS"
    assert elsewhere[:12] in caught.value.message
    assert world.built[:12] in caught.value.message
    assert remote_tags(world)["a@1.1.0"] == elsewhere
    assert {each.name for each in world.state.approved} == {"a"}


def test_a_tag_that_another_machine_made_for_the_same_bytes_is_taken_for_ours(world):
    elsewhere = world.repo.git.head()
    known = world.state.find_approved("a", "1.1.0")
    world.repo.git.tag("a@1.1.0", elsewhere, f"a@1.1.0\n\nIntegrity: {known.integrity}\n")
    world.repo.sh("push", "--quiet", "origin", "refs/tags/a@1.1.0")
    world.repo.git.delete_tag("a@1.1.0")
    make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": elsewhere, "b@1.1.0": world.built}
    assert world.state.empty


class TestOneThatCanNotBeTagged:
    """It stops its own package only; what needs it is installable, and so is tagged."""

    def test_the_others_are_tagged_and_the_run_says_so_at_its_end(self, world):
        elsewhere = world.repo.git.head()
        world.repo.sh("push", "--quiet", "origin", f"{elsewhere}:refs/tags/a@1.1.0")
        run = world.run(reach=("tag",))
        with pytest.raises(Failed) as caught:
            service.tag(run)
        assert caught.value.code == "TAG_EXISTS"
        assert remote_tags(world) == {"a@1.1.0": elsewhere, "b@1.1.0": world.built}
        assert [each.name for each in run.report.of("published")] == ["b"]
        assert [each.name for each in run.report.of("failed")] == ["a"]

    def test_a_tag_that_is_wrong_only_here_stops_its_package_only_too(self, world):
        world.repo.git.tag("a@1.1.0", world.repo.git.head(), "mine")
        with pytest.raises(Failed) as caught:
            make_tags(world)
        assert caught.value.code == "TAG_EXISTS"
        assert set(remote_tags(world)) == {"b@1.1.0"}

    def test_several_are_all_named(self, world):
        world.hold(world.state.approve(entry("gone", "1.0.0")).approve(entry("lost", "1.0.0")))
        with pytest.raises(Failed) as caught:
            make_tags(world)
        assert caught.value.code == "COMMIT_MISSING"
        assert "gone@1.0.0" in caught.value.message
        assert "lost@1.0.0" in caught.value.message
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}
        assert {each.name for each in world.state.approved} == {"gone", "lost"}

    def test_once_mended_the_next_run_tags_it(self, world):
        world.repo.sh("push", "--quiet", "origin", "HEAD:refs/tags/a@1.1.0")
        with pytest.raises(Failed):
            make_tags(world)
        world.repo.sh("push", "--quiet", "origin", ":refs/tags/a@1.1.0")
        make_tags(world)
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}
        assert world.state.empty


def test_a_tag_that_stands_there_already_is_done(world):
    world.repo.git.tag("a@1.1.0", world.built, "before")
    world.repo.sh("push", "--quiet", "origin", "a@1.1.0")
    run = make_tags(world)
    assert run.report.tags == ["b@1.1.0"]
    assert world.state.empty


def test_a_local_tag_that_never_arrived_is_pushed(world):
    world.repo.git.tag("a@1.1.0", world.built, "before")
    make_tags(world)
    assert remote_tags(world)["a@1.1.0"] == world.built


def test_a_remote_that_takes_no_tags_is_an_error_and_all_keep_their_place(world):
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'tags are protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "PUSH_REFUSED"
    assert "tags are protected" in caught.value.message
    assert {each.name for each in world.state.approved} == {"a", "b"}
    hook.unlink()
    make_tags(world)
    assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}


def test_a_branch_that_was_rewritten_gets_the_tags_all_the_same_and_is_told(world):
    other = world.repo.clone("other")
    other.sh("commit", "--quiet", "--amend", "--message", "rewritten")
    rewritten = other.git.head()
    other.sh("push", "--quiet", "--force", "origin", "main")
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "DIVERGED"
    assert remote_tags(world) == {"a@1.1.0": world.built, "b@1.1.0": world.built}
    assert world.repo.git.remote_refs("origin", "main").branch == rewritten


def test_a_commit_that_is_not_recorded_is_the_one_that_brought_the_version(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"))
    brought = world.repo.git.head()
    world.repo.committed("later")
    world.repo.sh("push", "--quiet", "origin", "main")
    world.hold(Pending().approve(entry("a")))
    make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": brought}


def test_a_commit_nobody_knows_is_an_error_with_the_way_out(world):
    world.hold(Pending().approve(entry("gone-package", "1.0.0")))
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "COMMIT_MISSING"
    assert "git tag -a gone-package@1.0.0" in caught.value.hint


def test_a_commit_neither_here_nor_there_is_an_error(world):
    world.hold(Pending().approve(entry("a", commit="0" * 39 + "1")))
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "COMMIT_MISSING"


def test_a_version_whose_package_has_moved_on_is_tagged_all_the_same(world):
    world.hold(Pending().approve(entry("a", "1.0.5", commit=world.built)))
    make_tags(world)
    assert remote_tags(world)["a@1.0.5"] == world.built


class TestHeld:
    def test_a_dependent_waits_for_a_dependency_that_is_not_live(self, world):
        world.hold(Pending().put(entry("a", reason="timeout")).approve(entry("b", commit=world.built)))
        run = make_tags(world)
        assert remote_tags(world) == {}
        assert [each.why for each in run.report.of("held")] == ["held: needs a@1.1.0 (timeout)"]
        assert [each.name for each in world.state.approved] == ["b"]

    def test_it_goes_once_the_dependency_is_live(self, world):
        self.test_a_dependent_waits_for_a_dependency_that_is_not_live(world)
        world.hold(world.state.approve(entry("a", commit=world.built)))
        make_tags(world)
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}

    def test_an_older_live_version_that_fits_the_range_is_enough(self, world):
        world.hold(Pending().put(entry("a", "1.2.0", reason="timeout")).approve(entry("b", commit=world.built)))
        world.repo.git.tag("a@1.1.0", world.built, "before")
        world.repo.sh("push", "--quiet", "origin", "a@1.1.0")
        make_tags(world)
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}


def test_nothing_owed_is_up_to_date(tmp_path):
    world = build_world(tmp_path, package("a"))
    assert isinstance(service.look(world.run()), UpToDate)


def test_what_is_owed_is_told(world):
    assert service.look(world.run()) == Due("2 version(s) to tag", ("tag a@1.1.0", "tag b@1.1.0"))
