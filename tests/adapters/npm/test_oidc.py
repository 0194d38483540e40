"""Identities of CI: who hands them out, what they are exchanged for, and when they are asked for again."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import Answer, Server
from tests.fakes import FakeClock
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.identity import can_identify, signs_provenance
from vis_tasks.adapters.npm.oidc import TrustedPublisher
from vis_tasks.ports import Unknown, Unreadable

if TYPE_CHECKING:
    from vis_tasks.adapters.npm.session import NpmSession


def session() -> NpmSession:
    return NpmConfig("11.19.1", Path.cwd(), {}).session("http://localhost/")


def jwt(**claims: Any) -> str:
    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.signature"


_GITHUB = {
    "GITHUB_ACTIONS": "true",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x/?a=1",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
}


@pytest.mark.parametrize(
    ("env", "can", "signs"),
    [
        ({}, False, False),
        ({"NPM_ID_TOKEN": "x"}, False, False),
        ({"GITHUB_ACTIONS": "true"}, False, False),
        (_GITHUB, True, True),
        ({"GITHUB_ACTIONS": "true", "NPM_ID_TOKEN": jwt(repository_visibility="public")}, True, True),
        ({"GITHUB_ACTIONS": "true", "NPM_ID_TOKEN": jwt(repository_visibility="private")}, True, False),
        ({"GITLAB_CI": "true", "NPM_ID_TOKEN": jwt(project_visibility="public")}, True, False),
        ({"GITLAB_CI": "true", "NPM_ID_TOKEN": jwt(project_visibility="public"), "SIGSTORE_ID_TOKEN": "y"}, True, True),
        (
            {"GITLAB_CI": "true", "NPM_ID_TOKEN": jwt(project_visibility="internal"), "SIGSTORE_ID_TOKEN": "y"},
            True,
            False,
        ),
        ({"CIRCLECI": "true", "NPM_ID_TOKEN": jwt()}, True, False),
    ],
)
def test_what_an_environment_can_do_is_what_npm_would_make_of_it(env, can, signs):
    assert (can_identify(env), signs_provenance(env)) == (can, signs)


@pytest.fixture
def server():
    with Server() as server:
        server.routes["POST /-/npm/v1/oidc/token/exchange/package/@acme%2Fa"] = Answer(
            201, {"token": "npm_exchangedexchanged", "expires": "2026-11-21T13:00:00.000Z"}
        )
        yield server


def on_github(server: Server, clock: FakeClock, **env: str) -> TrustedPublisher:
    exp = datetime(2026, 11, 21, 12, 10, tzinfo=UTC).timestamp()
    server.routes.setdefault("GET /token", Answer(200, {"value": jwt(exp=exp)}))
    full = {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{server.url}token?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-secret",
    }
    return TrustedPublisher(f"{server.url}npm/", full | env, clock)


def test_github_is_asked_for_the_audience_of_the_registrys_host(server):
    publisher = on_github(server, FakeClock())
    assert publisher.token(session(), "@acme/a") == "npm_exchangedexchanged"
    first, second = server.requests
    assert first.path == "/token?api-version=2&audience=npm%3A127.0.0.1"
    assert first.headers["Authorization"] == "Bearer request-secret"
    assert second.headers["Authorization"].startswith("Bearer eyJ"), "the exchange carries the identity"


def test_a_token_is_kept_until_a_minute_before_it_expires(server):
    clock = FakeClock()
    publisher, opened = on_github(server, clock), session()
    for _ in range(3):
        publisher.token(opened, "@acme/a")
    assert len(server.requests) == 2
    clock.advance(59.5 * 60)
    publisher.token(opened, "@acme/a")
    assert len(server.requests) == 4, "both have expired by then"


def test_one_identity_serves_many_packages(server):
    server.routes["POST /-/npm/v1/oidc/token/exchange/package/b"] = Answer(201, {"token": "npm_other", "expires": "x"})
    publisher, opened = on_github(server, FakeClock()), session()
    publisher.token(opened, "@acme/a")
    publisher.token(opened, "b")
    assert sum(request.method == "GET" for request in server.requests) == 1
    publisher.token(opened, "b")
    assert len(server.requests) == 4, "a token whose end can't be read is used once"


def test_a_refused_token_is_exchanged_anew(server):
    publisher, opened = on_github(server, FakeClock()), session()
    publisher.token(opened, "@acme/a")
    publisher.forget("@acme/a")
    publisher.token(opened, "@acme/a")
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(503, {"error": "down"}), Unknown),
        (Answer(429, {"error": "slow"}), Unknown),
        (Answer(hang_up=True), Unknown),
        (Answer(200, raw=b"<html>", content_type="text/html"), Unknown),
        (Answer(403, {"message": "no"}), Unreadable),
        (Answer(200, {"value": ""}), Unreadable),
    ],
)
def test_trouble_at_the_provider_is_told_from_a_no(server, answer, kind):
    server.routes["GET /token"] = answer
    assert isinstance(on_github(server, FakeClock()).token(session(), "@acme/a"), kind)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(500, {"error": "down"}), Unknown),
        (Answer(hang_up=True), Unknown),
        (Answer(404, {"message": "package not found"}), Unreadable),
        (Answer(401, {"message": "unauthorized"}), Unreadable),
        (Answer(201, {"token": ""}), Unreadable),
    ],
)
def test_trouble_at_the_exchange_is_told_from_a_no(server, answer, kind):
    server.routes["POST /-/npm/v1/oidc/token/exchange/package/@acme%2Fa"] = answer
    assert isinstance(on_github(server, FakeClock()).token(session(), "@acme/a"), kind)
