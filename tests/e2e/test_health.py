"""`inspect` and `doctor` against everything real."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.adapters.forge.local_forge import start_forge
from tests.e2e.test_desk import as_alice, otp, staged

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def checks(world: World, **env: str) -> dict[str, dict[str, str]]:
    done = world.run("doctor", "--json", env=env)
    return {each["id"]: each for each in json.loads(done.stdout)["checks"]}


def standing(world: World, spec: str) -> tuple[str, str]:
    document = world.run("inspect", spec, "--json").document
    return document["verdict"], document["next"]


def test_inspect_follows_a_version_from_disk_to_its_tag(world: World) -> None:
    world.package("core").commit()
    assert standing(world, "core@9.9.9") == ("never heard of here", "")
    ids = staged(world, core="minor")
    version_commit = world.git("rev-parse", "HEAD~1")

    assert standing(world, "core") == ("staged: a maintainer decides", f"invoke stage.review {ids['core']}")
    shown = world.run("inspect", "core@1.1.0")
    assert "pending (timeout, staged " in shown.stdout
    assert f"{version_commit[:12]} recorded as what it was built from" in shown.stdout

    assert world.run("stage.approve", ids["core"], env=otp(world)).code == 0
    assert standing(world, "core") == ("live, its tag is owed", "invoke tag")

    assert world.run("tag").code == 0
    assert standing(world, "core@1.1.0") == ("done: live and tagged", "")


def test_inspect_of_a_rejected_version_names_the_way_on(world: World) -> None:
    world.package("core")
    ids = staged(world, core="minor")
    world.run("stage.reject", ids["core"], "--yes", env=otp(world))

    assert standing(world, "core@1.1.0") == ("rejected: mend it and release the next version", "invoke add")


def test_doctor_is_content_with_a_good_setup(world: World) -> None:
    world.package("core").commit()

    done = world.run("doctor")

    assert done.code == 0, done.text
    assert "[fail]" not in done.stdout
    for check in ("git.identity", "git.push", "npm.version", "registry.staging", "registry.token", "state.lock"):
        assert f"[pass] {check} — " in done.stdout, check


def test_doctor_shows_pending_stages_word_for_word(world: World) -> None:
    world.package("core")
    staged(world, core="minor")

    assert (
        "[warn] publish-stage.pending — 1 pending stage(s) recorded in .vis/release/staged.json:\n"
        "core@1.1.0 (timeout). Approve / reject before the next release:\n"
        "vis-tasks stage.approve --all\n"
    ) in world.run("doctor").stdout


def test_doctor_fails_on_what_would_stop_a_release_and_says_how_to_mend_it(world: World) -> None:
    world.package("core").commit()
    world.git("remote", "set-url", "origin", str(world.folder / "gone.git"))
    world.registry.settings.staging = False
    (world.folder / "home/.npmrc").write_text(f"registry={world.registry.url}\n", encoding="utf-8")

    done = world.run("doctor", "--json")

    assert done.code == 1
    document = json.loads(done.stdout)
    found = {each["id"]: each for each in document["checks"]}
    assert document["error"]["code"] == "DOCTOR"
    assert {name for name, each in found.items() if each["status"] == "fail"} >= {"git.remote", "registry.token"}
    assert all(each["hint"] for each in found.values() if each["status"] == "fail")


def test_doctor_probes_staging_instead_of_trusting_a_name(world: World) -> None:
    world.package("core").commit()
    world.registry.settings.staging = False

    assert checks(world)["registry.staging"]["status"] == "fail"


def test_doctor_sees_a_token_that_is_refused(world: World) -> None:
    world.package("core").commit()
    lines = "\n".join(world.registry.npmrc_lines("npm_" + "0" * 36))
    (world.folder / "home/.npmrc").write_text(lines + "\n", encoding="utf-8")

    assert checks(world)["registry.token"]["status"] == "fail"


def test_doctor_knows_the_traps_of_oidc(world: World) -> None:
    world.package("core").commit()
    claims = base64.urlsafe_b64encode(b'{"aud": "npm:elsewhere.example.org"}').decode().rstrip("=")

    gitlab = checks(world, GITLAB_CI="true", NPM_ID_TOKEN=f"e30.{claims}.x")
    elsewhere = checks(world, GITHUB_ACTIONS="true", GITHUB_REF_NAME="main", NPM_ID_TOKEN=f"e30.{claims}.x")
    with_token = checks(world, GITHUB_ACTIONS="true", GITHUB_REF_NAME="main")
    (world.folder / "home/.npmrc").write_text(f"registry={world.registry.url}\n", encoding="utf-8")
    github = checks(world, GITHUB_ACTIONS="true", GITHUB_REF_NAME="main", NODE_AUTH_TOKEN="XXXXX-XXXXX")

    assert "npm:127.0.0.1" in elsewhere["oidc.github"]["text"]
    assert "oidc.github" not in with_token, "npm has a token of its own"
    assert "id-token: write" in github["oidc.github"]["hint"]
    assert "registry-url" in github["oidc.setup-node"]["hint"]
    assert "npm:127.0.0.1" in gitlab["oidc.gitlab"]["text"]
    assert gitlab["oidc.provenance"]["status"] == "warn"


def test_doctor_asks_for_the_registries_that_the_packages_go_to(world: World) -> None:
    """A scope of its own may go elsewhere; npm's default registry has nothing to do with it then."""
    world.package("@acme/core").commit()
    lines = [
        line for line in world.registry.npmrc_lines(world.registry.token("ci")) if not line.startswith("registry=")
    ]
    scoped = [f"@acme:registry={world.registry.url}", "registry=http://registry.invalid/"]
    (world.folder / "home/.npmrc").write_text("\n".join([*lines, *scoped]) + "\n", encoding="utf-8")
    claims = base64.urlsafe_b64encode(b'{"aud": "npm:127.0.0.1"}').decode().rstrip("=")

    with_token = checks(world, GITHUB_ACTIONS="true", GITHUB_REF_NAME="main")
    with_identity = checks(world, GITHUB_ACTIONS="true", GITHUB_REF_NAME="main", NPM_ID_TOKEN=f"e30.{claims}.x")

    assert "oidc.github" not in with_token
    assert with_identity["oidc.github"] == {
        "id": "oidc.github", "status": "pass", "text": "NPM_ID_TOKEN is for npm:127.0.0.1", "hint": "",
    }  # fmt: skip


