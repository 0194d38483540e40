"""Promises that are easy to break: each of these was seen broken in a tool that made them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.world import until
from vis_tasks.registry.run import Fault

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def test_waiting_costs_one_request_a_tick_for_the_whole_wave(world: World) -> None:
    world.configure(timeout="5s")
    for name in ("a", "b", "c"):
        world.package(name)
    world.change("all", a="patch", b="patch", c="patch").commit()

    with world.running("release") as release:
        world.staged(3, release)
        world.registry.clear_requests()

    assert release.done.code == 0, release.done.text
    routes = [request.route for request in world.registry.requests if request.method == "GET"]
    ticks = routes.count("stage.list")
    assert 3 <= ticks <= 9, "about one a second, and one for reconcile"
    assert routes.count("version.status") <= 3, "once for each version, to learn whether that endpoint can be believed"
    assert set(routes) <= {"stage.list", "version.status", "packument"}


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(status=500, times=1), Fault(reset="before", times=1), Fault(truncate=10)],
        [Fault(status=401, times=1), Fault(status=403)],
    ],
    ids=["no answer", "no permission"],
)
def test_trouble_with_the_registry_while_waiting_is_never_a_rejection(world: World, faults: list[Fault]) -> None:
    world.configure(timeout="8s").package("core").change("one", core="minor").commit()

    with world.running("release") as release:
        (item,) = world.staged(1, release)
        struck = [world.registry.faults.add(replace(fault, route="stage.list")) for fault in faults]

    done = release.done
    assert done.code == 0, done.text
    assert all(fault.hits for fault in struck)
    assert "rejected" not in done.text.lower()
    assert [stage.id for stage in world.registry.stages()] == [item.id]
    recorded = world.staged_json()
    assert recorded is not None
    assert recorded["pending"][0]["reason"] == "timeout"


def test_a_stale_packument_does_not_hide_an_approval(world: World) -> None:
    world.package("core").change("one", core="minor").commit()
    world.registry.settings.edge_lag = 300.0

    with world.running("release") as release:
        world.registry.approve(world.staged(1, release)[0].id, by="alice")

    assert release.done.code == 0, release.done.text
    assert set(world.remote_tags()) == {"core@1.1.0"}


def test_a_scan_after_the_approval_is_waited_for(world: World) -> None:
    world.package("core").change("one", core="minor").commit()
    world.registry.settings.scan_delay = 4.0

    with world.running("release") as release:
        (item,) = world.staged(1, release)
        world.registry.approve(item.id, by="alice")

    assert release.done.code == 0, release.done.text
    assert set(world.remote_tags()) == {"core@1.1.0"}


@pytest.mark.parametrize("where", ["the same checkout", "a fresh clone"])
def test_a_release_killed_while_waiting_is_taken_up_by_the_next_run(world: World, where: str) -> None:
    world.package("core").change("one", core="minor").commit()
    with world.running("release") as release:
        (item,) = world.staged(1, release)
        until((world.root / ".vis/release/staged.json").exists)
        release.process.send_signal(signal.SIGKILL)
    version_commit = world.git("rev-parse", "HEAD")
    if where == "a fresh clone":
        shutil.rmtree(world.root)
        subprocess.run(["git", "clone", "--quiet", str(world.remote), str(world.root)], check=True, env=world.env)

    with world.running("release", "--resume") as again:
        until(lambda: (world.root / ".vis/release/staged.json").exists() or again.process.poll() is not None)
        assert [stage.id for stage in world.registry.stages()] == [item.id], "staged once"
        world.registry.approve(item.id, by="alice")

    assert again.done.code == 0, again.done.text
    assert world.remote_tags() == {"core@1.1.0": version_commit}
    assert [each.action for each in world.registry.audit()] == ["staged", "approved"]


def test_a_version_that_went_live_after_its_runner_died_gets_its_tag_on_a_fresh_clone(world: World) -> None:
    world.package("core").change("one", core="minor").commit()
    with world.running("release") as release:
        (item,) = world.staged(1, release)
        release.process.send_signal(signal.SIGKILL)
    version_commit = world.git("rev-parse", "HEAD")
    world.registry.approve(item.id, by="alice")
    world.write("later.txt", "later\n").git("add", "later.txt")
    world.git("commit", "--quiet", "-m", "later", "--", "later.txt")
    world.git("push", "--quiet", "origin", "HEAD:main")
    shutil.rmtree(world.root)
    subprocess.run(["git", "clone", "--quiet", str(world.remote), str(world.root)], check=True, env=world.env)

    done = world.run("release")

    assert done.code == 0, done.text
    assert world.remote_tags() == {"core@1.1.0": version_commit}


def test_a_version_that_was_live_before_any_release_of_ours_gets_no_tag(world: World) -> None:
    world.package("core").package("other").change("one", core="minor").commit()

    with world.running("release") as release:
        world.registry.approve(world.staged(1, release)[0].id, by="alice")

    assert release.done.code == 0, release.done.text
    assert set(world.remote_tags()) == {"core@1.1.0"}


def test_a_dependent_is_not_tagged_before_what_it_needs_is_live(world: World) -> None:
    world.configure(timeout="4s").package("core").package("app", dependencies={"core": "~1.0.0"})
    world.change("one", core="minor").commit()
    with world.running("release") as release:
        world.staged(2, release)
        by_name = {stage.name: stage.id for stage in world.registry.stages()}
        world.registry.approve(by_name["app"], by="alice")

    assert release.done.code == 0, release.done.text
    assert "app@1.0.1 is live, but held: needs core@1.1.0 (timeout)" in release.done.text
    assert world.remote_tags() == {}
    version_commit = world.git("rev-parse", "HEAD~1")

    world.registry.approve(by_name["core"], by="alice")
    second = world.run("release")

    assert second.code == 0, second.text
    assert world.remote_tags() == {"core@1.1.0": version_commit, "app@1.0.1": version_commit}
    assert world.staged_json() is None


def test_a_failed_upload_holds_its_dependents_back_and_says_why(world: World) -> None:
    world.package("core").package("app", dependencies={"core": "~1.0.0"}).package("lone")
    world.change("one", core="minor", lone="patch").configure(timeout="2s").commit()
    world.registry.faults.add(Fault(route="stage.publish", path="*core*", status=403))

    done = world.run("release", "--json")

    assert done.code == 3
    document = done.document
    assert [each["name"] for each in document["failed"]] == ["core"]
    assert "403" in document["failed"][0]["reason"]
    assert ("app", "held: needs core") in [(each["name"], each["reason"]) for each in document["skipped"]]
    assert [stage.name for stage in world.registry.stages()] == ["lone"]

    world.registry.faults.clear()
    with world.running("release") as release:
        for item in world.staged(3, release):
            world.registry.approve(item.id, by="alice")
    assert release.done.code == 0, release.done.text
    assert set(world.remote_tags()) == {"core@1.1.0", "app@1.0.1", "lone@1.0.1"}


def test_a_version_pull_request_is_released_after_its_merge(world: World) -> None:
    world.package("core").change("one", core="minor").commit()
    world.git("switch", "--quiet", "--create", "version-packages")
    versioned = world.run("version")
    assert versioned.code == 0, versioned.text
    assert world.registry.stages() == []
    world.git("switch", "--quiet", "main")
    world.git("merge", "--quiet", "--no-ff", "-m", "Merge the version pull request", "version-packages")
    world.git("push", "--quiet", "origin", "main")
    merge = world.git("rev-parse", "HEAD")

    with world.running("release") as release:
        world.registry.approve(world.staged(1, release)[0].id, by="alice")

    assert release.done.code == 0, release.done.text
    assert world.remote_tags() == {"core@1.1.0": merge}


def test_other_bytes_than_were_staged_fail_loudly_and_get_no_tag(world: World) -> None:
    world.package("core").change("one", core="minor").commit()

    with world.running("release") as release:
        (item,) = world.staged(1, release)
        world.registry.reject(item.id, by="alice")
        world.registry.seed("core", "1.1.0", files={"index.js": "something else\n"})

    assert release.done.code == 3, release.done.text
    assert "live with other bytes than were staged" in release.done.text
    assert release.done.text.count("sha512-") >= 2
    assert world.remote_tags() == {}


def test_single_targets_do_what_is_left_and_no_more(world: World) -> None:
    world.configure(timeout="2s").package("core").change("one", core="minor").commit()
    for target in ("version", "pack"):
        done = world.run(target)
        assert done.code == 0, done.text
    assert world.registry.stages() == []
    assert world.run("stage").code == 0
    (item,) = world.registry.stages()
    world.registry.approve(item.id, by="alice")
    world.run("tag")
    assert set(world.remote_tags()) == {"core@1.1.0"}
    before = (world.subjects(), world.remote_tags())

    again = world.run("tag", "--json")

    assert again.code == 0, again.text
    assert all(step["state"] == "up to date" for step in again.document["targets"] if step["target"] != "guard")
    assert (world.subjects(), world.remote_tags()) == before


def test_the_stage_list_names_packages_and_says_when_it_cannot_read(world: World) -> None:
    world.configure(timeout="2s").package("core").change("one", core="minor").commit()
    assert world.run("release").code == 0
    (item,) = world.registry.stages()

    listed = world.run("stage.list")
    assert f"{item.id} core@1.1.0 → latest\n" in listed.stdout

    world.registry.faults.add(Fault(route="stage.list", status=401))
    unreadable = world.run("stage.list")
    assert unreadable.code == 0, unreadable.text
    assert f"{item.id} core@1.1.0 → latest [registry-only, timeout]" in unreadable.text
    assert "can't be read" in unreadable.text


def test_a_json_run_prints_one_document_and_nothing_else_on_stdout(world: World) -> None:
    world.configure(timeout="2s").package("core").change("one", core="minor").commit()

    done = world.run("release", "--json")

    assert done.code == 0, done.text
    assert json.loads(done.stdout)["ok"] is True
    assert "timed out" in done.stderr


def test_a_prerelease_channel_goes_to_its_own_dist_tag(world: World) -> None:
    world.configure(extra='[release.channels.next]\ntag = "next"\nprerelease = "next"\n')
    world.package("core").change("one", core="minor").commit()
    world.git("switch", "--quiet", "--create", "next")
    world.git("push", "--quiet", "origin", "next")

    with world.running("release") as release:
        (item,) = world.staged(1, release)
        assert (item.version, item.tag) == ("1.1.0-next.0", "next")
        world.registry.approve(item.id, by="alice")

    assert release.done.code == 0, release.done.text
    assert world.registry.dist_tags("core") == {"latest": "1.0.0", "next": "1.1.0-next.0"}
    assert set(world.remote_tags()) == {"core@1.1.0-next.0"}
