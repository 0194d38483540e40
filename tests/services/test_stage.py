"""stage: every upload announced, written down, and never made twice."""

from __future__ import annotations

import json
import threading

import pytest

from tests.fakes import FakeNpm, FakeRegistry
from tests.services.builders import build_world, entry, integrity_of, package, shasum_of
from vis_tasks.config.model import ChannelConfig, PackageConfig, PublishConfig
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import Failed
from vis_tasks.ports import Staged, StageOutcome, Unknown, Unreadable
from vis_tasks.services import pack, reconcile
from vis_tasks.services import stage as service

REACH = ("guard", "version", "pack", "stage")


class Killed(BaseException):
    pass


def packed(world):
    run = world.run(reach=REACH)
    pack.pack(run)
    return run


def stage(world):
    run = packed(world)
    service.stage(run)
    return run


def pending(world):
    return {each.name: each for each in world.state.pending}


def outcomes(run):
    return {each.name: (each.kind, each.why) for each in run.report.outcomes.values()}


def journal(world):
    return world.run().state.journal()


@pytest.fixture
def world(tmp_path):
    return build_world(tmp_path, package("a"), package("b", deps={"a": "^1.0.0"}), package("c"))


class TestUpload:
    def test_the_wave_is_uploaded_and_each_id_stands_in_staged_json(self, world):
        head = world.repo.git.head()
        stage(world)
        assert set(pending(world)) == {"a", "b", "c"}
        found = pending(world)["a"]
        assert found.id in world.registry.records
        assert found.reason == "waiting"
        assert (found.integrity, found.shasum) == (integrity_of("a", "1.0.0"), shasum_of("a", "1.0.0"))
        assert found.commit == head
        assert found.registry is None

    def test_an_entry_says_when_it_was_published_without_staging(self, tmp_path):
        world = build_world(tmp_path, package("a"), package("b"), packages={"b": PackageConfig(stage=False)})
        stage(world)
        assert {name: each.published for name, each in pending(world).items()} == {"a": False, "b": True}

    def test_twice_uploads_once(self, world):
        stage(world)
        stage(world)
        assert len(world.registry.uploads) == 3

    def test_intent_stands_in_the_journal_before_the_upload_and_goes_after_it(self, world):
        seen = {}
        world.registry.on_upload = lambda tarball: seen.update({tarball.name: dict(journal(world).intents)})
        stage(world)
        assert all(seen[name][f"{name}@1.0.0"] == shasum_of(name, "1.0.0") for name in ("a", "b", "c"))
        assert journal(world).intents == {}

    def test_the_id_is_on_disk_before_what_needs_the_package_begins(self, world):
        seen = {}
        world.registry.on_upload = lambda tarball: seen.update({tarball.name: set(pending(world))})
        stage(world)
        assert "a" in seen["b"]

    def test_a_slow_package_holds_up_only_what_needs_it(self, world):
        went = threading.Event()
        answers = {"c": lambda: went.wait(20), "b": went.set}
        world.registry.on_upload = lambda tarball: answers.get(tarball.name, lambda: None)()
        world.config = _concurrency(world.config, 2)
        stage(world)
        assert [upload[0] for upload in world.registry.uploads] == ["a", "b", "c"]

    def test_what_was_announced_and_held_back_leaves_no_intent(self, world):
        world.registry.answer("stage", Staged(StageOutcome.REFUSED, why="name taken", code="E403"))
        world.config = _concurrency(world.config, 1)
        assert outcomes(stage(world))["b"][0] == "held"
        assert journal(world).intents == {}

    def test_no_more_than_concurrency_at_once(self, tmp_path):
        names = [f"p{number}" for number in range(9)]
        world = build_world(tmp_path, *(package(name) for name in names), publish=PublishConfig(concurrency=3))
        now, most, lock, together = 0, 0, threading.Lock(), threading.Barrier(3)

        def upload(_tarball):
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            together.wait(timeout=20)
            with lock:
                now -= 1

        world.registry.on_upload = upload
        stage(world)
        assert most == 3
        assert len(world.registry.uploads) == 9

    def test_two_registries_each_get_theirs_and_the_entry_remembers_where(self, tmp_path):
        first, second = FakeRegistry(), FakeRegistry("http://other.test/")
        world = build_world(tmp_path, package("a"), package("c"), npm=FakeNpm(first, c=second))
        stage(world)
        assert [upload[0] for upload in first.uploads] == ["a"]
        assert [upload[0] for upload in second.uploads] == ["c"]
        assert pending(world)["c"].registry == second.url

    def test_bytes_that_changed_since_packing_are_not_uploaded(self, world):
        run = packed(world)
        (world.repo.root / ".vis/release/dist/c-1.0.0.tgz").write_bytes(b'{"name": "c", "version": "1.0.0", "x": 1}')
        service.stage(run)
        assert outcomes(run)["c"] == ("failed", "its tarball is missing or was changed")
        assert {upload[0] for upload in world.registry.uploads} == {"a", "b"}


