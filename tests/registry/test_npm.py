"""The real npm on PATH, driven as a user would."""

from __future__ import annotations

import json

import pytest

from tests.registry.builders import package

pytestmark = pytest.mark.e2e


def test_npm_stages_looks_and_approves(registry, npm, tmp_path):
    folder = package(tmp_path / "demo", "@acme/demo", "1.1.0")
    registry.seed("@acme/demo", "1.0.0")

    staged = json.loads(npm.ok("stage", "publish", "--json", cwd=folder))["@acme/demo"]
    listed = json.loads(npm.ok("stage", "list", "--json", cwd=folder))
    viewed = json.loads(npm.ok("stage", "view", staged["stageId"], "--json", cwd=folder))
    npm.ok("stage", "download", staged["stageId"], cwd=folder)
    refused = npm.fails("stage", "approve", staged["stageId"], "--auth-type=legacy", cwd=folder)
    approved = npm.ok("stage", "approve", staged["stageId"], "--otp", registry.otp("alice"), cwd=folder)

    assert [item["id"] for item in listed] == [staged["stageId"]]
    assert listed[0]["packageName"] == "@acme/demo"
    assert viewed == listed[0]
    assert viewed["shasum"] == staged["shasum"]
    assert (folder / f"acme-demo-1.1.0-{staged['stageId']}.tgz").is_file()
    assert refused["code"] == "EOTP"
    assert "approved and published" in approved
    assert json.loads(npm.ok("view", "@acme/demo", "versions", "--json", cwd=folder)) == ["1.0.0", "1.1.0"]
    assert registry.versions("@acme/demo")["1.1.0"]["dist"]["integrity"] == staged["integrity"]
    assert registry.stages() == []


def test_npm_hears_why_a_version_is_taken_and_can_stage_it_again_once_rejected(registry, npm, tmp_path):
    folder = package(tmp_path / "demo", "demo", "1.0.0")
    staged = json.loads(npm.ok("stage", "publish", "--json", cwd=folder))["demo"]["stageId"]

    again = npm.fails("stage", "publish", cwd=folder)
    plainly = npm.fails("publish", "--otp", registry.otp("alice"), cwd=folder)
    npm.ok("stage", "reject", staged, "--otp", registry.otp("alice"), cwd=folder)
    restaged = json.loads(npm.ok("stage", "publish", "--json", cwd=folder))["demo"]["stageId"]

    assert again["code"] == plainly["code"] == "E409"
    assert 'Cannot stage previously published version "1.0.0"' in again["summary"]
    assert 'Cannot publish over previously staged version "1.0.0"' in plainly["summary"]
    assert restaged != staged


def test_npm_publishes_tags_and_installs(registry, npm, tmp_path):
    folder = package(tmp_path / "demo", "@acme/demo", "1.0.0")

    assert npm.fails("publish", "--auth-type=legacy", cwd=folder)["code"] == "EOTP"
    npm.ok("publish", "--otp", registry.otp("alice"), cwd=folder)
    npm.ok("dist-tag", "add", "@acme/demo@1.0.0", "stable", "--otp", registry.otp("alice"), cwd=folder)
    app = package(tmp_path / "app", "app", "1.0.0", dependencies={"@acme/demo": "^1.0.0"})
    npm.ok("install", cwd=app)

    assert registry.dist_tags("@acme/demo") == {"latest": "1.0.0", "stable": "1.0.0"}
    assert json.loads((app / "node_modules/@acme/demo/package.json").read_text())["version"] == "1.0.0"


def test_npm_without_a_good_token_is_told_so(registry, npm, tmp_path):
    folder = package(tmp_path / "demo")
    npm.login(registry, None)
    nothing = npm.fails("stage", "publish", cwd=folder)
    npm.login(registry, "npm_wrong")
    wrong = npm.fails("stage", "publish", cwd=folder)

    assert nothing["code"] == "ENEEDAUTH"
    assert wrong["code"] == "E401"
    assert registry.stages() == []
