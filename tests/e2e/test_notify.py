"""People are told while a release runs, and a channel that is down changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_desk import as_alice, otp, staged
from tests.receiver import receiver

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

_NOTIFY = '\n[release.notify]\nwebhook = "HOOK"\n'


def test_waiting_reminder_and_decision_are_told_once_each(world: World) -> None:
    world.package("core").configure(timeout="6s", extra=_NOTIFY).change("one", core="minor").commit()

    with receiver() as there:
        first = world.run("release", env={"HOOK": there.address})
        (item,) = world.registry.stages()
        world.registry.approve(item.id)
        second = world.run("release", env={"HOOK": there.address})

    assert (first.code, second.code) == (0, 0), first.text + second.text
    assert [document["kind"] for document in there.documents] == ["waiting", "reminder", "decided"]
    assert there.documents[0]["items"][0]["command"] == f"invoke stage.approve {item.id}"
    assert there.documents[2]["title"] == "1 version(s) live, 0 rejected"
    assert "very-secret-path" not in first.text + second.text


def test_a_scheduled_run_reminds_once_a_day(world: World) -> None:
    world.package("core")
    staged(world, core="minor")
    recorded = json.loads(world.read(".vis/release/staged.json"))
    recorded["pending"][0]["stagedAt"] = "2026-01-01T00:00:00.000Z"
    world.write(".vis/release/staged.json", json.dumps(recorded))
    world.configure(timeout="1s", extra='mode = "detached"\n' + _NOTIFY).commit()

    with receiver() as there:
        first = world.run("reconcile", env={"HOOK": there.address})
        again = world.run("reconcile", env={"HOOK": there.address})

    assert (first.code, again.code) == (0, 0), first.text + again.text
    assert [document["kind"] for document in there.documents] == ["reminder"]
    remembered = world.staged_json()
    assert remembered is not None
    assert "remindedAt" in remembered["pending"][0], "the next runner is a fresh one"


def test_what_is_decided_at_the_desk_is_told_too(world: World) -> None:
    world.package("core").package("other").configure(timeout="1s", extra=_NOTIFY)
    world.change("one", core="minor", other="patch").commit()
    assert world.run("release").code == 0
    as_alice(world)

    with receiver() as there:
        env = {"HOOK": there.address, **otp(world)}
        rejected = world.run("stage.reject", "other@1.0.1", "--yes", env=env)
        approved = world.run("stage.approve", "core@1.1.0", "--tag", env=env)

    assert (rejected.code, approved.code) == (0, 0), rejected.text + approved.text
    assert [(document["kind"], document["title"]) for document in there.documents] == [
        ("decided", "0 version(s) live, 1 rejected"),
        ("decided", "1 version(s) live, 0 rejected"),
    ]


def test_a_channel_that_is_down_never_fails_a_release(world: World) -> None:
    world.package("core").configure(timeout="1s", extra=_NOTIFY).change("one", core="minor").commit()

    done = world.run("release", env={"HOOK": "http://127.0.0.1:9/hook"})

    assert done.code == 0, done.text
    assert "webhook was not told: no connection" in done.text


def test_a_failure_is_told(world: World) -> None:
    world.package("core").configure(extra=_NOTIFY).change("one", core="minor").commit()
    world.write("packages/core/.npmrc", "//host/:_authToken=npm_000000000000000000000000000000000000\n")
    manifest = json.loads(world.read("packages/core/package.json")) | {"main": "missing.mjs", "bin": "gone.js"}
    world.write("packages/core/package.json", json.dumps(manifest)).commit()

    with receiver() as there:
        done = world.run("release", env={"HOOK": there.address})

    assert done.code == 3
    assert [document["kind"] for document in there.documents] == ["failed"]


def test_the_channels_can_be_tried(world: World) -> None:
    world.package("core")
    world.write("vis.toml", world.read("vis.toml") + _NOTIFY)

    with receiver() as there:
        good = world.run("notify.test", env={"HOOK": there.address})
        there.status = 410
        bad = world.run("notify.test", "--json", env={"HOOK": there.address})

    assert good.code == 0, good.text
    assert bad.code == 3
    assert bad.document["channels"] == {"webhook": "HTTP 410"}
    world.configure()
    assert world.run("notify.test").code == 2, "no channel is configured"


def test_the_job_summary_holds_the_wave_the_commands_and_the_cascade(world: World) -> None:
    summary = world.folder / "summary.md"
    world.package("core").package("app", dependencies={"core": "~1.0.0"})
    world.configure(timeout="1s").change("one", core="minor").commit()

    world.run("release", env={"GITHUB_STEP_SUMMARY": str(summary)})

    text = summary.read_text(encoding="utf-8")
    (core,) = [item.id for item in world.registry.stages() if item.name == "core"]
    assert f"`core@1.1.0` → `latest`: `invoke stage.approve {core}`" in text
    nodes = {line.split("[")[0].strip(): line for line in text.splitlines() if "[" in line and ":::" in line}
    place = {("core" if "core@" in line else "app"): node for node, line in nodes.items()}
    assert f"{place['core']} --> {place['app']}" in text
