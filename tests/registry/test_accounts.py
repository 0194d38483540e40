"""Logging in, tokens, codes."""

from __future__ import annotations

import base64

import pytest

from vis_tasks.errors import UsageError
from vis_tasks.registry.accounts import Accounts
from vis_tasks.registry.run import Problem


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_codes_are_those_of_the_rfc(seconds, code):
    """RFC 6238, appendix B, SHA-1, the last six digits."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert Accounts._code(secret, seconds // 30) == code


@pytest.mark.parametrize(("drift", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_is_good_one_step_before_and_after(registry, clock, drift, accepted):
    clock.advance(1000)
    code = registry.otp("alice")
    clock.advance(drift)
    assert registry.store.accounts.accepts_otp("alice", code) is accepted


def login(client, name, password, *, otp=None, **more):
    return client.ask(
        "PUT", f"-/user/org.couchdb.user:{name}", json={"name": name, "password": password, **more}, otp=otp
    )


def test_a_new_user_is_made_by_the_legacy_login_and_can_log_in_again(nobody, registry):
    made = login(nobody, "dora", "secret words", email="dora@example.org")
    again = login(nobody, "dora", "secret words")
    assert (made.status_code, again.status_code) == (201, 201)
    nobody.token = again.json()["token"]
    assert nobody.get("-/whoami").json() == {"username": "dora"}
    assert nobody.get("-/npm/v1/user").json()["tfa"] is False


def test_the_legacy_login_refuses_unknown_users_wrong_passwords_and_missing_codes(nobody, registry):
    registry.add_user("erin", "right")
    assert login(nobody, "zoe", "x").status_code == 400
    assert login(nobody, "erin", "wrong").status_code == 401
    assert login(nobody, "erin", "right").headers["www-authenticate"] == "OTP"
    assert login(nobody, "erin", "right", otp=registry.otp("erin")).status_code == 201
    assert login(nobody, "Not/A Name", "x", email="x@example.org").status_code in {400, 404}


def test_logging_out_ends_the_token(alice):
    assert alice.ask("DELETE", f"-/user/token/{alice.token}").status_code == 200
    assert alice.get("-/whoami").status_code == 401


def test_secrets_are_not_stored_and_not_shown(registry, alice, tmp_path):
    user = registry.add_user("frank")
    assert user.password not in repr(user)
    assert user.totp_secret not in repr(user)
    registry.store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = (tmp_path / "registry" / "registry.sqlite").read_bytes()
    assert alice.token.encode() not in stored
    assert user.password.encode() not in stored
    assert alice.token not in repr(registry.requests)


def test_the_log_knows_who_asked_what_with_which_token(registry, alice, client_with, nobody):
    alice.get("-/whoami", headers={"npm-command": "whoami"})
    client_with("read-only").get("-/stage?page=0")
    nobody.token = "npm_wrong"
    nobody.get("no/such/route")
    seen = [
        (entry.method, entry.route, entry.status, entry.token_kind, entry.user, entry.command)
        for entry in registry.requests
    ]
    assert seen == [
        ("GET", "whoami", 200, "session", "alice", "whoami"),
        ("GET", "stage.list", 200, "read-only", "alice", None),
        ("GET", "unknown", 404, "invalid", None, None),
    ]
    assert registry.requests[1].query == "page=0"
    registry.clear_requests()
    assert registry.requests == []


def test_mistakes_in_python_are_said_clearly(registry):
    with pytest.raises(UsageError, match="unknown kind of token 'root'"):
        registry.token("alice", "root")
    with pytest.raises(Problem, match="there is a user 'alice' already"):
        registry.add_user("alice")
    with pytest.raises(Problem, match="No staged package version"):
        registry.approve("nonsense")
