"""Our own uploads against the embedded registry, next to the real npm's."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import NpmHome, tgz
from tests.fakes import FakeClock
from vis_tasks.adapters.clock import SystemClock
from vis_tasks.adapters.npm.client import NpmClientStager
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.direct import DirectStager
from vis_tasks.adapters.npm.npmrc import file_layer
from vis_tasks.adapters.npm.tarball import read_tarball
from vis_tasks.ports import StageOutcome
from vis_tasks.registry.run import Fault, Registry, TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.ports import Tarball

pytestmark = pytest.mark.e2e

# What npm says of itself and of its own machine.
_OF_THE_CLIENT = {"_npmVersion", "_nodeVersion", "_resolved", "_from", "_integrity"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[Registry]:
    with start_registry(tmp_path_factory.mktemp("registry")) as registry:
        registry.add_user("alice")
        yield registry


@pytest.fixture
def home(registry: Registry, tmp_path) -> Iterator[NpmHome]:
    home = NpmHome(tmp_path)
    home.project_npmrc.write_text("\n".join(registry.npmrc_lines(registry.token("alice", bypass_2fa=True))) + "\n")
    yield home
    registry.faults.clear()
    registry.settings.scan_delay = 0


def direct(home: NpmHome, registry: Registry) -> DirectStager:
    """Over the settings npm would report, put together without asking it."""
    env = {name: value for name, value in home.env.items() if name.isupper()}
    values = {**file_layer(home.project_npmrc.read_text(), env), "registry": registry.url}
    values |= {"otp": home.env["npm_config_otp"]} if "npm_config_otp" in home.env else {}
    return DirectStager(NpmConfig("11.19.1", home.root, values, env=home.env), registry.url, SystemClock())


@pytest.mark.parametrize("length", [10, 16_384, 16_386, 100_000])
def test_a_readme_goes_along_whole_however_many_bytes_it_has(home, length):
    from vis_tasks.adapters.npm.direct import publish_packument

    text = "ä" * (length // 2)
    manifest = '{"name": "told", "version": "1.0.0"}'
    tarball = read_tarball(tgz(home.root / "told.tgz", {"package.json": manifest, "readme.md": text, "AUTHORS": "Bob"}))
    sent = publish_packument(tarball, "http://registry.test/", tag="latest", access=None)["versions"]["1.0.0"]
    assert (sent["readme"], sent["readmeFilename"], sent["contributors"]) == (text, "readme.md", [{"name": "Bob"}])


def rich_package(home: NpmHome, name: str, **manifest: Any) -> Tarball:
    """A package with something for each of npm's additions to a manifest."""
    full = {
        "name": name,
        "version": "1.1.0",
        "repository": "acme/tools",
        "author": "Ann <ann@example.org>",
        "bin": "cli.js",
        "main": "lib/index.js",
        "scripts": {"test": "node_modules/.bin/mocha"},
        "dependencies": {"left": "^1.0.0"},
        "bundledDependencies": [],
        "keywords": "a, b",
        **manifest,
    }
    files: dict[str, bytes | str] = {
        "package.json": json.dumps(full),
        "README.md": "# Tools\n\nWhat they do: ä ö ü ß 漢 \u2028.\n",
        "cli.js": "#!/usr/bin/env node\n",
        "lib/index.js": "module.exports = 1\n",
        "lib/index.d.ts": "export {}\n",
        "server.js": "x\n",
        "AUTHORS": "Bob <bob@example.org>\n",
        "data.bin": bytes(range(256)) * 2000,
    }
    return read_tarball(tgz(home.root / f"{name.replace('/', '-')}.tgz", files))


@pytest.mark.parametrize(
    ("name", "tag", "access", "more"),
    [
        ("plain", "latest", None, {}),
        ("@acme/scoped", "next", "public", {"version": "2.0.0-next.1"}),
        ("@acme/closed", "latest", "restricted", {"publishConfig": {"tag": "latest"}}),
        ("own-words", "latest", None, {"description": "Own.", "license": "MIT", "dist": {"extra": 1}}),
    ],
)
def test_what_lands_in_the_registry_is_what_npm_would_have_sent(registry, home, tmp_path, name, tag, access, more):
    tarball = rich_package(home, name, **more)
    registry.seed(name, "0.1.0", access="private" if access == "restricted" else "public")
    ours = direct(home, registry).stage(tarball, tag=tag, access=access)
    assert ours.outcome is StageOutcome.STAGED, ours
    mine = registry.stages()[0]
    assert mine.id == ours.stage_id
    registry.reject(mine.id)
    config = NpmConfig.load(home.runner(), home.root, home.env)
    npm = NpmClientStager(home.runner(), ("npm",), config, home.root, registry=registry.url)
    assert npm.stage(tarball, tag=tag, access=access).outcome is StageOutcome.STAGED
    theirs = registry.stages()[0]

    for field in ("name", "version", "tag", "access", "shasum", "integrity", "provenance", "actor", "actor_type"):
        assert getattr(mine, field) == getattr(theirs, field), field
    assert set(theirs.document) - set(mine.document) <= _OF_THE_CLIENT
    left, right = ({k: v for k, v in each.document.items() if k not in _OF_THE_CLIENT} for each in (mine, theirs))
    assert left == right


