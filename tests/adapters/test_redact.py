import base64

import pytest

from vis_tasks.adapters.redact import looks_secret, redact, register_secret

TOKEN = "npm_" + "aB3" * 12


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"token {TOKEN} here", TOKEN),
        ("//localhost/:_authToken=abc-def-123", "abc-def-123"),
        ('"//localhost/:_authToken": "abc-def-123"', "abc-def-123"),
        ("_auth = dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("_password=c2VjcmV0", "c2VjcmV0"),
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("npm stage approve x --otp=123456", "123456"),
        ("npm stage approve x --otp 123456", "123456"),
        ("npm_config_otp=123456", "123456"),
        ("https://user:pa55word@localhost/x", "pa55word"),
        ("https://x-access-token@localhost/x", "x-access-token"),
        ("ssh://me:pa55word@localhost/x", "pa55word"),
        ("ghp_" + "a1" * 18, "a1a1"),
        ("github_pat_" + "a1" * 18, "a1a1"),
        ("glpat-" + "a1" * 10, "a1a1"),
        ("eyJhbGciOiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ],
)
def test_it_hides(text, hidden):
    assert hidden not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "npm_config_registry=http://127.0.0.1:4873/",
        "ssh://git@localhost/repo.git",
        "git@localhost:repo.git",
        "www-authenticate: Basic realm=x",
        "Bearer",
        "@acme/core@1.2.3 http://localhost/@acme/core",
        "the author's token was refused",
    ],
)
def test_it_leaves_alone(text):
    assert redact(text) == text


def test_registered_values_are_hidden_in_every_form():
    secret = "correct horse/battery"
    register_secret(secret)
    encoded = base64.b64encode(secret.encode()).decode()
    text = redact(f"{secret} {encoded} correct%20horse%2Fbattery")
    assert text == "*** *** ***"


def test_short_values_and_none_are_not_registered():
    register_secret("a")
    register_secret(None)
    assert redact("a banana") == "a banana"


def test_masking_twice_changes_nothing():
    once = redact(f"//localhost/:_authToken={TOKEN} --otp=123456 https://a:b@localhost/")
    assert redact(once) == once


def test_secret_names():
    assert all(map(looks_secret, ["NPM_TOKEN", "npm_config_otp", "npm_config_//localhost/:_authToken", "DB_PASSWORD"]))
    assert not any(map(looks_secret, ["PATH", "npm_config_registry", "HOME", "GIT_AUTHOR_NAME"]))
