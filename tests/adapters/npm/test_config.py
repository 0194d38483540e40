"""Our reader and the real npm are asked side by side: both must send the same credentials to the same server."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.adapters.npm.support import Answer, NpmHome, Server
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.adapters.redact import redact
from vis_tasks.errors import Failed, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.e2e

BASIC = base64.b64encode(b"me:pass:word").decode()
PASSWORD = base64.b64encode(b"pass:word").decode()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server({"GET /-/ping": Answer(200, {}), "GET /deep/er/-/ping": Answer(200, {})}) as server:
        yield server


@pytest.fixture
def home(tmp_path) -> NpmHome:
    return NpmHome(tmp_path)


def load(home: NpmHome, **options) -> NpmConfig:
    return NpmConfig.load(home.runner(), home.root, home.env, **options)


def ours(config: NpmConfig, server: Server) -> str | None:
    url = config.registry.rstrip("/") + "/-/ping"
    auth = config.auth_for(url)
    headers = {"Authorization": auth.header} if auth.header else {}
    with config.session(config.registry).send("GET", url, headers=headers, timeout=(10, 10)) as response:
        assert response.status == 200
    return server.requests[-1].headers.get("Authorization")


def npms(home: NpmHome, config: NpmConfig, server: Server) -> str | None:
    home.runner().run(["npm", "ping"], cwd=home.root, env=config.child_env())
    seen = {name.lower(): value for name, value in server.requests[-1].headers.items()}
    assert seen["user-agent"].startswith("npm/")
    return seen.get("authorization")


@dataclass(frozen=True)
class Way:
    """One way to give npm credentials; ``{host}`` stands for the server."""

    name: str
    expected: str | None
    setup: Callable[[NpmHome, str], None]
    path: str = ""


def project(*lines: str) -> Callable[[NpmHome, str], None]:
    def write(home: NpmHome, host: str) -> None:
        home.project_npmrc.write_text("\n".join(lines).replace("{host}", host) + "\n")

    return write


def user(*lines: str) -> Callable[[NpmHome, str], None]:
    def write(home: NpmHome, host: str) -> None:
        home.user_npmrc.write_text("\n".join(lines).replace("{host}", host) + "\n")

    return write


def globally(*lines: str) -> Callable[[NpmHome, str], None]:
    def write(home: NpmHome, host: str) -> None:
        home.global_npmrc.write_text("\n".join(lines).replace("{host}", host) + "\n")

    return write


def env(**values: str) -> Callable[[NpmHome, str], None]:
    def put(home: NpmHome, host: str) -> None:
        home.env.update({name.replace("__host__", host): value for name, value in values.items()})

    return put


def both(*setups: Callable[[NpmHome, str], None]) -> Callable[[NpmHome, str], None]:
    def run(home: NpmHome, host: str) -> None:
        for setup in setups:
            setup(home, host)

    return run


WAYS = [
    Way("nothing", None, project("")),
    Way("token in the project", "Bearer t1", project("//{host}/:_authToken=t1")),
    Way("token of the user", "Bearer t2", user("//{host}/:_authToken=t2")),
    Way("token for the machine", "Bearer t3", globally("//{host}/:_authToken=t3")),
    Way(
        "the project goes before the user",
        "Bearer near",
        both(project("//{host}/:_authToken=near"), user("//{host}/:_authToken=far")),
    ),
    Way(
        "the user goes before the machine",
        "Bearer near",
        both(user("//{host}/:_authToken=near"), globally("//{host}/:_authToken=far")),
    ),
    Way(
        "the environment goes before the project",
        "Bearer env",
        both(project("//{host}/:_authToken=file"), env(**{"npm_config_//__host__/:_authToken": "env"})),
    ),
    Way("a variable", "Bearer from-env", both(project("//{host}/:_authToken=${MY_TOKEN}"), env(MY_TOKEN="from-env"))),
    Way("an optional variable that is not set", None, project("//{host}/:_authToken=${MY_TOKEN?}")),
    Way("a variable that is not set", "Bearer ${MY_TOKEN}", project("//{host}/:_authToken=${MY_TOKEN}")),
    Way("a form that npm does not know", "Bearer ${A-b}", project("//{host}/:_authToken=${A-b}")),
    Way("_auth", f"Basic {BASIC}", project("//{host}/:_auth=" + BASIC)),
    Way("user and password", f"Basic {BASIC}", project("//{host}/:username=me", "//{host}/:_password=" + PASSWORD)),
    Way("a token that needs quotes", "Bearer a;b#c", project('//{host}/:_authToken="a;b#c"')),
    Way("NPM_TOKEN alone", "Bearer from-ci", env(NPM_TOKEN="from-ci")),
    Way(
        "NPM_TOKEN beside a configured token",
        "Bearer file",
        both(project("//{host}/:_authToken=file"), env(NPM_TOKEN="from-ci")),
    ),
    Way(
        "NPM_TOKEN beside a variable that is not set",
        "Bearer from-ci",
        both(project("//{host}/:_authToken=${NODE_AUTH_TOKEN}"), env(NPM_TOKEN="from-ci")),
    ),
    Way("a token of the very path", "Bearer path", project("//{host}/deep/er/:_authToken=path"), "deep/er/"),
    Way("a token of a path above", "Bearer above", project("//{host}/deep/:_authToken=above"), "deep/er/"),
    Way(
        "the nearest path wins",
        "Bearer near",
        project("//{host}/:_authToken=far", "//{host}/deep/er/:_authToken=near"),
        "deep/er/",
    ),
    Way("a token of another host", None, project("//localhost:1/:_authToken=other")),
    Way("a key with a variable in it", "Bearer k", both(project("//${WHERE}/:_authToken=k"), env(WHERE="__set__"))),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_we_send_what_npm_sends(way, home, server):
    way.setup(home, server.host)
    if home.env.get("WHERE"):
        home.env["WHERE"] = server.host
    home.env["npm_config_registry"] = server.url + way.path
    config = load(home)
    assert ours(config, server) == way.expected
    assert npms(home, config, server) == way.expected


def test_npm_token_reaches_npm_without_a_file_or_an_argument(home, server):
    home.with_env(npm_config_registry=server.url, NPM_TOKEN="npm-token-of-ci")
    config = load(home)
    assert config.child_env() == {f"npm_config_//{server.host}/:_authToken": "npm-token-of-ci"}
    assert not home.user_npmrc.exists()
    assert not home.project_npmrc.exists()


def test_npm_token_is_for_the_registry_alone(home, server):
    home.project_npmrc.write_text("@acme:registry=http://localhost:1/\n")
    home.with_env(npm_config_registry=server.url, NPM_TOKEN="npm-token-of-ci")
    config = load(home)
    assert not config.auth_for(config.registry_for("@acme/core")).present
    assert config.auth_for(config.registry_for("plain")).present


def test_a_scope_has_its_registry_and_its_token(home):
    home.project_npmrc.write_text(
        "registry=http://localhost:1/\n@acme:registry=http://localhost:2/npm/\n"
        "//localhost:1/:_authToken=one\n//localhost:2/npm/:_authToken=two\n"
    )
    config = load(home)
    assert config.registry_for("@acme/core") == "http://localhost:2/npm/"
    assert config.registry_for("@other/core") == "http://localhost:1/"
    assert config.auth_for("http://localhost:2/npm/-/stage").header == "Bearer two"
    assert config.auth_for("http://localhost:1/-/stage").header == "Bearer one"


def test_publish_config_goes_behind_the_scope_and_before_the_default(home):
    home.project_npmrc.write_text("registry=http://localhost:1/\n@acme:registry=http://localhost:2/\n")
    config = load(home)
    own = {"registry": "http://localhost:3/"}
    assert config.registry_for("plain", own) == "http://localhost:3/"
    assert config.registry_for("@acme/core", own) == "http://localhost:2/"
    assert config.registry_for("@acme/core", {"@acme:registry": "http://localhost:4/"}) == "http://localhost:4/"


def test_an_address_gets_its_closing_slash(home):
    home.project_npmrc.write_text("registry=http://localhost:1/npm\n@acme:registry=http://localhost:2/npm\n")
    config = load(home)
    assert config.registry_for("plain") == "http://localhost:1/npm/"
    assert config.registry_for("@acme/core") == "http://localhost:2/npm/"
    assert load(home, registry="http://localhost:9").registry_for("plain") == "http://localhost:9/"


def test_an_address_of_ours_goes_before_everything(home):
    home.project_npmrc.write_text("registry=http://localhost:1/\n@acme:registry=http://localhost:2/\n")
    config = load(home, registry="http://localhost:9/")
    assert config.registry == "http://localhost:9/"
    assert config.registry_for("@acme/core", {"registry": "http://localhost:3/"}) == "http://localhost:9/"


def test_a_setting_that_npm_hides_is_still_known(home):
    hidden = "http://localhost:1/8814c851-1732-4885-8bbf-9c3aab52da3f/"
    home.project_npmrc.write_text(f"registry={hidden}\n")
    assert load(home).registry == hidden


def test_a_member_of_a_workspace_takes_the_roots_npmrc(home):
    (home.root / "package.json").write_text('{"name": "root", "private": true, "workspaces": ["packages/*"]}')
    member = home.root / "packages" / "a"
    member.mkdir(parents=True)
    (member / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    (member / ".npmrc").write_text("//localhost:1/:_authToken=member\n")
    home.project_npmrc.write_text("registry=http://localhost:1/\n//localhost:1/:_authToken=root\n")
    config = NpmConfig.load(home.runner(), member, home.env)
    assert config.auth_for("http://localhost:1/").header == "Bearer root"


def test_the_version_of_npm_is_known(home):
    version = home.runner().run(["npm", "--version"], cwd=home.root).stdout.strip()
    assert load(home).npm_version == version


def test_one_process_is_enough(home):
    started: list[str] = []
    NpmConfig.load(SubprocessRunner(base_env=home.env, trace=started.append), home.root, home.env)
    assert len(started) == 1


def test_what_npm_will_stumble_over_is_named(home):
    home.project_npmrc.write_text("_auth=Zm9vOmJhcg==\n//localhost:1/:_authToken=${NODE_AUTH_TOKEN}\n")
    first, second = load(home).problems()
    assert f"{home.project_npmrc}: npm refuses `_auth`" in first
    assert "NODE_AUTH_TOKEN" in second
    assert "Zm9v" not in first


def test_secrets_that_were_read_are_masked_from_then_on(home):
    home.project_npmrc.write_text("registry=http://localhost:1/\n//localhost:1/:_authToken=very-private-thing\n")
    config = load(home)
    assert redact("got very-private-thing") == "got ***"
    assert "very-private" not in repr(config)


def test_a_missing_npm_is_said_so(home):
    with pytest.raises(Failed, match="no-npm: program not found"):
        load(home, npm=("no-npm",))


def test_npms_own_words_are_shown_when_it_cannot_read_its_configuration(home):
    broken = home.root / "broken-npm"
    broken.write_text("#!/bin/sh\necho 'npm error bad config' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(Refused, match="npm error bad config") as caught:
        load(home, npm=(str(broken),))
    assert caught.value.code == "NPM_CONFIG"