def test_plain_publishing_lands_the_same_as_npms(registry, home):
    tarballs = [rich_package(home, name) for name in ("pub-ours", "pub-npms")]
    for name in ("pub-ours", "pub-npms"):
        registry.seed(name, "0.1.0")
    config = NpmConfig.load(home.runner(), home.root, home.env)
    npm = NpmClientStager(home.runner(), ("npm",), config, home.root, registry=registry.url)
    assert direct(home, registry).publish(tarballs[0], tag="latest", access=None).outcome is StageOutcome.STAGED
    assert npm.publish(tarballs[1], tag="latest", access=None).outcome is StageOutcome.STAGED
    mine, theirs = registry.versions("pub-ours")["1.1.0"], registry.versions("pub-npms")["1.1.0"]
    text = json.dumps({k: v for k, v in mine.items() if k not in {*_OF_THE_CLIENT, "dist"}}).replace(
        "pub-ours", "pub-npms"
    )
    assert json.loads(text) == {k: v for k, v in theirs.items() if k not in {*_OF_THE_CLIENT, "dist"}}
    assert registry.tarball("pub-ours", "1.1.0") == tarballs[0].path.read_bytes()


def test_a_number_that_is_taken_is_told_apart_from_one_that_is_live(registry, home):
    registry.seed("taken", "1.0.0")
    engine, tarball = direct(home, registry), rich_package(home, "taken")
    assert engine.stage(tarball, tag="latest", access=None).outcome is StageOutcome.STAGED
    assert engine.stage(tarball, tag="latest", access=None).outcome is StageOutcome.ALREADY_STAGED
    registry.approve(registry.stages()[0].id)
    assert engine.publish(tarball, tag="latest", access=None).outcome is StageOutcome.ALREADY_LIVE


@pytest.mark.parametrize(
    ("fault", "landed"),
    [
        (Fault("stage.publish", reset="after"), True),
        (Fault("stage.publish", reset="before"), False),
        (Fault("stage.publish", status=503), False),
        (Fault("stage.publish", status=429, retry_after=3), False),
        (Fault("stage.publish", truncate=5), True),
        (Fault("stage.publish", content_type="text/html"), True),
    ],
)
def test_a_broken_answer_leaves_room_for_doubt(registry, home, fault, landed):
    name = f"doubt-{fault.reset}-{fault.status}-{fault.truncate}-{fault.content_type is not None}".lower().replace(
        "/", ""
    )
    registry.seed(name, "1.0.0")
    registry.faults.add(fault)
    ended = direct(home, registry).stage(rich_package(home, name), tag="latest", access=None)
    assert fault.hits == 1, "it is sent once"
    assert ended.outcome is StageOutcome.AMBIGUOUS
    assert ended.why
    assert bool([item for item in registry.stages() if item.name == name]) is landed


def test_a_registry_that_is_not_there_leaves_room_for_doubt(home):
    home.project_npmrc.write_text("registry=http://127.0.0.1:9/\n//127.0.0.1:9/:_authToken=npm_secretsecretsecret\n")
    config = NpmConfig.load(home.runner(), home.root, home.env)
    ended = DirectStager(config, "http://127.0.0.1:9/", FakeClock()).stage(
        rich_package(home, "x"), tag="latest", access=None
    )
    assert (ended.outcome, ended.code) == (StageOutcome.AMBIGUOUS, "connection refused")


def test_latest_never_moves_down_by_itself(registry, home):
    registry.seed("higher", "2.0.0")
    engine, tarball = direct(home, registry), rich_package(home, "higher")
    refused = engine.stage(tarball, tag="latest", access=None)
    assert refused.outcome is StageOutcome.REFUSED
    assert "2.0.0 is higher" in refused.why
    assert engine.stage(tarball, tag="maintenance", access=None).outcome is StageOutcome.STAGED


@pytest.mark.parametrize(
    ("more", "access", "code"),
    [
        ({"private": True}, None, "EPRIVATE"),
        ({}, "restricted", "EUNSCOPED"),
        ({"publishConfig": {"provenance": True}}, None, "EUSAGE"),
    ],
)
def test_what_npm_would_refuse_is_refused_before_anything_is_sent(registry, home, more, access, code):
    registry.clear_requests()
    refused = direct(home, registry).stage(rich_package(home, "refused", **more), tag="latest", access=access)
    assert (refused.outcome, refused.code) == (StageOutcome.REFUSED, code)
    assert registry.requests == []


