"""Reviewing a stage with everything real: what CI packed, what the registry holds, and what changed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
import requests

from tests.e2e.test_desk import as_alice, staged
from tests.registry.builders import upload
from tests.review.test_provenance import attestation, by_github
from vis_tasks.registry.tarballs import build_tarball

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def risky(world: World) -> dict[str, str]:
    world.package("core")
    manifest = json.loads(world.read("packages/core/package.json"))
    manifest |= {"scripts": {"postinstall": "node index.js"}, "dependencies": {"lodahs": "^1.0.0"}}
    world.write("packages/core/package.json", json.dumps(manifest, indent=2) + "\n")
    world.commit("feat: something risky")
    return staged(world, core="minor")


def test_a_review_shows_bytes_risks_changes_and_where_they_come_from(world: World) -> None:
    ids = risky(world)

    done = world.run("stage.review", ids["core"][:8])

    assert done.code == 0, done.text
    for text in (
        "core@1.1.0 → latest",
        "compared with 1.0.0",
        "✓ the staged bytes are those recorded when they were uploaded",
        "danger: new install script: postinstall runs 'node index.js'",
        "danger: new dependency lodahs looks like lodash",
        "danger: new dependency lodahs is at no registry",
        "feat: something risky",
        "A change.",
    ):
        assert text in done.stdout, text


def test_other_bytes_than_ci_recorded_are_the_gravest_thing(world: World) -> None:
    world.package("core")
    staged(world, core="minor")
    path = ".vis/release/staged.json"
    recorded = json.loads(world.read(path))
    recorded["pending"][0]["integrity"] = "sha512-" + "A" * 86 + "=="
    world.write(path, json.dumps(recorded))

    document = world.run("stage.review", "core", "--json").document

    (found,) = document["reviews"]
    assert found["flags"][0]["code"] == "OTHER_BYTES"
    assert found["checks"][0]["good"] is False


def test_a_provenance_statement_is_held_against_bytes_commit_and_repository(world: World) -> None:
    world.package("core", "1.0.0")
    commit = world.commit()
    world.git("remote", "set-url", "origin", "git@git.example.org:acme/tools.git")
    world.registry.settings.staged_attestations = True
    data = build_tarball({"name": "core", "version": "1.1.0"}, {"index.js": "module.exports = 1\n"})
    statement = by_github(
        repository="https://git.example.org/acme/tools", commit="f" * 40, digest=hashlib.sha512(data).digest()
    )
    bundle = attestation(statement)["bundle"]
    url = f"{world.registry.url}-/stage/package/core"
    headers = {"authorization": f"Bearer {world.registry.token('ci', kind='read-write')}"}
    body = upload("core", "1.1.0", tarball=data, provenance=bundle)
    stage_id = requests.post(url, json=body, headers=headers, timeout=10).json()["stageId"]
    entry = {"id": stage_id, "name": "core", "version": "1.1.0", "tag": "latest", "reason": "waiting", "commit": commit}
    entry["stagedAt"] = "2026-01-01T00:00:00.000Z"
    world.write(".vis/release/staged.json", json.dumps({"version": 1, "pending": [entry]}))

    as_alice(world)

    done = world.run("stage.review", "core@1.1.0")
    found = world.run("stage.review", "core@1.1.0", "--json").document["reviews"][0]

    assert done.code == 0, done.text
    assert "✓ the provenance statement is about these bytes" in done.stdout
    assert (
        "✓ the provenance statement names https://git.example.org/acme/tools, which is this repository" in done.stdout
    )
    assert f"✗ the provenance statement names commit {'f' * 12}, which is NOT the recorded one" in done.stdout
    assert found["flags"][0]["code"] == "PROVENANCE"
    assert "built from https://git.example.org/acme/tools" in found["provenance"]


def test_a_rebuild_from_the_recorded_commit_gives_the_same_bytes(world: World) -> None:
    world.package("core")
    staged(world, core="minor")
    world.write("packages/core/index.js", "module.exports = 'later'\n").commit("feat: later")

    done = world.run("stage.review", "--all", "--rebuild")

    assert done.code == 0, done.text
    assert "the bytes are the same" in done.stdout
    assert world.git("status", "--porcelain") == ""


def test_the_page_and_the_markdown_are_written(world: World) -> None:
    risky(world)
    summary = world.folder / "summary.md"

    done = world.run(
        "stage.review", "core@1.1.0", "--html", "out.html", "--markdown", env={"GITHUB_STEP_SUMMARY": str(summary)}
    )

    assert done.code == 0, done.text
    assert "new install script" in world.read("out.html")
    assert "### core" in done.stdout
    assert "### core" in summary.read_text(encoding="utf-8")