class TestFailures:
    def test_a_refusal_holds_back_the_dependents_and_nothing_else(self, world):
        world.registry.answer("stage", Staged(StageOutcome.REFUSED, why="name taken", code="E403"))
        world.registry.on_upload = lambda _tarball: None
        world.config = _concurrency(world.config, 1)
        run = stage(world)
        assert outcomes(run)["a"] == ("failed", "name taken (E403)")
        assert outcomes(run)["b"] == ("held", "held: needs a")
        assert set(pending(world)) == {"c"}

    def test_what_was_held_back_goes_with_the_next_run(self, world):
        self.test_a_refusal_holds_back_the_dependents_and_nothing_else(world)
        stage(world)
        assert set(pending(world)) == {"a", "b", "c"}
        assert [upload[0] for upload in world.registry.uploads] == ["c", "a", "b"]

    def test_a_package_the_registry_says_nothing_about_is_not_uploaded(self, world):
        world.registry.answer("live", always=Unknown("http 503", "HTTP 503"))
        run = world.run(reach=REACH)
        service.stage(run)
        assert {kind for kind, _ in outcomes(run).values()} == {"failed"}
        assert "HTTP 503" in outcomes(run)["a"][1]
        assert world.registry.uploads == []

    def test_a_broken_connection_after_the_registry_took_it_is_found_out_and_not_repeated(self, world):
        def took_it_and_broke(tarball):
            world.registry.put_stage("a", "1.0.0", integrity=tarball.integrity, shasum=tarball.shasum)
            return Staged(StageOutcome.AMBIGUOUS, why="connection reset")

        world.config = _concurrency(world.config, 1)
        world.registry.answer("stage", took_it_and_broke)
        stage(world)
        assert pending(world)["a"].id in world.registry.records
        assert [upload[0] for upload in world.registry.uploads] == ["c", "b"]

    def test_a_broken_connection_before_it_took_it_is_tried_again_with_growing_pauses(self, world):
        world.config = _concurrency(world.config, 1)
        world.registry.answer("stage", *[Staged(StageOutcome.AMBIGUOUS, why="connection reset")] * 2)
        stage(world)
        assert set(pending(world)) == {"a", "b", "c"}
        assert world.clock.sleeps == [2, 4]

    def test_a_registry_that_stays_away_fails_the_package_and_keeps_the_intent(self, world):
        world.registry.answer("stage", always=Staged(StageOutcome.AMBIGUOUS, why="connection reset"))
        run = stage(world)
        assert outcomes(run)["a"] == ("failed", "connection reset")
        assert journal(world).intents["a@1.0.0"] == shasum_of("a", "1.0.0")

    def test_what_was_lost_like_that_and_went_live_with_our_bytes_is_owed_its_tag(self, world):
        self.test_a_registry_that_stays_away_fails_the_package_and_keeps_the_intent(world)
        world.registry.heal("stage")
        world.registry.put_stage("a", "1.0.0", integrity=integrity_of("a", "1.0.0"), shasum=shasum_of("a", "1.0.0"))
        world.registry.approve("a", "1.0.0")
        run = world.run(reach=("reconcile",))
        reconcile.reconcile(run)
        assert [each.spec for each in world.state.approved] == ["a@1.0.0"]

    def test_what_was_lost_like_that_and_went_live_with_other_bytes_is_a_mismatch(self, world):
        self.test_a_registry_that_stays_away_fails_the_package_and_keeps_the_intent(world)
        world.registry.heal("stage")
        world.registry.put_stage("a", "1.0.0", integrity="sha512-" + "A" * 86 + "==", shasum="0" * 40)
        world.registry.approve("a", "1.0.0")
        run = world.run(reach=("reconcile",))
        reconcile.reconcile(run)
        assert world.state.approved == ()
        assert outcomes(run)["a"][0] == "failed"
        assert integrity_of("a", "1.0.0") in outcomes(run)["a"][1]

    def test_a_full_disk_after_the_upload_loses_nothing(self, world, monkeypatch):
        real = world.tools.files.write

        def full(path, content):
            if path.endswith("staged.json"):
                raise Failed("no space", code="WRITE")
            real(path, content)

        with monkeypatch.context() as patched:
            patched.setattr(world.tools.files, "write", full)
            with pytest.raises(Failed):
                stage(world)
        stage(world)
        assert set(pending(world)) == {"a", "b", "c"}
        assert len({upload[0] for upload in world.registry.uploads}) == len(world.registry.uploads) == 3