def test_doctor_sees_versions_that_lie_between(world: World) -> None:
    world.package("core", "1.0.0").commit()
    manifest = json.loads(world.read("packages/core/package.json")) | {"version": "1.0.1"}
    world.write("packages/core/package.json", json.dumps(manifest)).commit("bump by hand")
    world.write("loose.txt", "not committed")

    found = checks(world)

    assert "core@1.0.1" in found["versions.published"]["text"]
    assert found["git.tree"]["status"] == "warn"


def test_a_left_lock_is_named(world: World) -> None:
    world.package("core").commit()
    as_alice(world)
    lock = {
        "pid": 4_000_000,
        "host": os.uname().nodename,
        "since": "2026-01-01T00:00:00.000Z",
        "command": "invoke release",
    }
    world.write(".vis/release/.lock", json.dumps(lock))

    assert checks(world)["state.lock"]["status"] == "warn"


def test_doctor_asks_the_forge_which_rules_would_stop_a_chore_push(world: World) -> None:
    world.configure(extra='[release.forge]\nprovider = "github"\n').package("core").commit()
    rule = {"type": "pull_request", "ruleset_id": 7}
    with start_forge() as forge:
        forge.settings |= {
            "/repos/acme/tools/rules/branches/main": (200, [rule]),
            "/repos/acme/tools/branches/main": (200, {"protected": False}),
        }
        env = forge.github_env | {"GITHUB_REPOSITORY": "acme/tools"}
        at_desk, on_ci = checks(world, **env), checks(world, CI="true", **env)

    assert (at_desk["forge.protection"]["status"], on_ci["forge.protection"]["status"]) == ("warn", "fail")
    assert (
        "main takes no chore pushes from this token: changes must come by pull request"
        in on_ci["forge.protection"]["text"]
    )
    assert "bypass" in on_ci["forge.protection"]["hint"]
    assert checks(world)["forge.protection"]["status"] == "pass", "nobody to ask"
