"""What guard asks of npm and the registries: which answers are refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes import FakeNpm, FakeRegistry
from tests.services.builders import build_world, package
from tests.services.guarding import ALL, refusal
from vis_tasks.config.model import PackageConfig
from vis_tasks.ports import NO_STAGING, Unknown, Unreadable
from vis_tasks.services.guard import guard
from vis_tasks.services.summary import document


@pytest.fixture
def world(tmp_path):
    return build_world(tmp_path, package("a"), package("b"))


def test_no_credentials(world):
    world.registry.credentials = False
    assert refusal(world).code == "NO_TOKEN"


def test_a_plan_needs_no_credentials_and_says_what_it_did_without(world):
    world.registry.credentials = False
    world.registry.answer("stages", Unreadable("HTTP 401"))
    run = world.run(reach=ALL, plan_only=True)
    guard(run)
    (told,) = [text for kind, text in world.console.said if kind == "warning"]
    assert "npm has no credentials" in told
    assert "A release would be refused (NO_TOKEN)" in told
    assert document(run)["notChecked"] == [f"what is staged at {world.registry.url}"]


def test_a_plan_goes_on_where_the_registry_refuses_the_credentials(world):
    world.registry.answer("stages", Unreadable("HTTP 401")).answer("whoami", Unreadable("HTTP 401"))
    run = world.run(reach=ALL, plan_only=True)
    guard(run)
    assert "A release would be refused (BAD_TOKEN)" in world.console.said[-1][1]


def test_a_plan_is_refused_all_the_same_by_a_registry_without_staging(world):
    world.registry.credentials = False
    world.registry.answer("stages", Unknown(NO_STAGING, "no such address"))
    assert refusal(world, plan_only=True).code == "NO_STAGING"


def test_credentials_are_not_asked_for_when_nothing_is_uploaded(world):
    world.registry.credentials = False
    guard(world.run(reach=["guard", "version"]))
    assert world.registry.requests == []


def test_oidc_needs_no_credentials(tmp_path):
    registry = FakeRegistry()
    registry.credentials = False
    guard(build_world(tmp_path, package("a"), npm=FakeNpm(registry, oidc=True)).run(reach=ALL))


def test_a_registry_without_staging(world):
    world.registry.answer("stages", Unknown(NO_STAGING, "no such address"))
    error = refusal(world)
    assert error.code == "NO_STAGING"
    assert "stage = false" in error.hint


def test_a_registry_without_staging_does_where_everything_is_published_plainly(tmp_path):
    world = build_world(tmp_path, package("a"), stage={"enabled": False})
    world.registry.answer("stages", Unknown(NO_STAGING, "no such address"))
    guard(world.run(reach=ALL))


def test_one_package_that_is_staged_there_is_enough_to_need_staging(tmp_path):
    plain, staged = PackageConfig(stage=False), PackageConfig(stage=True)
    world = build_world(tmp_path, package("a"), package("b"), packages={"a": plain, "b": staged})
    world.registry.answer("stages", Unknown(NO_STAGING, "no such address"))
    assert refusal(world).code == "NO_STAGING"
    world = build_world(tmp_path / "other", package("a"), package("b"), packages={"a": plain, "b": plain})
    world.registry.answer("stages", Unknown(NO_STAGING, "no such address"))
    guard(world.run(reach=ALL))


def test_a_bad_token_is_refused_there_as_well(tmp_path):
    world = build_world(tmp_path, package("a"), stage={"enabled": False})
    world.registry.answer("stages", Unknown(NO_STAGING, "no such address")).answer("whoami", Unreadable("HTTP 401"))
    assert refusal(world).code == "BAD_TOKEN"


def test_a_registry_that_is_down(world):
    world.registry.answer("stages", Unknown("http 503", "HTTP 503"))
    assert refusal(world).code == "REGISTRY_DOWN"


def test_credentials_the_registry_refuses(world):
    world.registry.answer("stages", Unreadable("HTTP 401")).answer("whoami", Unreadable("HTTP 401"))
    assert refusal(world).code == "BAD_TOKEN"


@pytest.mark.parametrize("where", ["manifest", "config"])
def test_restricted_packages_and_oidc_do_not_go_together(tmp_path, where):
    registry = FakeRegistry()
    registry.credentials = False
    more: Any = {"publishConfig": {"access": "restricted"}} if where == "manifest" else {}
    packages = {"@s/a": PackageConfig(access="restricted")} if where == "config" else {}
    world = build_world(
        tmp_path, package("@s/a", **more), npm=FakeNpm(registry, oidc=True), packages=packages
    )  # fmt: skip
    error = refusal(world)
    assert error.code == "OIDC_RESTRICTED"
    assert "@s/a" in error.message
    assert registry.uploads == []