class TestAdoption:
    def test_what_the_list_shows_is_adopted_and_not_uploaded(self, world):
        stage_id = world.registry.put_stage("a", "1.0.0", shasum=shasum_of("a", "1.0.0"))
        stage(world)
        assert pending(world)["a"].id == stage_id
        assert pending(world)["a"].staged_at == "2026-11-21T11:59:00.000Z"
        assert pending(world)["a"].integrity == integrity_of("a", "1.0.0")
        assert "a" not in {upload[0] for upload in world.registry.uploads}

    def test_so_is_one_whose_dependency_was_rejected_meanwhile_and_nothing_else_of_it_goes(self, world):
        stage_id = world.registry.put_stage("b", "1.0.0", shasum=shasum_of("b", "1.0.0"))
        world.hold(Pending().bury("a", "1.0.0", "2026-11-21T11:00:00.000Z"))
        run = stage(world)
        assert pending(world)["b"].id == stage_id
        assert {upload[0] for upload in world.registry.uploads} == {"c"}
        assert "b" not in {each.name for each in run.report.of("held")}

    def test_the_same_version_staged_with_other_bytes_is_never_adopted(self, world):
        world.registry.put_stage("a", "1.0.0", shasum="0" * 40)
        run = stage(world)
        kind, why = outcomes(run)["a"]
        assert kind == "failed"
        assert "already staged with other bytes" in why
        assert "npm stage download" in why
        assert f"invoke stage.reject {next(iter(world.registry.records))}" in why
        assert "a" not in pending(world)

    def test_once_that_one_is_rejected_the_same_version_is_staged_with_the_bytes_packed_here(self, world):
        world.registry.put_stage("a", "1.0.0", shasum="0" * 40)
        stage(world)
        world.registry.reject("a", "1.0.0")
        stage(world)
        assert pending(world)["a"].integrity == integrity_of("a", "1.0.0")

    def test_under_oidc_a_409_is_adopted_without_an_id(self, tmp_path):
        registry = FakeRegistry()
        registry.credentials = False
        world = build_world(tmp_path, package("a"), npm=FakeNpm(registry, oidc=True))
        registry.put_stage("a", "1.0.0", shasum=shasum_of("a", "1.0.0"))
        stage(world)
        assert pending(world)["a"].id is None
        assert pending(world)["a"].integrity == integrity_of("a", "1.0.0")
        assert registry.uploads == []

    def test_killed_right_after_the_upload_the_next_run_adopts_it(self, world):
        world.config = _concurrency(world.config, 1)

        def took_it_and_died(tarball):
            world.registry.put_stage("a", "1.0.0", integrity=tarball.integrity, shasum=tarball.shasum)
            raise Killed

        world.registry.answer("stage", took_it_and_died)
        with pytest.raises(Killed):
            stage(world)
        assert "a" not in pending(world)
        stage(world)
        assert pending(world)["a"].id in world.registry.records
        assert "a" not in {upload[0] for upload in world.registry.uploads}


class TestCheckpoint:
    def committed(self, world):
        world.repo.sh("fetch", "--quiet", "origin")
        listed = world.repo.sh("ls-tree", "-r", "--name-only", "origin/main")
        return ".vis/release/staged.json" in listed

    def test_it_is_not_needed_when_the_list_can_be_read_back(self, world):
        stage(world)
        assert not self.committed(world)

    def test_it_is_made_when_the_list_can_not_be_read_back(self, world):
        world.registry.answer("stages", always=Unreadable("HTTP 401"))
        stage(world)
        assert self.committed(world)

    @pytest.mark.parametrize(("how", "made"), [("always", True), ("never", False)])
    def test_it_can_be_forced(self, tmp_path, how, made):
        world = build_world(tmp_path, package("a"), stage={"checkpoint": how})
        if how == "never":
            world.registry.answer("stages", always=Unreadable("HTTP 401"))
        stage(world)
        assert self.committed(world) is made


