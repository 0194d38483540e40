"""The real npm against the embedded registry: uploads, decisions, and connections that break at bad moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import NpmHome, packed
from tests.fakes import FakeClock
from vis_tasks.adapters.npm.client import NpmClientStager
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.desk import Deciding, NpmDesk
from vis_tasks.adapters.npm.reader import HttpRegistryReader
from vis_tasks.adapters.npm.tarball import read_tarball
from vis_tasks.ports import NO_STAGING, Live, NotLive, Staged, StageList, StageOutcome, Unknown, Unreadable
from vis_tasks.registry.run import Fault, Registry, TrustRule, start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.ports import Tarball

pytestmark = pytest.mark.e2e


@dataclass
class World:
    """A registry with alice (2FA) and a granular token of hers, and an npm that is configured for it."""

    registry: Registry
    home: NpmHome
    config: NpmConfig

    def pack(self, name: str = "demo", version: str = "1.1.0", **manifest: Any) -> Tarball:
        return read_tarball(packed(self.home.root, name, version, **manifest))

    @property
    def stager(self) -> NpmClientStager:
        return NpmClientStager(self.home.runner(), ("npm",), self.config, self.home.root)

    @property
    def desk(self) -> NpmDesk:
        return NpmDesk(self.home.runner(), ("npm",), self.config, self.home.root, registry=self.registry.url)

    @property
    def reader(self) -> HttpRegistryReader:
        return HttpRegistryReader(self.config, self.registry.url, FakeClock())

    def stage(self, tarball: Tarball, *, tag: str = "latest") -> Staged:
        return self.stager.stage(tarball, tag=tag, access=None)


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[Registry]:
    with start_registry(tmp_path_factory.mktemp("registry")) as registry:
        registry.add_user("alice")
        yield registry


def world_of(registry: Registry, home: NpmHome, token: str | None) -> World:
    home.project_npmrc.write_text("\n".join(registry.npmrc_lines(token)) + "\n")
    return World(registry, home, NpmConfig.load(home.runner(), home.root, home.env))


@pytest.fixture
def world(registry, tmp_path) -> Iterator[World]:
    yield world_of(registry, NpmHome(tmp_path), registry.token("alice", "read-write", bypass_2fa=True))
    registry.faults.clear()


def test_a_version_goes_from_staged_to_live(world):
    world.registry.seed("life", "1.0.0")
    tarball = world.pack("life")
    staged = world.stage(tarball)
    assert staged.outcome is StageOutcome.STAGED
    assert staged.stage_id is not None
    listed = world.reader.stages("life")
    assert isinstance(listed, StageList)
    assert [(record.id, record.shasum) for record in listed.records] == [(staged.stage_id, tarball.shasum)]
    assert world.reader.live("life", "1.1.0") == NotLive()
    assert world.reader.status("life", "1.1.0") == "staged"
    assert world.desk.approve(staged.stage_id).outcome is Deciding.NEEDS_OTP
    assert world.desk.approve(staged.stage_id, world.registry.otp("alice")).outcome is Deciding.DONE
    assert world.reader.live("life", "1.1.0") == Live(tarball.integrity, tarball.shasum)
    assert world.desk.approve(staged.stage_id, world.registry.otp("alice")).outcome is Deciding.GONE
    assert world.stage(tarball).outcome is StageOutcome.ALREADY_LIVE


def test_a_rejected_version_may_be_staged_again(world):
    world.registry.seed("again", "1.0.0")
    tarball = world.pack("again")
    first = world.stage(tarball)
    assert world.stage(tarball).outcome is StageOutcome.ALREADY_STAGED
    assert world.desk.reject(first.stage_id or "", world.registry.otp("alice")).outcome is Deciding.DONE
    second = world.stage(tarball)
    assert second.outcome is StageOutcome.STAGED
    assert second.stage_id != first.stage_id


def test_a_scoped_package_with_a_tag_and_access(world):
    world.registry.seed("@acme/core", "1.0.0")
    tarball = world.pack("@acme/core", "2.0.0-rc.1")
    assert world.stager.stage(tarball, tag="next", access="public").outcome is StageOutcome.STAGED
    listed = world.reader.stages("@acme/core")
    assert isinstance(listed, StageList)
    assert [(record.version, record.tag) for record in listed.records] == [("2.0.0-rc.1", "next")]


def test_latest_never_moves_backwards(world):
    world.registry.seed("back", "2.0.0")
    refused = world.stage(world.pack("back", "1.5.0"))
    assert refused.outcome is StageOutcome.REFUSED
    assert 'implicitly apply the "latest" tag' in refused.why


def test_a_package_can_be_published_plainly(world):
    tarball = world.pack("plain", "1.0.0")
    assert world.stager.publish(tarball, tag="latest", access="public").outcome is StageOutcome.STAGED
    assert world.reader.live("plain", "1.0.0") == Live(tarball.integrity, tarball.shasum)
    assert world.stager.publish(tarball, tag="latest", access="public").outcome is StageOutcome.ALREADY_LIVE


def test_publishing_with_2fa_and_no_code_is_refused(registry, tmp_path):
    world = world_of(registry, NpmHome(tmp_path), registry.token("alice"))
    refused = world.stager.publish(world.pack("secured", "1.0.0"), tag="latest", access=None)
    assert (refused.outcome, refused.code) == (StageOutcome.REFUSED, "EOTP")


@pytest.mark.parametrize(("token", "code"), [(None, "ENEEDAUTH"), ("npm_" + "wrong" * 8, "E401")])
def test_without_good_credentials_it_is_refused(registry, tmp_path, token, code):
    world = world_of(registry, NpmHome(tmp_path), token)
    refused = world.stage(world.pack("nobody"))
    assert (refused.outcome, refused.code) == (StageOutcome.REFUSED, code)


def test_a_private_package_is_refused(world):
    refused = world.stage(world.pack("hidden", private=True))
    assert (refused.outcome, refused.code) == (StageOutcome.REFUSED, "EPRIVATE")


def test_npm_token_is_enough(registry, tmp_path):
    home = NpmHome(tmp_path).with_env(NPM_TOKEN=registry.token("alice", "read-write", bypass_2fa=True))
    world = world_of(registry, home, None)
    registry.seed("by-token", "1.0.0")
    assert world.stage(world.pack("by-token")).outcome is StageOutcome.STAGED
    assert world.reader.whoami() == "alice"


def test_an_upload_that_broke_before_it_counted_is_ambiguous_and_left_nothing(world):
    world.registry.seed("broken", "1.0.0")
    world.registry.faults.add(Fault("stage.publish", reset="before", times=1))
    assert world.stage(world.pack("broken")).outcome is StageOutcome.AMBIGUOUS
    assert world.reader.stages("broken") == StageList(())


def test_an_upload_that_broke_after_it_counted_is_ambiguous_and_can_be_found(world):
    world.registry.seed("found", "1.0.0")
    tarball = world.pack("found")
    world.registry.faults.add(Fault("stage.publish", reset="after", times=1))
    staged = world.stage(tarball)
    assert (staged.outcome, staged.stage_id) == (StageOutcome.AMBIGUOUS, None)
    listed = world.reader.stages("found")
    assert isinstance(listed, StageList)
    assert [record.shasum for record in listed.records] == [tarball.shasum]
    assert world.stage(tarball).outcome is StageOutcome.ALREADY_STAGED


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429, "retry_after": 1}, {"truncate": 5}])
def test_an_answer_that_says_nothing_is_ambiguous(world, fault):
    name = f"hazy-{next(iter(fault.values()))}"
    world.registry.seed(name, "1.0.0")
    world.registry.faults.add(Fault("stage.publish", times=1, **fault))
    assert world.stage(world.pack(name)).outcome is StageOutcome.AMBIGUOUS


def test_a_plain_publish_that_broke_is_not_tried_again_by_npm(world):
    world.home.env |= {"npm_config_fetch_retries": "3", "npm_config_fetch_retry_mintimeout": "10"}
    world.registry.clear_requests()
    world.registry.faults.add(Fault("package.publish", reset="after", times=1))
    published = world.stager.publish(world.pack("once", "1.0.0"), tag="latest", access=None)
    assert published.outcome is StageOutcome.AMBIGUOUS
    assert [request.method for request in world.registry.requests].count("PUT") == 1


def test_a_registry_without_staging_refuses(world):
    world.registry.seed("old-world", "1.0.0")
    world.registry.settings.staging = False
    try:
        refused = world.stage(world.pack("old-world"))
        listed = world.reader.stages()
    finally:
        world.registry.settings.staging = True
    assert (refused.outcome, refused.code) == (StageOutcome.REFUSED, "E404")
    assert isinstance(listed, Unknown)
    assert listed.kind == NO_STAGING


@pytest.mark.parametrize("beside", [{}, {"NPM_TOKEN": "npm_" + "stale" * 8}], ids=["alone", "beside NPM_TOKEN"])
def test_a_trusted_workflow_stages_without_a_token_and_reads_nothing(registry, tmp_path, beside):
    name = f"trusted-{len(beside)}"
    registry.seed(name, "1.0.0")
    claims = {
        "repository": f"acme/{name}",
        "job_workflow_ref": f"acme/{name}/.github/workflows/release.yml@refs/heads/main",
    }
    issuer = registry.add_issuer()
    registry.trust(TrustRule(name, issuer.url, claims))
    id_token = registry.id_token(issuer, repository_visibility="private", **claims)
    home = NpmHome(tmp_path).with_env(GITHUB_ACTIONS="true", NPM_ID_TOKEN=id_token, **beside)
    world = world_of(registry, home, None)
    assert world.stage(world.pack(name)).outcome is StageOutcome.STAGED
    assert isinstance(world.reader.stages(), Unreadable)
