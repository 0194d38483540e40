"""The maintainer's desk with the real npm: see, approve, reject."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import requests

from tests.e2e.terminal import on_terminal
from tests.registry.builders import upload

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def as_alice(world: World) -> None:
    """The maintainer sits at this machine, with her session."""
    token = world.registry.token("alice")
    (world.folder / "home/.npmrc").write_text("\n".join(world.registry.npmrc_lines(token)) + "\n", encoding="utf-8")


def staged(world: World, **levels: str) -> dict[str, str]:
    """Packages staged by CI and timed out, with staged.json pushed; then alice takes the seat. Name to stage id."""
    world.configure(timeout="1s").change("one", **levels).commit()
    done = world.run("release")
    assert done.code == 0, done.text
    as_alice(world)
    return {item.name: item.id for item in world.registry.stages()}


def otp(world: World) -> dict[str, str]:
    return {"NPM_OTP": world.registry.otp("alice")}


def test_the_list_merges_what_npm_and_what_staged_json_know(world: World) -> None:
    for name in ("core", "other"):
        world.package(name)
    ids = staged(world, core="minor", other="patch")
    world.registry.seed("dep", "0.4.0", maintainers=("alice", "ci"))
    folder = world.folder / "by-hand"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "dep", "version": "0.5.0"}', encoding="utf-8")
    assert world.npm("stage", "publish", str(folder)).code == 0
    world.registry.reject(ids["other"])
    by_hand = next(item.id for item in world.registry.stages() if item.name == "dep")

    listed = world.run("stage.list")

    assert listed.code == 0, listed.text
    lines = [line for line in listed.stdout.splitlines() if not line.startswith(" ")]
    assert sorted(lines) == sorted(
        [
            f"{ids['core']} core@1.1.0 → latest",
            f"{ids['other']} other@1.0.1 → latest [registry-only, timeout]",
            f"{by_hand} dep@0.5.0 → latest [npm-only]",
        ]
    )
    assert re.search(r"staged \d+ s ago by ci", listed.stdout), "age and who staged it"
    document = world.run("stage.list", "core", "--json").document
    assert [(each["name"], each["mark"], each["actor"]) for each in document["stages"]] == [("core", None, "ci")]


def test_hundreds_of_stages_are_listed_page_by_page(world: World) -> None:
    world.package("core").commit()
    as_alice(world)
    token = world.registry.token("ci", kind="read-write")
    with requests.Session() as session:
        session.headers["authorization"] = f"Bearer {token}"
        for number in range(250):
            body = upload("core", f"2.0.{number}")
            assert session.post(f"{world.registry.url}-/stage/package/core", json=body, timeout=30).status_code == 201

    listed = world.run("stage.list", "--json")

    assert listed.code == 0, listed.text
    versions = [each["version"] for each in listed.document["stages"]]
    assert sorted(versions) == sorted(f"2.0.{number}" for number in range(250))
    assert {each["mark"] for each in listed.document["stages"]} == {"npm-only"}


def test_without_permission_the_list_says_so_and_shows_what_staged_json_holds(world: World) -> None:
    world.package("core")
    ids = staged(world, core="minor")
    (world.folder / "home/.npmrc").write_text(f"registry={world.registry.url}\n", encoding="utf-8")

    listed = world.run("stage.list")

    assert listed.code == 0, listed.text
    assert f"{ids['core']} core@1.1.0 → latest [registry-only, timeout]" in listed.stdout
    assert "the stage list can't be read" in listed.text


def test_the_review_page_of_a_stage_is_shown_when_it_is_configured(world: World) -> None:
    world.package("core")
    ids = staged(world, core="minor")
    page = world.read("vis.toml") + '[release.publish]\nreview-url = "https://review.example.org/{id}?of={name}"\n'
    world.write("vis.toml", page)

    assert f"https://review.example.org/{ids['core']}?of=core" in world.run("stage.list").stdout


def test_several_ids_are_approved_in_the_documented_form_dependencies_first(world: World) -> None:
    world.package("app", dependencies={"core": "~1.0.0"}).package("core").package("zeta")
    ids = staged(world, core="minor", zeta="patch")

    done = world.run("stage.approve", "app@1.0.1", ids["zeta"][:8], ids["core"], env=otp(world))

    assert done.code == 0, done.text
    approved = re.findall(r"Approved \S+ \((\S+)@", done.stdout)
    assert sorted(approved) == ["app", "core", "zeta"]
    assert approved.index("core") < approved.index("app")
    assert world.live("core") == {"1.0.0", "1.1.0"}
    assert world.subjects()[0] == "chore(release): approve 3 stages [skip ci]"
    recorded = world.staged_json()
    assert recorded is not None
    assert [entry["name"] for entry in recorded["approved"]] == approved
    assert world.remote_tags() == {}, "nobody was asked, so tags are left to the next run"


def test_all_and_tag_finish_the_release_at_the_desk(world: World) -> None:
    world.package("core").package("app", dependencies={"core": "~1.0.0"})
    staged(world, core="minor")
    original = world.git("rev-parse", "HEAD~1")
    world.write("later.txt", "main moves on\n").commit("feat: something else")

    done = world.run("stage.approve", "--all", "--tag", env=otp(world))

    assert done.code == 0, done.text
    assert world.remote_tags() == {"core@1.1.0": original, "app@1.0.1": original}
    assert world.staged_json() is None
    assert not (world.root / ".vis/release/.state.json").exists(), "the wave is over"
    assert not (world.root / ".vis/release/dist").exists()


def test_what_is_approved_but_still_scanned_gets_its_tag_once_it_is_live(world: World) -> None:
    world.package("core")
    staged(world, core="minor")
    world.write("vis.toml", world.read("vis.toml").replace('settle = "1s"', 'settle = "30s"'))
    world.commit()
    world.registry.settings.scan_delay = 3

    done = world.run("stage.approve", "core@1.1.0", "--tag", env=otp(world))

    assert done.code == 0, done.text
    assert "waiting for the registry's scan of core@1.1.0" in done.stdout
    assert "core@1.1.0" in world.remote_tags()


def test_a_dependent_is_held_while_its_dependency_is_not_approved_unless_overridden(world: World) -> None:
    world.package("core").package("app", dependencies={"core": "~1.0.0"})
    staged(world, core="minor")

    held = world.run("stage.approve", "app@1.0.1", env=otp(world))

    assert held.code == 3
    assert "app@1.0.1 was held back: needs core@1.1.0" in held.text
    assert world.live("app") == {"1.0.0"}

    forced = world.run("stage.approve", "app@1.0.1", "--ignore-dependencies", env=otp(world))

    assert forced.code == 0, forced.text
    assert world.live("app") == {"1.0.0", "1.0.1"}


def test_partial_success_is_recorded_exactly(world: World) -> None:
    world.package("core").package("other")
    ids = staged(world, core="minor", other="patch")
    world.registry.reject(ids["other"])

    done = world.run("stage.approve", ids["core"], ids["other"], "--json", env=otp(world))

    assert done.code == 3
    outcomes = {each["name"]: each["outcome"] for each in done.document["decided"]}
    assert outcomes == {"core": "approved", "other": "failed"}
    assert world.subjects()[0] == "chore(release): approve 1 stage [skip ci]"
    recorded = world.staged_json()
    assert recorded is not None
    assert [entry["name"] for entry in recorded["approved"]] == ["core"]
    assert [entry["name"] for entry in recorded["pending"]] == ["other"]


def test_one_code_is_asked_for_once_and_again_when_npm_refuses_it(world: World) -> None:
    for name in ("a", "b", "c"):
        world.package(name)
    staged(world, a="patch", b="patch", c="patch")
    asked: list[str] = []

    def code(shown: str) -> str:
        asked.append(shown)
        return "000000" if len(asked) == 1 else world.registry.otp("alice")

    done = on_terminal(
        world,
        *("stage.approve", "--all", "--code", "--no-tag"),
        answers=[("One-time password", code), ("One-time password", code)],
    )

    assert done.code == 0, done.text
    assert done.text.count("One-time password") == 2, "one refused, one for all three"
    assert done.text.count("Approved ") == 3
    assert "000000" not in done.text


def test_the_web_confirmation_is_left_to_npm_in_the_foreground(world: World) -> None:
    world.package("core")
    (stage_id,) = staged(world, core="minor").values()
    npmrc = world.folder / "home/.npmrc"
    npmrc.write_text(npmrc.read_text(encoding="utf-8") + "browser=false\n", encoding="utf-8")

    def confirm(shown: str) -> None:
        page = re.findall(r"https?://\S+/-/auth/cli/\S+", shown)[-1]
        world.registry.store.web_auth.complete(page.rpartition("/")[2], "alice")

    done = on_terminal(
        world,
        *("stage.approve", stage_id),
        answers=[("/-/auth/cli/", confirm), ("Tag and release 1 version(s) now? [Y/n]", "")],
    )

    assert done.code == 0, done.text
    assert f"Approved {stage_id} (core@1.1.0)" in done.text
    assert "core@1.1.0" in world.remote_tags(), "Enter means yes"


def test_a_rejection_shows_what_dies_and_asks(world: World) -> None:
    world.package("core").package("app", dependencies={"core": "~1.0.0"})
    ids = staged(world, core="minor")

    silent = world.run("stage.reject", ids["core"], env=otp(world))
    refused = on_terminal(world, "stage.reject", ids["core"], answers=[("Delete them for good? [y/N]", "")])

    assert silent.code == refused.code == 1
    assert "scripts say --yes" in silent.text
    assert f"{ids['core']} core@1.1.0 → latest" in refused.text
    assert "app@1.0.1, staged too, needs it" in refused.text
    assert len(world.registry.stages()) == 2


def test_a_rejection_is_recorded_and_points_at_the_orphan_section(world: World) -> None:
    world.package("core")
    ids = staged(world, core="minor")

    done = world.run("stage.reject", ids["core"], "--yes", env=otp(world))

    assert done.code == 0, done.text
    assert world.registry.stages() == []
    assert world.subjects()[0] == "chore(release): reject 1 stage [skip ci]"
    recorded = world.staged_json()
    assert recorded is not None
    assert recorded["pending"] == []
    assert [stone["version"] for stone in recorded["rejected"]] == ["1.1.0"]
    path, line = re.findall(r"(packages/core/CHANGELOG\.md):(\d+)", done.text)[0]
    assert "1.1.0" in world.read(path).splitlines()[int(line) - 1]


def test_no_commit_and_no_push_keep_the_decision_here(world: World) -> None:
    world.package("core").package("other")
    ids = staged(world, core="minor", other="patch")
    before = world.subjects()

    assert world.run("stage.approve", ids["core"], "--no-commit", env=otp(world)).code == 0
    assert json.loads(world.read(".vis/release/staged.json"))["approved"][0]["name"] == "core"
    assert world.git("log", "-1", "--format=%s") == before[0]

    assert world.run("stage.approve", ids["other"], "--no-push", env=otp(world)).code == 0
    assert world.git("log", "-1", "--format=%s") == "chore(release): approve 1 stage [skip ci]"
    assert world.subjects() == before, "nothing was pushed"


@pytest.mark.parametrize(
    ("words", "says"),
    [((), "name the stages"), (("nothing@1.0.0",), "means no stage"), (("--all", "core@1.1.0"), "exclude each other")],
)
def test_what_means_nothing_is_refused_before_anything_is_decided(
    world: World, words: tuple[str, ...], says: str
) -> None:
    world.package("core")
    staged(world, core="minor")

    done = world.run("stage.approve", *words, env=otp(world))

    assert done.code == 2
    assert says in done.text
    assert len(world.registry.stages()) == 1