class TestSettings:
    @pytest.mark.parametrize(
        ("release", "manifest", "expected"),
        [
            ({}, {}, "latest"),
            ({}, {"publishConfig": {"tag": "beta"}}, "beta"),
            ({"publish": PublishConfig(tag="rc")}, {"publishConfig": {"tag": "beta"}}, "rc"),
            ({"channels": {"main": ChannelConfig(tag="next")}, "publish": PublishConfig(tag="rc")}, {}, "next"),
            ({"packages": {"a": PackageConfig(tag="own")}, "channels": {"main": ChannelConfig(tag="next")}}, {}, "own"),
        ],
    )
    def test_the_dist_tag_is_the_nearest_that_says_one(self, tmp_path, release, manifest, expected):
        world = build_world(tmp_path, package("a", **manifest), **release)
        stage(world)
        assert world.registry.uploads[0][2] == expected
        assert pending(world)["a"].tag == expected

    @pytest.mark.parametrize(
        ("name", "release", "manifest", "expected"),
        [
            ("a", {}, {}, None),
            ("@s/a", {}, {}, "public"),
            ("@s/a", {}, {"publishConfig": {"access": "restricted"}}, "restricted"),
            ("@s/a", {"publish": PublishConfig(access="restricted")}, {}, "restricted"),
            ("@s/a", {"packages": {"@s/a": PackageConfig(access="restricted")}}, {}, "restricted"),
        ],
    )
    def test_a_new_scoped_package_is_public_unless_told(self, tmp_path, name, release, manifest, expected):
        world = build_world(tmp_path, package(name, **manifest), **release)
        stage(world)
        assert world.registry.uploads[0][3] == expected


class TestWave:
    def test_a_tagged_version_costs_no_request_and_is_left_alone(self, world):
        for name in ("a", "b", "c"):
            world.repo.sh("push", "--quiet", "origin", f"HEAD:refs/tags/{name}@1.0.0")
        run = world.run(reach=REACH)
        assert isinstance(service.look(run), UpToDate)
        assert world.registry.requests == []

    def test_a_rejected_version_is_not_staged_again_by_itself(self, world):
        world.hold(Pending().reject(entry("a", "1.0.0"), "t").drop("a", "1.0.0"))
        stage(world)
        assert "a" not in {upload[0] for upload in world.registry.uploads}

    def test_a_private_package_is_never_uploaded(self, tmp_path):
        world = build_world(tmp_path, package("a"), package("p", private=True), private_packages=True)
        stage(world)
        assert [upload[0] for upload in world.registry.uploads] == ["a"]

    def test_a_version_that_was_live_before_us_is_left_alone(self, world):
        world.registry.live_versions["a", "1.0.0"] = world.registry.live_versions.get(("a", "1.0.0")) or _live("a")
        stage(world)
        assert "a" not in {upload[0] for upload in world.registry.uploads}
        assert world.state.approved == ()

    def test_what_lies_ahead_is_told(self, world):
        packed(world)
        state = service.look(world.run(reach=REACH))
        assert state == Due("3 package(s) to stage", ("stage a@1.0.0", "stage b@1.0.0", "stage c@1.0.0"))

    def test_what_is_staged_already_is_told(self, world):
        stage(world)
        state = service.look(world.run(reach=REACH))
        assert state == UpToDate("3 version(s) are staged already and wait for a decision")


def test_the_manifest_lists_what_was_packed_and_from_where(world):
    packed(world)
    content = (world.repo.root / ".vis/release/dist/manifest.json").read_text()
    lines = {each["name"]: each for each in json.loads(content)["tarballs"]}
    assert set(lines) == {"a", "b", "c"}
    assert lines["a"]["commit"] == world.repo.git.head()
    assert lines["a"]["integrity"] == integrity_of("a", "1.0.0")


def _live(name):
    from vis_tasks.ports import Live

    return Live(integrity_of(name, "1.0.0"), shasum_of(name, "1.0.0"))


def _concurrency(config, number):
    from dataclasses import replace

    publish = replace(config.release.publish, concurrency=number)
    return replace(config, release=replace(config.release, publish=publish))
