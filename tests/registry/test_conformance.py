"""schemathesis over npm's API description: no 5xx, no status or shape the description doesn't have, whatever is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from tests.registry.builders import Client
from vis_tasks.registry.run import TrustRule, start_registry

pytestmark = pytest.mark.slow

DESCRIPTION = yaml.safe_load((Path(__file__).parent / "npm-api.yaml").read_text(encoding="utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
OPERATIONS: dict[str, Any] = {operation.ok().label: operation.ok() for operation in SCHEMA.get_all_operations()}  # type: ignore[union-attr]  # an invalid schema fails here
NOTHING_TO_GET_WRONG = {
    label for label in OPERATIONS if "oidc" in label or label.endswith("/status")
}  # any text is a name
ASKED = [
    (label, mode)
    for label in OPERATIONS
    for mode in schemathesis.GenerationMode
    if mode is schemathesis.GenerationMode.POSITIVE or label not in NOTHING_TO_GET_WRONG
]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A registry with something in every state."""
    with start_registry(tmp_path_factory.mktemp("registry")) as registry:
        registry.add_user("alice")
        registry.seed("demo", "1.0.0")
        yield registry


@pytest.mark.parametrize("who", ["alice", "read-only", "nobody"])
@pytest.mark.parametrize(("label", "mode"), ASKED, ids=str)
def test_every_answer_is_one_the_description_has(busy, label, mode, who):
    token = {
        "alice": busy.token("alice", "session"),
        "read-only": busy.token("alice", "read-only"),
        "nobody": "npm_none",
    }[who]

    @settings(
        max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def ask(case):
        headers = {"authorization": f"Bearer {token}", "npm-otp": busy.otp("alice")}
        case.call_and_validate(base_url=busy.url, headers=headers, checks=CHECKS, timeout=10)

    ask()


def test_what_goes_well_has_the_described_shape_too(busy):
    client = Client(busy, busy.token("alice"))
    issuer = busy.add_issuer()
    busy.trust(TrustRule("demo", issuer.url, {"repository": "acme/demo"}))
    exchange = "-/npm/v1/oidc/token/exchange/package/demo"
    bearer = {"authorization": f"Bearer {busy.id_token(issuer, repository='acme/demo')}"}
    with client.session:
        staged, other = client.stage("demo", "7.0.0"), client.staged("demo", "7.1.0")
        stage_id = staged.json()["stageId"]
        answers = {
            "POST /-/stage/package/{package-name}": staged,
            "GET /-/stage": client.get("-/stage"),
            "GET /-/stage/{stage-id}": client.get(f"-/stage/{stage_id}"),
            "GET /-/stage/{stage-id}/tarball": client.get(f"-/stage/{stage_id}/tarball"),
            "GET /-/package/{escapedPackageName}/version/{version}/status": client.get(
                "-/package/demo/version/7.0.0/status"
            ),
            "POST /-/stage/{stage-id}/approve": client.approve(stage_id, otp=busy.otp("alice")),
            "DELETE /-/stage/{stage-id}": client.reject(other, otp=busy.otp("alice")),
            "PUT /{escapedPackageName}": client.publish("demo", "8.0.0", otp=busy.otp("alice")),
            "POST /-/npm/v1/oidc/token/exchange/package/{package_name}": client.ask("POST", exchange, headers=bearer),
        }
    assert set(answers) == set(OPERATIONS)
    assert all(answer.ok for answer in answers.values())
    for label, answer in answers.items():
        OPERATIONS[label].validate_response(answer)
