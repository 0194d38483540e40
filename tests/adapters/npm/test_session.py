"""TLS, proxies and manners of the sessions, over real sockets."""

from __future__ import annotations

import base64
import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.authority import Authority, make_authority
from tests.adapters.npm.support import Answer, Server
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.session import proxy_for
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.adapters.npm.session import NpmSession


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls"))


def config(root: Path, env: Any = None, **values: Any) -> NpmConfig:
    return NpmConfig("11.19.1", root, values, (("test", values),), env or {})


@pytest.fixture
def secure(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.cert, authority.key)
    with Server({"GET /": Answer(200, {})}).tls(context) as server:
        yield server


@pytest.fixture
def mutual(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.cert, authority.key)
    context.load_verify_locations(authority.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    with Server({"GET /": Answer(200, {})}).tls(context) as server:
        yield server


def get(session: NpmSession, server: Server) -> int:
    with session.send("GET", server.url, headers={}, timeout=(10, 10)) as response:
        return response.status


def test_http_1_1_is_agreed_upon(tmp_path, authority):
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(authority.cert, authority.key)
    offered.set_alpn_protocols(["h2", "http/1.1"])
    with Server({"GET /": Answer(200, {})}).tls(offered) as server:
        session = config(tmp_path, cafile=str(authority.ca)).session()
        with session.send("GET", server.url, headers={}, timeout=(10, 10)) as response:
            list(response.pieces)
        (connection,) = next(iter(session._wire._idle.values()))
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.selected_alpn_protocol() == "http/1.1"


def test_an_unknown_authority_is_not_trusted(tmp_path, secure):
    with pytest.raises(ssl.SSLError):
        get(config(tmp_path).session(), secure)


def test_cafile_is_trusted(tmp_path, secure, authority):
    assert get(config(tmp_path, cafile=str(authority.ca)).session(), secure) == 200


def test_ca_is_trusted_as_a_text_and_as_a_list(tmp_path, secure, authority):
    text = authority.ca.read_text()
    assert get(config(tmp_path, ca=text).session(), secure) == 200
    assert get(config(tmp_path, ca=[text]).session(), secure) == 200


def test_a_configured_authority_replaces_the_others(tmp_path, secure, authority):
    session = config(tmp_path, cafile=str(authority.ca)).session()
    assert get(session, secure) == 200
    assert len(session._context().get_ca_certs()) == 1


def test_extra_certificates_of_node_are_added(tmp_path, secure, authority):
    env = {"NODE_EXTRA_CA_CERTS": str(authority.ca)}
    session = config(tmp_path, env).session()
    assert get(session, secure) == 200
    assert len(session._context().get_ca_certs()) > 1


def test_strict_ssl_can_be_switched_off(tmp_path, secure):
    assert get(config(tmp_path, **{"strict-ssl": False}).session(), secure) == 200


def test_a_client_certificate_is_shown_to_its_registry(tmp_path, mutual, authority):
    (tmp_path / "c.pem").write_bytes(authority.cert.read_bytes())
    values = {
        "cafile": str(authority.ca),
        f"//{mutual.host}/:certfile": "c.pem",
        f"//{mutual.host}/:keyfile": str(authority.key),
    }
    assert get(config(tmp_path, **values).session(mutual.url), mutual) == 200


def test_a_client_certificate_is_not_shown_elsewhere(tmp_path, mutual, authority):
    values = {
        "cafile": str(authority.ca),
        "//localhost:1/:certfile": str(authority.cert),
        "//localhost:1/:keyfile": str(authority.key),
    }
    with pytest.raises((ssl.SSLError, ConnectionError)):
        get(config(tmp_path, **values).session(mutual.url), mutual)


@pytest.mark.parametrize("broken", [{"ca": "not a certificate"}, {"//h/:certfile": "gone", "//h/:keyfile": "gone"}])
def test_a_certificate_that_cannot_be_loaded_is_refused(tmp_path, broken):
    with pytest.raises(Refused) as caught:
        config(tmp_path, **broken).session("https://h/")
    assert caught.value.code == "NPM_CONFIG"


def test_requests_go_through_the_configured_proxy(tmp_path):
    with Server() as proxy:
        proxy.routes["GET http://registry.test/-/ping"] = Answer(200, {"via": "proxy"})
        session = config(tmp_path, proxy=proxy.url).session()
        with session.send("GET", "http://registry.test/-/ping", headers={}, timeout=(10, 10)) as response:
            assert json.loads(b"".join(response.pieces)) == {"via": "proxy"}


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxys_credentials_stand_in_its_address(tmp_path, scheme):
    with Server() as proxy:
        proxy.routes["GET http://registry.test/"] = Answer(200, {})
        session = config(tmp_path, proxy=f"{scheme}me:p%40ss@{proxy.host}").session()
        with session.send("GET", "http://registry.test/", headers={}, timeout=(10, 10)) as response:
            assert response.status == 200
        sent = {name.lower(): value for name, value in proxy.requests[-1].headers.items()}
    assert sent["proxy-authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()


def test_noproxy_goes_past_the_proxy(tmp_path):
    with Server() as proxy, Server({"GET /": Answer(200, {})}) as server:
        assert get(config(tmp_path, proxy=proxy.url, noproxy=["localhost", "127.0.0.1"]).session(), server) == 200
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("url", "configured", "no_proxy", "env", "expected"),
    [
        ("https://a.b.c/", None, "", {}, None),
        ("https://a.b.c/", "http://p/", "", {}, "http://p/"),
        ("https://a.b.c/", "http://p/", "", {"HTTPS_PROXY": "http://e/"}, "http://p/"),
        ("https://a.b.c/", None, "", {"HTTPS_PROXY": "http://e/"}, "http://e/"),
        ("https://a.b.c/", None, "", {"HTTP_PROXY": "http://e/"}, None),
        ("http://a.b.c/", None, "", {"http_proxy": "http://e/"}, "http://e/"),
        ("http://a.b.c/", "http://p/", "b.c", {}, None),
        ("http://a.b.c/", "http://p/", ".c, x.y", {}, None),
        ("http://a.b.c/", "http://p/", "a.b", {}, "http://p/"),
        ("http://ab.c/", "http://p/", "b.c", {}, "http://p/"),
        ("http://a.b.c/", "http://p/", "", {"NO_PROXY": "c"}, None),
        ("http://a.b.c/", "http://p/", "other", {"NO_PROXY": "c"}, "http://p/"),
    ],
)
def test_the_proxy_for_an_address(url, configured, no_proxy, env, expected):
    assert proxy_for(url, configured=configured, no_proxy=no_proxy, env=env) == expected


def test_sessions_say_who_they_are(tmp_path):
    with Server({"GET /": Answer(200, {})}) as server:
        get(config(tmp_path, **{"user-agent": "npm/{npm-version} {ci}"}).session(), server)
        get(config(tmp_path, **{"user-agent": "acme release"}).session(), server)
    first, second = (request.headers["User-Agent"] for request in server.requests)
    assert first.startswith("vis-tasks/")
    assert first.endswith("npm/11.19.1")
    assert second == "acme release"


def test_sessions_keep_no_cookies_and_read_no_netrc(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Server({"GET /": Answer(200, {}, headers={"Set-Cookie": "a=b"})}) as server:
        session = config(tmp_path).session()
        get(session, server)
        get(session, server)
    assert "Cookie" not in server.requests[1].headers
    assert "Authorization" not in server.requests[1].headers
