"""staged.json on a branch of its own: the release branch takes no pushes, and nothing is lost between machines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.services.branching import BRANCH, HOOK, change, machine, names, on_branch, protect_main, subjects
from tests.services.builders import build_world, entry, integrity_of, package
from vis_tasks.core.pending import Pending, render
from vis_tasks.errors import Failed
from vis_tasks.ports import ForgeRelease, Live
from vis_tasks.services.guard import check_tree
from vis_tasks.services.record import record
from vis_tasks.services.tag import tag


@pytest.fixture
def world(tmp_path):
    """Packages a, b and c; nobody may push to main."""
    world = build_world(tmp_path, *(package(name, "1.1.0") for name in "abc"), state_branch=BRANCH)
    protect_main(world)
    return world


def test_what_is_staged_is_recorded_on_the_branch_and_nothing_is_checked_out(world):
    head = world.repo.git.head()
    assert record(change(world, lambda state: state.put(entry("a"))))
    assert [each["name"] for each in json.loads(on_branch(world))["pending"]] == ["a"]
    assert subjects(world) == ["chore(release): record 1 pending stage [skip ci]"]
    assert world.repo.git.head() == head
    assert world.repo.sh("branch", "--list", BRANCH) == ""
    check_tree(world.run())


def test_a_fresh_clone_knows_it(world):
    record(change(world, lambda state: state.put(entry("a"))))
    assert names(machine(world, "fresh").state) == ["a"]


def test_looking_writes_nothing(world):
    record(change(world, lambda state: state.put(entry("a"))))
    fresh = machine(world, "fresh")
    assert names(fresh.state) == ["a"]
    assert fresh.repo.git.dirty() == ()
    assert not (fresh.repo.root / ".vis").exists()


def test_nothing_new_makes_no_commit(world):
    record(change(world, lambda state: state.put(entry("a"))))
    world.clock.advance(60)
    assert not record(world.run())
    assert len(subjects(world)) == 1


def test_without_a_push_it_stays_in_the_working_copy_until_the_next_one(world):
    assert not record(change(world, lambda state: state.put(entry("a"))), push=False)
    assert names(world.state) == ["a"]
    assert record(world.run())
    assert names(machine(world, "fresh").state) == ["a"]


def test_the_last_entry_gone_leaves_an_empty_file(world):
    record(change(world, lambda state: state.put(entry("a"))))
    record(change(world, lambda state: state.drop("a", "1.1.0")))
    assert json.loads(on_branch(world))["pending"] == []
    assert subjects(world)[0] == "chore(release): clear pending stage registry [skip ci]"
    assert machine(world, "fresh").state.empty


def test_two_machines_that_make_the_branch_at_once_are_merged(world):
    other = machine(world, "other")
    mine, theirs = (change(each, lambda state, n=n: state.put(entry(n))) for each, n in ((world, "a"), (other, "b")))
    assert mine.state.pending()
    assert theirs.state.pending()
    record(mine)
    record(theirs)
    assert set(names(machine(world, "fresh").state)) == {"a", "b"}
    assert world.clock.sleeps == [1.0]


def test_what_others_did_meanwhile_is_merged_by_version(world):
    record(change(world, lambda state: state.put(entry("a")).put(entry("b"))))
    other = machine(world, "other")
    record(change(other, lambda state: state.drop("a", "1.1.0").put(entry("c"))))
    record(change(world, lambda state: state.put(entry("b", reason="timeout"))))
    assert {each.name: each.reason for each in machine(world, "fresh").state.pending} == {
        "b": "timeout",
        "c": "waiting",
    }


def test_what_others_took_away_does_not_come_back_from_a_stale_working_copy(world):
    record(change(world, lambda state: state.put(entry("a"))))
    record(change(machine(world, "other"), lambda state: state.drop("a", "1.1.0")))
    assert world.state.empty
    assert not record(world.run())


def test_a_cleaned_checkout_loses_nothing(world):
    record(change(world, lambda state: state.put(entry("a"))))
    world.repo.sh("clean", "-ffdxq")
    assert names(world.state) == ["a"]
    assert not record(world.run())


@pytest.mark.parametrize("moment", ["commit_onto", "push", "pushed", "now_on_branch"])
def test_killed_on_the_way_to_the_branch_the_next_run_still_knows(world, monkeypatch, moment):
    class Killed(BaseException):
        pass

    record(change(world, lambda state: state.put(entry("b"))))
    run = change(world, lambda state: state.put(entry("a")).drop("b", "1.1.0"))
    target = run.state if moment == "now_on_branch" else world.repo.git
    real = getattr(target, moment.removesuffix("ed"))

    def die(*args, **how):
        if moment == "pushed":
            real(*args, **how)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(target, moment.removesuffix("ed"), die)
        with pytest.raises(Killed):
            record(run)
    record(world.run())
    assert names(world.state) == ["a"]
    assert names(machine(world, "fresh").state) == ["a"]


def test_a_staged_json_from_before_is_taken_over(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"), state_branch=BRANCH)
    world.repo.committed(".vis/release/staged.json", render(Pending().put(entry("a"))))
    world.repo.sh("push", "--quiet", "origin", "main")
    assert names(world.state) == ["a"]
    record(change(world, lambda state: state.drop("a", "1.1.0")))
    assert world.state.empty
    assert machine(world, "fresh").state.empty


def test_each_release_branch_has_its_own(tmp_path):
    from vis_tasks.config.model import ChannelConfig

    world = build_world(tmp_path, package("a", "1.1.0"), state_branch=BRANCH, channels={"next": ChannelConfig("next")})
    record(change(world, lambda state: state.put(entry("a"))))
    world.repo.sh("checkout", "--quiet", "-b", "next")
    assert world.state.empty
    record(change(world, lambda state: state.put(entry("a", "2.0.0-next.0"))))
    assert json.loads(on_branch(world, "next/staged.json"))["pending"][0]["version"] == "2.0.0-next.0"
    world.repo.sh("checkout", "--quiet", "-b", "some-feature", "main")
    assert [each.version for each in world.state.pending] == ["1.1.0"]


def test_a_damaged_file_on_the_branch_is_named_and_left_alone(world):
    git = world.repo.git
    git.push("origin", [f"{git.commit_onto(None, {'main/staged.json': b'{'}, 'oops')}:refs/heads/{BRANCH}"])
    with pytest.raises(Failed) as caught:
        _ = world.state
    assert caught.value.code == "STAGED_JSON"
    assert f"{BRANCH}:main/staged.json" in caught.value.message
    assert "on that branch" in caught.value.hint


def test_a_damaged_working_copy_names_the_way_back(world):
    record(change(world, lambda state: state.put(entry("a"))))
    copy = world.repo.root / world.run().state.staged_path
    copy.write_text("<<<<<<< ours\n")
    with pytest.raises(Failed) as caught:
        _ = world.state
    assert "delete .vis/release/.state-branch/main" in caught.value.hint
    copy.unlink()
    assert names(world.state) == ["a"]


def test_a_branch_that_takes_no_pushes_either_says_so_and_keeps_what_is_known(world):
    run = change(world, lambda state: state.put(entry("a")))
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho closed >&2\nexit 1\n")
    with pytest.raises(Failed) as caught:
        record(run)
    assert caught.value.code == "PUSH_REFUSED"
    assert BRANCH in caught.value.message
    assert names(world.state) == ["a"]


def test_beaten_five_times_it_gives_up_and_nothing_is_lost(world, monkeypatch):
    record(change(world, lambda state: state.put(entry("b"))))
    other, real = machine(world, "other"), world.repo.git.push

    def beaten(remote, refspecs, **how):
        record(change(other, lambda state: state.put(entry("c", staged_at=str(len(world.clock.sleeps))))))
        return real(remote, refspecs, **how)

    run = change(world, lambda state: state.put(entry("a")))
    with monkeypatch.context() as patched:
        patched.setattr(world.repo.git, "push", beaten)
        with pytest.raises(Failed) as caught:
            record(run)
    assert caught.value.code == "PUSH_FAILED"
    assert set(names(world.state)) == {"a", "b", "c"}


class TestTags:
    @pytest.fixture
    def owed(self, world):
        """Versions a and b are live and owed their tags."""
        head = world.repo.git.head()
        for name in ("a", "b"):
            world.registry.live_versions[name, "1.1.0"] = Live(integrity_of(name, "1.1.0"))
        record(change(world, lambda state: state.approve(entry("a", commit=head)).approve(entry("b", commit=head))))
        return world

    def test_tags_arrive_with_the_wave_on_the_branch_and_main_is_left_alone(self, owed):
        run = owed.run(reach=("tag",))
        tag(run)
        assert set(owed.repo.git.remote_refs("origin", "main").tags) == {"a@1.1.0", "b@1.1.0"}
        assert on_branch(owed, "main/CHANGELOG.md") == "# Changelog\n\n## 2026-11-21\n\n- a@1.1.0\n- b@1.1.0"
        assert subjects(owed)[:2] == [
            "chore(release): clear pending stage registry [skip ci]",
            "chore(release): record wave [skip ci]",
        ]
        assert owed.repo.sh("rev-parse", "HEAD") == owed.repo.git.remote_refs("origin", "main").branch
        assert owed.state.empty

    def test_a_closed_state_branch_gets_the_tags_alone_and_the_run_says_so(self, owed):
        hook = owed.repo.top.parent / "origin.git/hooks/pre-receive"
        hook.write_text(HOOK.replace("refs/heads/main", "refs/heads/*"))
        with pytest.raises(Failed) as caught:
            tag(owed.run(reach=("tag",)))
        assert caught.value.code == "PUSH_REFUSED"
        assert set(owed.repo.git.remote_refs("origin", "main").tags) == {"a@1.1.0", "b@1.1.0"}
        assert [each.name for each in owed.state.approved] == ["a", "b"]

    def test_lost_before_the_forge_releases_another_machine_makes_them(self, owed):
        class Forge:
            name = "GitHub"

            def __init__(self):
                self.made, self.broken = [], True

            def ensure_release(self, *, tag, title, notes, prerelease):
                if self.broken:
                    raise Failed("GitHub says 502", code="FORGE")
                self.made.append(tag)
                return ForgeRelease(tag, tag, created=True)

        forge = Forge()
        owed = replace(owed, tools=replace(owed.tools, forge=lambda: forge))
        with pytest.raises(Failed, match="502"):
            tag(owed.run(reach=("tag",)))
        forge.broken = False
        fresh = machine(owed, "fresh")
        tag(fresh.run(reach=("tag",)))
        assert forge.made == ["a@1.1.0", "b@1.1.0"]
        assert fresh.state.empty

    def test_the_next_version_takes_the_waves_over_into_the_changelog(self, owed):
        from vis_tasks.services.wave_on_branch import with_waves_of_branch

        tag(owed.run(reach=("tag",)))
        found = with_waves_of_branch(owed.run())
        assert found == b"# Changelog\n\n## 2026-11-21\n\n- a@1.1.0\n- b@1.1.0\n"
        owed.run().tools.files.write("CHANGELOG.md", found)
        assert with_waves_of_branch(owed.run()) is None
