"""Every staging route with every status of npm's API description."""

from __future__ import annotations

import uuid

import pytest

from tests.registry.builders import Client, upload

UNKNOWN = "00000000-0000-4000-8000-000000000000"


# --- listing -----------------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_and_comes_in_pages(alice):
    ids = [alice.staged("demo", f"1.0.{patch}") for patch in range(5)]

    first = alice.get("-/stage?page=0&perPage=2").json()
    last = alice.get("-/stage?page=2&perPage=2").json()

    assert [item["id"] for item in first["items"]] == [ids[4], ids[3]]
    assert [item["id"] for item in last["items"]] == [ids[0]]
    assert (first["page"], first["perPage"], first["total"]) == (0, 2, 5)


def test_the_list_can_be_about_one_package(alice):
    alice.staged("demo")
    other = alice.staged("@acme/other")

    found = alice.get("-/stage?package=%40acme%2Fother").json()

    assert [item["id"] for item in found["items"]] == [other]
    assert found["total"] == 1
    assert found["perPage"] == 10


@pytest.mark.parametrize(
    ("query", "page", "per_page"), [("perPage=1000", 0, 100), ("perPage=x&page=-3", 0, 10), ("page=²", 0, 10)]
)
def test_pages_that_make_no_sense_are_moved_to_the_nearest_that_do(alice, query, page, per_page):
    found = alice.get(f"-/stage?{query}").json()
    assert (found["page"], found["perPage"]) == (page, per_page)


def test_an_item_says_what_npm_describes(registry, alice):
    stage_id = alice.staged("@acme/demo", "1.2.3-rc.1", tag="next", access="restricted")

    item = alice.get(f"-/stage/{stage_id}").json()

    assert item == {
        "id": stage_id,
        "packageName": "@acme/demo",
        "version": "1.2.3-rc.1",
        "tag": "next",
        "createdAt": registry.stages()[0].created_at,
        "actor": "alice",
        "actorType": "user",
        "access": "private",
        "shasum": registry.stages()[0].shasum,
        "status": "staged",
    }
    assert uuid.UUID(stage_id).version == 4


def test_older_registries_leave_the_status_out(registry, alice):
    registry.settings.stage_item_status = False
    assert "status" not in alice.get(f"-/stage/{alice.staged()}").json()


def test_one_sees_only_what_one_maintains(alice, bob):
    stage_id = alice.staged()

    assert bob.get("-/stage").json()["total"] == 0
    assert bob.get(f"-/stage/{stage_id}").status_code == 404
    assert bob.get(f"-/stage/{stage_id}/tarball").status_code == 404


@pytest.mark.parametrize("path", ["-/stage", f"-/stage/{UNKNOWN}", f"-/stage/{UNKNOWN}/tarball"])
@pytest.mark.parametrize("token", [None, "npm_wrong"])
def test_nothing_is_shown_without_a_good_token(registry, path, token):
    client = Client(registry, token)
    with client.session:
        answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["message"]


