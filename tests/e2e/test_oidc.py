"""Trusted publishing with npm's default rule, stage only: nothing staged can be read back, only the public documents tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vis_tasks.registry.run import Fault, TrustRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

CLIENTS = pytest.mark.parametrize("client", ["npm", "direct"])


def trusting(world: World, client: str, *packages: str, timeout: str = "60s", extra: str = "") -> Mapping[str, str]:
    """Take every token away, trust a workflow for the packages, and give back what CI sets for its job."""
    config = f'\n[release.publish]\nclient = "{client}"\n{extra}\n[release.forge]\nprovider = "none"\n'
    world.configure(timeout=timeout, extra=config).commit()
    npmrc = world.folder / "home" / ".npmrc"
    npmrc.write_text(f"registry={world.registry.url}\n", encoding="utf-8")
    issuer = world.registry.add_issuer()
    for name in packages:
        world.registry.trust(TrustRule(name, issuer.url, {"repository": "acme/tools"}))
    token = world.registry.id_token(issuer, repository="acme/tools", repository_visibility="private")
    return {"GITHUB_ACTIONS": "true", "CI": "true", "NPM_ID_TOKEN": token}


@CLIENTS
def test_an_approval_is_seen_on_the_public_documents_alone(world: World, client: str) -> None:
    world.package("core").package("@acme/app", dependencies={"core": "~1.0.0"}).change("one", core="minor")
    env = trusting(world, client, "core", "@acme/app")

    with world.running("release", "--json", env=env) as release:
        items = world.staged(2, release)
        world.until_committed("chore(release): record 2 pending stages [skip ci]", release)
        recorded = world.staged_json()
        assert recorded is not None
        assert {entry["id"] for entry in recorded["pending"]} == {item.id for item in items}
        assert {entry["reason"] for entry in recorded["pending"]} == {"waiting"}, "committed before anybody decided"
        assert {item.actor_type for item in items} == {"trusted automation"}
        for item in items:
            world.npm_approve(item.id)

    done = release.done
    assert done.code == 0, done.text
    assert set(world.remote_tags()) == {"core@1.1.0", "@acme/app@1.0.1"}
    assert world.staged_json() is None
    lists = [request for request in world.registry.requests if request.path.startswith("/-/stage?")]
    assert lists == [], "nothing was asked that this job may not know"
    assert env["NPM_ID_TOKEN"] not in done.text


def test_a_rejection_can_not_be_seen_so_it_ends_as_a_timeout(world: World) -> None:
    world.package("core").change("one", core="minor")
    env = trusting(world, "direct", "core", timeout="4s")

    with world.running("release", "--json", env=env) as release:
        (item,) = world.staged(1, release)
        world.registry.reject(item.id, by="alice")

    done = release.done
    assert done.code == 0, done.text
    assert [each["reason"] for each in done.document["skipped"]] == ["stage-timeout"]
    recorded = world.staged_json()
    assert recorded is not None
    assert [(entry["id"], entry["reason"]) for entry in recorded["pending"]] == [(item.id, "timeout")]
    assert "rejected" not in recorded
    assert world.remote_tags() == {}


@CLIENTS
def test_an_id_that_was_lost_on_the_way_costs_nothing(world: World, client: str) -> None:
    world.package("core").change("one", core="minor")
    env = trusting(world, client, "core")
    world.registry.faults.add(Fault("stage.publish", reset="after", times=1))

    with world.running("release", "--json", env=env) as release:
        (item,) = world.staged(1, release)
        world.until_committed("chore(release): record 1 pending stage [skip ci]", release)
        recorded = world.staged_json()
        assert recorded is not None
        assert [(entry["id"], entry["version"]) for entry in recorded["pending"]] == [(None, "1.1.0")]
        world.registry.approve(item.id, by="alice")

    assert release.done.code == 0, release.done.text
    assert set(world.remote_tags()) == {"core@1.1.0"}
    assert [each.action for each in world.registry.audit()] == ["staged", "approved"], "it was never staged twice"


def test_restricted_packages_are_refused_before_anything_is_uploaded(world: World) -> None:
    world.package("core").package("@acme/closed", publishConfig={"access": "restricted"}).change("one", core="minor")
    env = trusting(world, "direct", "core", "@acme/closed")
    before = world.subjects()

    refused = world.run("release", "--json", env=env)

    assert refused.code == 1, refused.text
    assert refused.document["error"]["code"] == "OIDC_RESTRICTED"
    assert world.registry.stages() == []
    assert world.subjects() == before, "no version was committed either"
