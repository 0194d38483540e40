"""Trusted publishing: who gets a short-lived token, and how little it may do."""

from __future__ import annotations

import json
import os

import jwt
import pytest

from tests.registry.builders import Client, escaped, package
from vis_tasks.registry.run import Issuer, TrustRule

REPOSITORY = {"repository": "acme/demo", "job_workflow_ref": "acme/demo/.github/workflows/release.yml@refs/heads/main"}
RULE = {"repository": "acme/demo", "job_workflow_ref": "acme/demo/.github/workflows/release.yml@*"}


@pytest.fixture
def issuer(registry):
    registry.seed("@acme/demo", "1.0.0")
    return registry.add_issuer()


@pytest.fixture
def trusted(registry, issuer):
    registry.trust(TrustRule("@acme/demo", issuer.url, RULE))
    return issuer


def exchange(nobody, id_token, name="@acme/demo"):
    headers = {"authorization": f"Bearer {id_token}"} if id_token else {}
    return nobody.ask("POST", f"-/npm/v1/oidc/token/exchange/package/{escaped(name)}", headers=headers)


def exchanged(registry, nobody, issuer, **claims):
    answer = exchange(nobody, registry.id_token(issuer, **{**REPOSITORY, **claims}))
    assert answer.status_code == 201, answer.text
    return Client(registry, answer.json()["token"], nobody.session)


def test_a_trusted_workflow_gets_a_token_that_stages_as_automation(registry, nobody, trusted):
    answer = exchange(nobody, registry.id_token(trusted, **REPOSITORY))
    assert answer.status_code == 201
    assert set(answer.json()) == {"token_type", "token", "created", "expires"}
    assert answer.json()["token_type"] == "oidc"
    Client(registry, answer.json()["token"], nobody.session).staged("@acme/demo", "1.1.0")
    assert (registry.stages()[0].actor, registry.stages()[0].actor_type) == ("GitHub Actions", "trusted automation")


def test_its_token_lists_views_approves_and_rejects_nothing(registry, nobody, trusted):
    workflow = exchanged(registry, nobody, trusted)
    stage_id = workflow.staged("@acme/demo", "1.1.0")
    otp = registry.otp("alice")
    assert workflow.get("-/stage").status_code == 401
    assert workflow.get(f"-/stage/{stage_id}").status_code == 401
    assert workflow.get(f"-/stage/{stage_id}/tarball").status_code == 401
    assert workflow.get("-/package/@acme%2fdemo/version/1.1.0/status").status_code == 401
    assert workflow.approve(stage_id, otp=otp).status_code == 403
    assert workflow.reject(stage_id, otp=otp).status_code == 403
    assert len(registry.stages()) == 1


def test_publishing_needs_a_rule_that_says_so(registry, nobody, trusted, issuer):
    refused = exchanged(registry, nobody, trusted).publish("@acme/demo", "1.1.0")
    assert refused.status_code == 403
    assert refused.json() == {"error": "OIDC permission denied for this action"}
    rule = TrustRule(
        "@acme/demo", issuer.url, {"repository": "acme/demo", "environment": "npm"}, frozenset({"publish"})
    )
    registry.trust(rule)
    other = exchanged(registry, nobody, issuer, job_workflow_ref="x", environment="npm")
    assert other.publish("@acme/demo", "1.1.0").status_code == 200
    assert other.stage("@acme/demo", "1.2.0").status_code == 403


def test_its_token_is_for_one_package_and_a_short_time(registry, clock, nobody, trusted):
    registry.seed("@acme/other", "1.0.0")
    workflow = exchanged(registry, nobody, trusted)
    assert workflow.stage("@acme/other", "1.1.0").status_code == 403
    clock.advance(registry.settings.oidc_token_lifetime)
    assert workflow.stage("@acme/demo", "1.1.0").status_code == 401


def test_it_cannot_read_a_restricted_package(registry, nobody, trusted):
    registry.store.packages.set_access("@acme/demo", "private")
    assert exchanged(registry, nobody, trusted).get("@acme%2fdemo").status_code == 404


@pytest.mark.parametrize(
    "claims", [{"repository": "evil/demo"}, {"job_workflow_ref": "acme/demo/.github/workflows/ci.yml@main"}]
)
def test_another_workflow_is_not_trusted(registry, nobody, trusted, claims):
    assert exchange(nobody, registry.id_token(trusted, **{**REPOSITORY, **claims})).status_code == 404


def test_a_package_without_a_rule_or_without_existence_is_not_found(registry, nobody, issuer):
    id_token = registry.id_token(issuer, **REPOSITORY)
    assert exchange(nobody, id_token).status_code == 404
    assert exchange(nobody, id_token, "@acme/never").status_code == 404


def test_an_id_token_that_is_not_good_is_a_401(registry, clock, nobody, trusted):
    now = registry.settings.now()
    stranger = Issuer.generate(trusted.url)
    nobody_knows = Issuer.generate("https://issuer.example")
    unsigned = jwt.encode(
        {"iss": trusted.url, "aud": "npm:127.0.0.1", "iat": now, "exp": now + 60}, "", algorithm="none"
    )
    tokens = {
        "none": None,
        "no JWT": "x.y.z",
        "signed by another key": registry.id_token(stranger, **REPOSITORY),
        "of another issuer": registry.id_token(nobody_knows, **REPOSITORY),
        "unsigned": unsigned,
        "for another registry": trusted.mint(audience="npm:registry.example", issued_at=now, **REPOSITORY),
        "over": trusted.mint(audience="npm:127.0.0.1", issued_at=now - 1000, **REPOSITORY),
        "from the future": trusted.mint(audience="npm:127.0.0.1", issued_at=now + 1000, **REPOSITORY),
    }
    assert {what: exchange(nobody, token).status_code for what, token in tokens.items()} == dict.fromkeys(tokens, 401)


@pytest.mark.e2e
def test_npm_exchanges_its_id_token_and_stages(registry, trusted, npm, tmp_path):
    npm.login(registry, None)
    npm.env = {"GITHUB_ACTIONS": "true", "CI": "true", "NPM_ID_TOKEN": registry.id_token(trusted, **REPOSITORY)}
    folder = package(tmp_path / "demo", "@acme/demo", "1.1.0")
    staged = json.loads(npm.ok("stage", "publish", "--json", cwd=folder))["@acme/demo"]
    assert staged["stageId"] == registry.stages()[0].id
    assert registry.stages()[0].actor_type == "trusted automation"
    assert ("oidc.exchange", 201) in [(entry.route, entry.status) for entry in registry.requests]
    assert "NPM_ID_TOKEN" not in os.environ