def test_without_credentials_nothing_is_sent(registry, home):
    home.project_npmrc.write_text(f"registry={registry.url}\n")
    registry.clear_requests()
    refused = direct(home, registry).stage(rich_package(home, "nobody"), tag="latest", access=None)
    assert (refused.outcome, refused.code) == (StageOutcome.REFUSED, "ENEEDAUTH")
    assert registry.requests == []


def test_a_registry_that_wants_a_second_factor_refuses(registry, home):
    registry.add_user("carol", two_factor=True)
    registry.seed("second", "1.0.0", maintainers=("carol",))
    home.project_npmrc.write_text("\n".join(registry.npmrc_lines(registry.token("carol", "read-write"))) + "\n")
    tarball = rich_package(home, "second")
    refused = direct(home, registry).publish(tarball, tag="latest", access=None)
    assert refused.outcome is StageOutcome.REFUSED
    home.with_env(npm_config_otp=registry.otp("carol"))
    assert direct(home, registry).publish(tarball, tag="latest", access=None).outcome is StageOutcome.STAGED


@pytest.fixture
def workflow(registry, home) -> dict[str, str]:
    """Variables of a GitHub job that holds an id token for the packages ``oidc-…``."""
    issuer = registry.add_issuer()
    for name in ("oidc-one", "@acme/oidc-two"):
        if name not in {item.name for item in registry.stages()} and not registry.versions(name):
            registry.seed(name, "1.0.0")
        registry.trust(TrustRule(name, issuer.url, {"repository": "acme/tools"}))
    home.project_npmrc.write_text(f"registry={registry.url}\n")
    token = registry.id_token(issuer, repository="acme/tools", repository_visibility="private")
    return {"GITHUB_ACTIONS": "true", "NPM_ID_TOKEN": token}


def test_an_identity_is_exchanged_for_a_token_once_per_package(registry, home, workflow):
    engine = direct(home.with_env(**workflow), registry)
    registry.clear_requests()
    for name in ("oidc-one", "@acme/oidc-two"):
        staged = engine.stage(rich_package(home, name), tag="latest", access=None)
        assert staged.outcome is StageOutcome.STAGED, staged
        assert engine.stage(rich_package(home, name), tag="latest", access=None).outcome is StageOutcome.ALREADY_STAGED
        assert next(item for item in registry.stages() if item.name == name).actor_type == "trusted automation"
    exchanges = [request.path for request in registry.requests if "/oidc/" in request.path]
    assert len(exchanges) == 2
    for item in registry.stages():
        if "oidc" in item.name:
            registry.reject(item.id)


def test_a_package_without_a_trust_rule_says_why(registry, home, workflow):
    registry.seed("untrusted", "1.0.0")
    refused = direct(home.with_env(**workflow), registry).stage(
        rich_package(home, "untrusted"), tag="latest", access=None
    )
    assert (refused.outcome, refused.code) == (StageOutcome.REFUSED, "ENEEDAUTH")
    assert "HTTP 404" in refused.why
    assert workflow["NPM_ID_TOKEN"] not in refused.why


def test_trouble_at_the_exchange_leaves_room_for_another_try(registry, home, workflow):
    registry.faults.add(Fault("oidc.exchange", status=502, times=1))
    engine = direct(home.with_env(**workflow), registry)
    tarball = rich_package(home, "oidc-one")
    assert engine.stage(tarball, tag="latest", access=None).outcome is StageOutcome.AMBIGUOUS
    staged = engine.stage(tarball, tag="latest", access=None)
    assert staged.outcome is StageOutcome.STAGED
    registry.reject(staged.stage_id)


def test_the_tarball_is_never_whole_in_memory(registry, home):
    import tracemalloc

    registry.seed("large", "1.0.0")
    noise = base64.b64encode(b"".join(number.to_bytes(4, "big") for number in range(0, 2**31, 991)))
    files: dict[str, bytes | str] = {"package.json": '{"name": "large", "version": "1.1.0"}', "noise.txt": noise}
    tarball = read_tarball(tgz(home.root / "large.tgz", files))
    assert tarball.size > 4_000_000
    from vis_tasks.adapters.npm.direct import _Body, publish_packument

    document = publish_packument(tarball, registry.url, tag="latest", access=None)
    tracemalloc.start()
    body = _Body(document, tarball.path, tarball.size)
    sent = sum(len(part) for part in body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent == len(body)
    assert peak < 1_500_000
    assert direct(home, registry).stage(tarball, tag="latest", access=None).outcome is StageOutcome.STAGED
