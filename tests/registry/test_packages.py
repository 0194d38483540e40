"""Reading and publishing what is live, and the time it takes to get there."""

from __future__ import annotations

import base64
import hashlib

import pytest

from vis_tasks.registry.packument import ABBREVIATED_FIELDS

ABBREVIATED = {"accept": "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"}


def test_a_packument_is_full_or_what_installing_needs(registry, nobody):
    registry.seed("demo", "1.0.0", {"description": "Words.", "scripts": {"install": "x"}, "dependencies": {"a": "1"}})

    full, short = nobody.get("demo"), nobody.get("demo", headers=ABBREVIATED)

    assert full.headers["content-type"] == "application/json"
    assert full.json()["description"] == "Words."
    assert set(full.json()["time"]) == {"created", "modified", "1.0.0"}
    assert short.headers["content-type"] == "application/vnd.npm.install-v1+json"
    assert set(short.json()) == {"name", "dist-tags", "versions", "modified"}
    assert set(short.json()["versions"]["1.0.0"]) <= {*ABBREVIATED_FIELDS, "hasInstallScript"}
    assert short.json()["versions"]["1.0.0"]["hasInstallScript"] is True


def test_a_packument_the_client_has_is_not_sent_again_until_it_changes(registry, nobody):
    registry.seed("demo", "1.0.0")
    etag = nobody.get("demo").headers["etag"]
    assert nobody.get("demo", headers={"if-none-match": etag}).status_code == 304
    registry.seed("demo", "1.1.0")
    assert nobody.get("demo", headers={"if-none-match": etag}).status_code == 200


def test_a_document_is_found_by_version_and_by_dist_tag(registry, nobody):
    registry.seed("@acme/demo", "1.0.0")
    registry.seed("@acme/demo", "2.0.0-rc.1", tag="next")
    assert nobody.get("@acme%2fdemo/1.0.0").json()["version"] == "1.0.0"
    assert nobody.get("@acme/demo/next").json()["version"] == "2.0.0-rc.1"
    assert nobody.get("@acme/demo/3.0.0").status_code == 404


def test_the_tarball_is_what_its_hashes_say(registry, nobody):
    registry.seed("@acme/demo", "1.0.0")
    dist = nobody.get("@acme%2fdemo").json()["versions"]["1.0.0"]["dist"]
    data = nobody.get(dist["tarball"].removeprefix(registry.url)).content
    assert dist["shasum"] == hashlib.sha1(data, usedforsecurity=False).hexdigest()
    assert dist["integrity"] == f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"
    assert (dist["fileCount"], dist["unpackedSize"]) == (1, 49)


def test_addresses_are_those_the_client_came_by_unless_they_make_none(registry, nobody):
    registry.seed("demo", "1.0.0")
    by_name = nobody.get("demo", headers={"host": "registry.example:8080"}).json()
    by_nonsense = nobody.get("demo", headers={"host": 'x" onload="'}).json()
    assert by_name["versions"]["1.0.0"]["dist"]["tarball"] == "http://registry.example:8080/demo/-/demo-1.0.0.tgz"
    assert by_nonsense["versions"]["1.0.0"]["dist"]["tarball"] == f"{registry.url}demo/-/demo-1.0.0.tgz"


# --- publishing --------------------------------------------------------------------------------------------------------


def test_publishing_makes_a_version_live(registry, alice):
    answer = alice.publish(otp=registry.otp("alice"))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert registry.versions("demo")["1.0.0"]["_npmUser"]["name"] == "alice"
    assert registry.dist_tags("demo") == {"latest": "1.0.0"}


def test_publishing_over_a_live_version_is_refused(registry, alice):
    registry.seed("demo", "1.0.0")
    answer = alice.publish(otp=registry.otp("alice"))
    assert answer.status_code == 403
    assert answer.json() == {"error": "You cannot publish over the previously published versions: 1.0.0."}


@pytest.mark.parametrize(
    ("kind", "bypass", "status"),
    [
        ("session", False, 401),
        ("read-write", False, 401),
        ("read-write", True, 200),
        ("stage-only", False, 403),
        ("read-only", False, 403),
    ],
)
def test_which_tokens_may_publish_without_a_code(client_with, kind, bypass, status):
    assert client_with(kind, bypass_2fa=bypass).publish().status_code == status


def test_a_token_whose_time_is_over_is_no_token(registry, clock, client_with):
    client = client_with("read-write", lifetime=60)
    assert client.get("-/whoami").status_code == 200
    clock.advance(60)
    assert client.get("-/whoami").status_code == 401


def test_dist_tags_are_listed_set_and_removed(registry, client_with, nobody):
    registry.seed("demo", "1.0.0")
    writer = client_with("read-write", bypass_2fa=True)
    assert writer.ask("PUT", "-/package/demo/dist-tags/stable", json="1.0.0").status_code == 201
    assert nobody.get("-/package/demo/dist-tags").json() == {"latest": "1.0.0", "stable": "1.0.0"}
    assert writer.ask("DELETE", "-/package/demo/dist-tags/stable").status_code == 200
    assert nobody.get("-/package/demo/dist-tags").json() == {"latest": "1.0.0"}
    assert writer.ask("DELETE", "-/package/demo/dist-tags/latest").status_code == 400
    assert writer.ask("PUT", "-/package/demo/dist-tags/stable", json="9.9.9").status_code == 404
    assert writer.ask("PUT", "-/package/demo/dist-tags/1.x", json="1.0.0").status_code == 400
    assert client_with("stage-only").ask("PUT", "-/package/demo/dist-tags/beta", json="1.0.0").status_code == 403


