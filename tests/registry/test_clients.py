"""The other clients people use, from the npm registry, each in a folder of this session, driven as a user would."""

from __future__ import annotations

import json
import platform
import re

import pytest

from tests.registry.builders import Npm, package

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
SYSTEMS = {"Linux": "linux", "Darwin": "darwin", "Windows": "win"}


@pytest.fixture(scope="session")
def node(from_npm):
    """A newer Node than the one on PATH may be."""
    name = f"node-{SYSTEMS[platform.system()]}-{ARCHITECTURES[platform.machine().lower()]}"
    return str(from_npm(name, "24") / "bin" / "node")


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.mark.parametrize("version", ["11.15.0", "12"])
def test_other_npm_versions_stage_list_view_approve_and_reject(registry, from_npm, node, home, tmp_path, version):
    npm = Npm(home, (node, str(from_npm("npm", version) / "bin" / "npm-cli.js")))
    npm.login(registry, registry.token("alice"))
    first, second = package(tmp_path / "a", "@acme/a", "1.0.0"), package(tmp_path / "b", "b", "1.0.0")
    ids = []
    for folder in (first, second):
        printed = npm.ok("stage", "publish", "--json", "--access", "public", cwd=folder)
        ids += re.findall(rf'"stageId": "({UUID})"', printed)
    assert [item["id"] for item in json.loads(npm.ok("stage", "list", "--json", cwd=first))] == ids[::-1]
    assert json.loads(npm.ok("stage", "view", ids[0], "--json", cwd=first))["packageName"] == "@acme/a"
    npm.ok("stage", "download", ids[0], cwd=first)
    assert npm.fails("stage", "publish", cwd=first)["code"] == "E409"
    assert npm.fails("stage", "approve", ids[0], cwd=first)["code"] == "EOTP"
    npm.ok("stage", "approve", ids[0], "--otp", registry.otp("alice"), cwd=first)
    npm.ok("stage", "reject", ids[1], "--otp", registry.otp("alice"), cwd=first)
    assert npm.ok("view", "@acme/a", "version", cwd=first).strip() == "1.0.0"
    assert registry.stages() == []


@pytest.fixture
def pnpm(registry, from_npm, node, home):
    client = Npm(home, (node, str(from_npm("pnpm", "12") / "bin" / "pnpm.mjs")))
    client.login(registry, registry.token("alice"))
    client.env = {
        "npm_config_registry": registry.url,
        "XDG_DATA_HOME": str(home),
        "XDG_STATE_HOME": str(home),
        "CI": "true",
    }
    return client


def test_pnpm_stages_a_workspace_and_approves_it_with_one_code(registry, pnpm, tmp_path):
    root = package(tmp_path / "ws", "root", private=True)
    (root / "pnpm-workspace.yaml").write_text("packages: ['packages/*']\n")
    package(root / "packages/a", "@acme/a", "1.0.0")
    package(root / "packages/b", "@acme/b", "1.0.0", dependencies={"@acme/a": "workspace:^"})

    pnpm.ok("-r", "stage", "publish", "--no-git-checks", "--access", "public", cwd=root)
    listed = json.loads(pnpm.ok("stage", "list", "--json", cwd=root))
    ids = [item["id"] for item in listed]
    pnpm.ok("stage", "approve", *ids, "--otp", registry.otp("alice"), cwd=root)

    assert {item["packageName"] for item in listed} == {"@acme/a", "@acme/b"}
    assert registry.stages() == []
    assert registry.versions("@acme/b")["1.0.0"]["dependencies"] == {"@acme/a": "^1.0.0"}


def test_pnpm_publishes_views_rejects_and_installs(registry, pnpm, tmp_path):
    folder = package(tmp_path / "demo", "@acme/demo", "1.0.0")
    pnpm.ok("publish", "--no-git-checks", "--access", "public", "--otp", registry.otp("alice"), cwd=folder)
    package(folder, "@acme/demo", "1.1.0")
    pnpm.ok("stage", "publish", "--no-git-checks", cwd=folder)
    stage_id = registry.stages()[0].id
    assert stage_id in pnpm.ok("stage", "view", stage_id, cwd=folder)
    pnpm.ok("stage", "reject", stage_id, "--otp", registry.otp("alice"), cwd=folder)
    app = package(tmp_path / "app", "app", private=True, dependencies={"@acme/demo": "1.0.0"})
    pnpm.ok("install", "--no-frozen-lockfile", "--config.minimum-release-age=0", cwd=app)
    assert json.loads((app / "node_modules/@acme/demo/package.json").read_text())["version"] == "1.0.0"
    assert registry.stages() == []


def test_yarn_stages_lists_approves_rejects_and_publishes(registry, from_npm, node, home, tmp_path):
    yarn = Npm(home, (node, str(from_npm("@yarnpkg/cli-dist", "4") / "bin" / "yarn.js")))
    folder = package(tmp_path / "demo", "@acme/demo", "1.0.0")
    token = registry.token("alice")
    (folder / ".yarnrc.yml").write_text(
        f"npmRegistryServer: {registry.url.rstrip('/')}\nnpmAuthToken: {token}\nunsafeHttpWhitelist: ['127.0.0.1']\n"
        f"enableTelemetry: false\nenableGlobalCache: false\n"
    )
    (folder / "yarn.lock").write_text("")
    yarn.ok("install", cwd=folder)

    yarn.ok("npm", "publish", "--staged", "--access", "public", cwd=folder)
    stage_id = registry.stages()[0].id
    assert stage_id in yarn.ok("npm", "stage", "list", "--json", cwd=folder)
    yarn.ok("npm", "stage", "approve", "--otp", registry.otp("alice"), stage_id, cwd=folder)
    for version in ("1.1.0", "1.2.0"):
        package(folder, "@acme/demo", version)
        staged = ["--staged"] if version == "1.1.0" else ["--otp", registry.otp("alice")]
        yarn.ok("npm", "publish", "--access", "public", *staged, cwd=folder)
    yarn.ok("npm", "stage", "reject", "--otp", registry.otp("alice"), registry.stages()[0].id, cwd=folder)

    assert registry.stages() == []
    assert set(registry.versions("@acme/demo")) == {"0.0.0-stage", "1.0.0", "1.2.0"}
    assert yarn.ok("npm", "whoami", cwd=folder).strip().startswith(("alice", "➤"))
