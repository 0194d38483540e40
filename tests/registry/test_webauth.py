"""The web flows: a client gets two addresses, a browser completes the first, the client's second then answers."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import threading

import pytest

from tests.registry.builders import Client, package
from tests.registry.test_web import post

WEB = {"npm-auth-type": "web", "npm-command": "stage"}


def path(registry, url):
    assert url.startswith(registry.url)
    return url.removeprefix(registry.url)


def test_a_decision_without_a_code_offers_the_web_flow_and_takes_what_it_brings(registry, alice, nobody):
    stage_id = alice.staged()
    refused = alice.approve(stage_id, headers=WEB)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "OTP")
    auth, done = path(registry, refused.json()["authUrl"]), path(registry, refused.json()["doneUrl"])

    waiting = alice.get(done)
    assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "1")
    assert "alice" in nobody.get(auth).text
    assert post(nobody, auth, code="000000").status_code == 401
    assert alice.get(done).status_code == 202
    assert "Done." in post(nobody, auth, code=registry.otp("alice")).text

    code = alice.get(done).json()["token"]
    assert alice.get(done).status_code == 404
    assert alice.approve(stage_id, otp=code).status_code == 201
    assert alice.approve(alice.staged("demo", "1.1.0"), otp=code).status_code == 401


def test_a_pass_is_good_for_its_user_only(registry, alice, bob, nobody):
    registry.seed("demo", "1.0.0", maintainers=("alice", "bob"))
    stage_id = alice.staged("demo", "1.1.0")
    addresses = alice.approve(stage_id, headers=WEB).json()
    post(nobody, path(registry, addresses["authUrl"]), code=registry.otp("alice"))
    code = alice.get(path(registry, addresses["doneUrl"])).json()["token"]
    assert bob.approve(stage_id, otp=code).status_code == 401


@pytest.mark.parametrize("headers", [{"npm-auth-type": "legacy", "npm-command": "stage"}, {"npm-auth-type": "web"}, {}])
def test_a_client_that_cannot_do_the_web_flow_is_asked_for_a_code(alice, headers):
    answer = alice.approve(alice.staged(), headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "OTP")
    assert "authUrl" not in answer.json()


def test_a_web_login_ends_in_a_session_token(registry, nobody):
    registry.add_user("greta", "words")
    addresses = nobody.ask("POST", "-/v1/login", json={}).json()
    login, done = path(registry, addresses["loginUrl"]), path(registry, addresses["doneUrl"])
    assert nobody.get(done).status_code == 202
    assert post(nobody, login, name="greta", password="wrong", code=registry.otp("greta")).status_code == 401
    assert nobody.get(done).status_code == 202
    assert post(nobody, login, name="greta", password="words", code=registry.otp("greta")).status_code == 200
    token = nobody.get(done).json()["token"]
    assert Client(registry, token, nobody.session).get("-/whoami").json() == {"username": "greta"}


def test_a_web_flow_nobody_finishes_is_over_after_a_while(registry, clock, alice, nobody):
    addresses = alice.approve(alice.staged(), headers=WEB).json()
    clock.advance(registry.settings.web_auth_lifetime + 1)
    assert nobody.get(path(registry, addresses["authUrl"])).status_code == 404
    assert alice.get(path(registry, addresses["doneUrl"])).status_code == 404
    assert alice.get("-/v1/done?authId=nonsense").status_code == 404


def on_a_terminal(npm, *argv, cwd, answer):
    """Run npm on a pseudo-terminal; ``answer`` gets everything printed so far until it says it is done."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*npm.program, *argv], cwd=cwd, env=npm.environment(), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    killer = threading.Timer(60, process.kill)
    killer.start()
    seen, answered = "", False
    try:
        while True:
            try:
                chunk = os.read(ours, 4096)
            except OSError:
                break
            if not chunk:
                break
            seen += chunk.decode("utf-8", "replace")
            answered = answered or bool(answer(seen))
    finally:
        killer.cancel()
        os.close(ours)
    return process.wait(), seen


@pytest.mark.e2e
def test_npm_on_a_terminal_logs_in_and_approves_through_the_browser(registry, npm, nobody, tmp_path):
    registry.add_user("greta", "words")
    npm.login(registry, None)
    folder = package(tmp_path / "demo")

    def complete(**form):
        def browse(seen):
            found = re.search(r"http://127\.0\.0\.1:\d+/(-/auth/cli/[0-9a-f-]{36})", seen)
            return found and post(nobody, found.group(1), code=registry.otp("greta"), **form).status_code == 200

        return browse

    code, seen = on_a_terminal(npm, "login", cwd=folder, answer=complete(name="greta", password="words"))
    assert code == 0, seen
    assert npm.ok("whoami", cwd=folder).strip() == "greta"
    npm.ok("stage", "publish", cwd=folder)
    code, seen = on_a_terminal(npm, "stage", "approve", registry.stages()[0].id, cwd=folder, answer=complete())
    assert code == 0, seen
    assert "1.0.0" in registry.versions("demo")