# --- time --------------------------------------------------------------------------------------------------------------


def status(client, version="1.1.0"):
    answer = client.get(f"-/package/demo/version/{version}/status")
    return answer.json().get("status", answer.status_code)


def test_an_approved_version_is_live_only_after_its_scan(registry, clock, alice, nobody):
    registry.seed("demo", "1.0.0")
    stage_id = alice.staged("demo", "1.1.0")
    assert status(alice) == "staged"
    registry.settings.scan_delay = 300

    registry.approve(stage_id)

    assert status(alice) == "validating"
    assert nobody.get("demo/1.1.0").status_code == 404
    assert nobody.get("demo").json()["dist-tags"] == {"latest": "1.0.0"}
    clock.advance(300)
    assert status(alice) == "published"
    assert nobody.get("demo/1.1.0").status_code == 200
    assert nobody.get("demo").json()["dist-tags"] == {"latest": "1.1.0"}
    assert nobody.get("demo/-/demo-1.1.0.tgz").status_code == 200


def test_a_version_in_its_scan_counts_as_staged_for_who_publishes_it_again(registry, client_with):
    registry.settings.scan_delay = 300
    writer = client_with("read-write", bypass_2fa=True)
    assert writer.publish().status_code == 200
    answer = writer.publish()
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": 'Cannot publish over previously staged version "1.0.0".'},
    )


def test_a_blocked_version_never_goes_live_and_keeps_its_number(registry, clock, alice, nobody):
    registry.seed("demo", "1.0.0")
    registry.settings.scan_delay = 10
    registry.settings.blocked = {"demo@1.1.0"}
    registry.approve(alice.staged("demo", "1.1.0"))
    assert status(alice) == "validating"
    clock.advance(10)
    assert status(alice) == "blocked"
    assert nobody.get("demo/1.1.0").status_code == 404
    assert registry.dist_tags("demo") == {"latest": "1.0.0"}
    assert alice.stage("demo", "1.1.0").status_code == 409


def test_a_version_removed_later_is_deleted_and_keeps_its_number(registry, alice):
    registry.seed("demo", "1.0.0")
    registry.seed("demo", "1.1.0")
    registry.delete("demo", "1.1.0")
    assert status(alice) == "deleted"
    assert registry.dist_tags("demo") == {"latest": "1.0.0"}
    assert alice.stage("demo", "1.1.0").status_code == 409


def test_the_status_of_a_version_is_told_to_maintainers_only_when_the_service_is_on(registry, alice, bob, nobody):
    registry.seed("demo", "1.1.0")
    assert status(alice) == "published"
    assert status(alice, "9.9.9") == 404
    assert status(bob) == 404
    assert status(nobody) == 401
    registry.settings.status_endpoint = False
    assert status(alice) == 403


def test_a_rejected_version_has_no_status(registry, alice):
    stage_id = alice.staged("demo", "1.1.0")
    registry.reject(stage_id)
    assert status(alice) == 404


def test_the_packument_is_stale_at_the_edge_while_the_document_is_fresh(registry, clock, alice, nobody):
    registry.seed("demo", "1.0.0")
    clock.advance(1000)
    registry.settings.edge_lag = 300
    registry.approve(alice.staged("demo", "1.1.0"))
    assert list(nobody.get("demo").json()["versions"]) == ["1.0.0"]
    assert nobody.get("demo/1.1.0").status_code == 200
    clock.advance(299)
    assert nobody.get("demo").json()["dist-tags"] == {"latest": "1.0.0"}
    clock.advance(1)
    assert nobody.get("demo").json()["dist-tags"] == {"latest": "1.1.0"}


def test_a_dist_tag_set_by_hand_is_stale_at_the_edge_too(registry, clock, nobody):
    registry.seed("demo", "1.0.0")
    registry.seed("demo", "1.1.0")
    clock.advance(1000)
    registry.settings.edge_lag = 300
    assert nobody.get("demo").json()["dist-tags"] == {"latest": "1.1.0"}
    registry.store.packages.set_tag("demo", "latest", "1.0.0")
    assert nobody.get("demo").json()["dist-tags"] == {"latest": "1.1.0"}
    clock.advance(300)
    assert nobody.get("demo").json()["dist-tags"] == {"latest": "1.0.0"}


def test_the_tarball_may_lag_the_packument(registry, clock, nobody):
    registry.settings.tarball_lag = 60
    registry.seed("demo", "1.0.0")
    assert nobody.get("demo").status_code == 200
    assert nobody.get("demo/-/demo-1.0.0.tgz").status_code == 404
    clock.advance(60)
    assert nobody.get("demo/-/demo-1.0.0.tgz").status_code == 200
