import base64

import pytest

from vis_tasks.adapters.npm.auth import Auth, credentials_in, find_auth, host_of, nerf_dart, without_credentials


def found(url: str, values: dict[str, str]) -> Auth:
    """What npm would send to an address."""
    return find_auth(url, credentials_in(values))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Host.Example/", "//host.example/"),
        ("http://host:80/", "//host/"),
        ("https://host:443/a/b/", "//host/a/b/"),
        ("https://host:8443/a/b", "//host:8443/a/"),
        ("http://user:pass@host", "//host/"),
        ("http://[::1]:4873/", "//[::1]:4873/"),
    ],
)
def test_the_key_of_a_registry(url, expected):
    assert nerf_dart(url) == expected


def test_the_host_has_no_default_port():
    assert host_of("https://H:443/x") == "h"
    assert host_of("http://h:443/x") == "h:443"


def test_an_address_without_its_credentials():
    assert without_credentials("http://u:p@h:1/x?y=1") == "http://h:1/x/"


@pytest.mark.parametrize(
    "key", ["//h/a/b/:_authToken", "//h/a/b:_authToken", "//h/a/:_authToken", "//h/:_authToken", "//h:_authToken"]
)
def test_credentials_are_found_on_the_way_up(key):
    assert found("http://h/a/b/-/whoami", {key: "t"}).header == "Bearer t"


def test_the_nearest_credentials_win():
    values = {"//h/:_authToken": "far", "//h/a/:_auth": "bmVhcg=="}
    assert found("http://h/a/x", values).header == "Basic bmVhcg=="
    assert found("http://h/b/x", values).header == "Bearer far"


@pytest.mark.parametrize("key", ["//other/:_authToken", "//h:81/:_authToken", "//h/b/:_authToken", "_authToken"])
def test_credentials_of_another_place_are_not_sent(key):
    assert not found("http://h/a/", {key: "t"}).present


def test_a_token_goes_before_a_password():
    values = {
        "//h/:_authToken": "t",
        "//h/:_auth": "x",
        "//h/:username": "u",
        "//h/:_password": base64.b64encode(b"p").decode(),
    }
    assert found("http://h/", values).header == "Bearer t"


def test_user_and_password_become_basic():
    values = {"//h/:username": "u", "//h/:_password": base64.b64encode("pä".encode()).decode()}
    auth = found("http://h/", values)
    assert auth.header == "Basic " + base64.b64encode("u:pä".encode()).decode()
    assert auth.key == "//h/:username"


def test_half_a_pair_is_nothing():
    assert not found("http://h/", {"//h/:username": "u"}).present
    assert not found("http://h/", {"//h/:certfile": "c"}).present


def test_a_certificate_alone_counts():
    auth = found("http://h/", {"//h/:certfile": "c", "//h/:keyfile": "k"})
    assert (auth.present, auth.header, auth.client_cert) == (True, None, ("c", "k"))


def test_unset_variables_in_credentials_are_named():
    assert found("http://h/", {"//h/:_authToken": "${NPM_TOKEN}"}).unset == ("NPM_TOKEN",)


def test_nothing_secret_is_in_its_text_form():
    assert "hush" not in repr(found("http://h/", {"//h/:_authToken": "hush"}))