@pytest.mark.parametrize("stage_id", [UNKNOWN, "not-a-uuid"])
def test_an_unknown_id_is_not_found_whatever_is_asked(registry, alice, stage_id):
    otp = registry.otp("alice")
    answers = [
        alice.get(f"-/stage/{stage_id}"),
        alice.get(f"-/stage/{stage_id}/tarball"),
        alice.approve(stage_id, otp=otp),
        alice.reject(stage_id, otp=otp),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4


def test_the_staged_bytes_can_be_fetched(registry, alice):
    stage_id = alice.staged()
    answer = alice.get(f"-/stage/{stage_id}/tarball")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == registry.store.tarballs.read(registry.stages()[0].blob)


# --- staging -----------------------------------------------------------------------------------------------------------


def test_several_versions_of_one_package_may_be_staged_and_others_published(registry, alice):
    alice.staged("demo", "1.0.0")
    alice.staged("demo", "2.0.0")
    assert alice.publish("demo", "1.5.0", otp=registry.otp("alice")).status_code == 200
    assert [item.version for item in registry.stages()] == ["2.0.0", "1.0.0"]
    assert "1.5.0" in registry.versions("demo")


def test_a_staged_version_occupies_its_number(registry, alice):
    alice.staged()
    assert alice.stage().status_code == 409
    assert alice.publish(otp=registry.otp("alice")).status_code == 409
    assert len(registry.stages()) == 1
    assert list(registry.versions("demo")) == ["0.0.0-stage"]


def test_a_live_version_cannot_be_staged(registry, alice):
    registry.seed("demo", "1.0.0")
    answer = alice.stage()
    assert answer.status_code == 409
    assert answer.json()["message"] == answer.json()["error"] == 'Cannot stage previously published version "1.0.0"'


def test_staging_a_brand_new_package_leaves_a_placeholder(registry, alice, nobody):
    alice.staged("@acme/new")
    packument = nobody.get("@acme%2fnew").json()
    assert packument["dist-tags"] == {"latest": "0.0.0-stage"}
    assert (
        nobody.get(packument["versions"]["0.0.0-stage"]["dist"]["tarball"].removeprefix(registry.url)).status_code
        == 200
    )


def test_older_registries_refuse_a_brand_new_package(registry, alice):
    registry.settings.new_packages = "refuse"
    assert alice.stage().status_code == 404
    assert registry.stages() == []


def test_a_registry_without_staging_has_no_such_routes(registry, alice):
    registry.settings.staging = False
    assert alice.stage().status_code == 404
    assert alice.get("-/stage").status_code == 404


def test_only_a_maintainer_stages(registry, alice, bob):
    registry.seed("demo", "1.0.0", maintainers=("alice",))
    assert bob.stage("demo", "1.1.0").status_code == 403
    assert registry.stages() == []


def test_staging_never_asks_for_a_code(alice):
    assert alice.stage().status_code == 201


@pytest.mark.parametrize(
    ("kind", "status"), [("session", 201), ("read-write", 201), ("stage-only", 201), ("read-only", 403)]
)
def test_which_tokens_may_stage(client_with, kind, status):
    assert client_with(kind).stage().status_code == status


def test_nobody_stages_without_a_token(nobody):
    assert nobody.stage().status_code == 401


# --- deciding ----------------------------------------------------------------------------------------------------------


def test_approved_the_version_is_live_under_its_tag_and_the_record_gone(registry, alice, nobody):
    registry.seed("demo", "1.0.0")
    stage_id = alice.staged("demo", "2.0.0-rc.1", tag="next")

    answer = alice.approve(stage_id, otp=registry.otp("alice"))

    assert answer.status_code == 201
    assert answer.json() == {"message": "Package version approved and published successfully."}
    assert alice.get(f"-/stage/{stage_id}").status_code == 404
    document = nobody.get("demo/2.0.0-rc.1").json()
    assert document["_npmUser"] == {"name": "alice", "email": "alice@example.org"}
    assert registry.dist_tags("demo") == {"latest": "1.0.0", "next": "2.0.0-rc.1"}
    assert [line.action for line in registry.audit()] == ["staged", "approved"]


def test_after_approval_the_npm_user_is_who_approved(registry, alice, bob):
    registry.seed("demo", "1.0.0", maintainers=("alice", "bob"))
    bob.approve(alice.staged("demo", "1.1.0"), otp=registry.otp("bob"))
    assert registry.versions("demo")["1.1.0"]["_npmUser"]["name"] == "bob"


def test_rejected_record_and_bytes_are_gone_and_the_number_is_free(registry, alice):
    stage_id = alice.staged()
    blob = registry.stages()[0].blob

    answer = alice.reject(stage_id, otp=registry.otp("alice"))

    assert (answer.status_code, answer.content) == (204, b"")
    assert registry.stages() == []
    assert not registry.store.tarballs.path(blob).exists()
    assert alice.staged() != stage_id


def test_rejecting_keeps_bytes_another_version_is_made_of(registry, alice):
    registry.seed("demo", "1.0.0", tarball=(data := registry_tarball()))
    alice.reject(alice.staged("demo", "1.1.0", tarball=data), otp=registry.otp("alice"))
    assert registry.tarball("demo", "1.0.0") == data


def registry_tarball():
    import base64

    body = upload()
    return base64.b64decode(next(iter(body["_attachments"].values()))["data"])


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_a_decision_needs_a_code_and_says_how(registry, alice, decide):
    stage_id = alice.staged()
    for otp in (None, "000000"):
        answer = getattr(alice, decide)(stage_id, otp=otp)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "OTP"
        assert "one-time pass" in answer.json()["message"]
    assert len(registry.stages()) == 1


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_a_decision_needs_an_account_with_two_factor(registry, alice, client_with, decide):
    registry.add_user("carol", two_factor=False)
    registry.seed("demo", "1.0.0", maintainers=("alice", "carol"))
    stage_id = alice.staged("demo", "1.1.0")
    answer = getattr(client_with("session", user="carol"), decide)(stage_id)
    assert answer.status_code == 403
    assert "enable 2fa" in answer.json()["message"]


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_only_a_maintainer_decides(registry, alice, bob, decide):
    stage_id = alice.staged()
    assert getattr(bob, decide)(stage_id, otp=registry.otp("bob")).status_code == 403
    assert len(registry.stages()) == 1


@pytest.mark.parametrize(
    ("kind", "status"), [("session", 201), ("read-write", 201), ("stage-only", 403), ("read-only", 403)]
)
def test_which_tokens_may_approve(registry, alice, client_with, kind, status):
    stage_id = alice.staged()
    assert client_with(kind).approve(stage_id, otp=registry.otp("alice")).status_code == status


def test_a_token_that_bypasses_two_factor_still_needs_a_code_to_approve(alice, client_with):
    assert client_with("read-write", bypass_2fa=True).approve(alice.staged()).status_code == 401


def test_what_went_live_meanwhile_cannot_be_approved_only_rejected(registry, alice):
    stage_id = alice.staged()
    registry.seed("demo", "1.0.0")
    assert alice.approve(stage_id, otp=registry.otp("alice")).status_code == 409
    assert alice.reject(stage_id, otp=registry.otp("alice")).status_code == 204


def test_a_stage_in_its_scan_cannot_be_approved_yet(registry, clock, alice):
    registry.settings.stage_scan_delay = 60
    stage_id = alice.staged()
    assert alice.get(f"-/stage/{stage_id}").json()["status"] == "validating"
    assert alice.approve(stage_id, otp=registry.otp("alice")).status_code == 409

    clock.advance(60)

    assert alice.get(f"-/stage/{stage_id}").json()["status"] == "staged"
    assert alice.approve(stage_id, otp=registry.otp("alice")).status_code == 201


def test_a_code_counts_for_several_ids_unless_a_switch_says_once(registry, clock, alice):
    ids = [alice.staged("demo", f"1.0.{patch}") for patch in range(4)]
    otp = registry.otp("alice")
    assert [alice.approve(stage_id, otp=otp).status_code for stage_id in ids[:2]] == [201, 201]

    registry.settings.otp_single_use = True

    assert [alice.approve(stage_id, otp=otp).status_code for stage_id in ids[2:]] == [201, 401]
    clock.advance(30)
    assert alice.approve(ids[3], otp=registry.otp("alice")).status_code == 201


def test_provenance_is_kept_through_approval(registry, alice, nobody):
    bundle = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {"payload": "e30="}}
    alice.approve(alice.staged("@acme/demo", provenance=bundle), otp=registry.otp("alice"))

    attestations = nobody.get("@acme%2fdemo/1.0.0").json()["dist"]["attestations"]

    found = nobody.get(attestations["url"].removeprefix(registry.url)).json()["attestations"]
    assert [attestation["bundle"] for attestation in found] == [bundle]


def test_a_restricted_package_is_seen_by_its_maintainers_only(registry, alice, bob, nobody):
    alice.approve(alice.staged("@acme/secret", access="restricted"), otp=registry.otp("alice"))
    paths = [
        "@acme%2fsecret",
        "@acme%2fsecret/1.0.0",
        "@acme/secret/-/secret-1.0.0.tgz",
        "-/package/@acme%2fsecret/visibility",
    ]
    assert {alice.get(path).status_code for path in paths} == {200}
    assert {client.get(path).status_code for path in paths for client in (bob, nobody)} == {404}
    assert alice.get("-/package/@acme%2fsecret/visibility").json() == {"public": False}
