"""The commands as people run them: a process in a real git repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.planning.builders import package, write_change, write_workspace


@pytest.fixture
def repo(tmp_path):
    root = write_workspace(tmp_path / "w", package("core"), package("cli", deps={"core": "^1.0.0"}))
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "chore: start")
    git(root, "checkout", "-q", "-b", "topic")
    return root


def git(root, *argv):
    who = {f"GIT_{role}_{what}": "me@example.test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(["git", *argv], cwd=root, env=env, check=True, capture_output=True, text=True).stdout


def vis(root, *argv):
    done = subprocess.run(
        [sys.executable, "-m", "vis_tasks", *argv],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr
    return done


def commit_all(root, message):
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


def test_a_change_is_demanded_written_and_planned(repo):
    (repo / "packages/core/index.js").write_text("1")
    refused = vis(repo, "check")
    assert (refused.returncode, "• core" in refused.stdout) == (1, True)
    added = vis(repo, "add", "--packages", "core:major", "--message", "New ground", "--json")
    path = json.loads(added.stdout)["path"]
    assert (repo / path).read_text() == '---\n"core": major\n---\n\nNew ground\n'
    assert vis(repo, "check").returncode == 0
    document = json.loads(vis(repo, "status", "--json").stdout)
    assert [(each["name"], each["newVersion"]) for each in document["releases"]] == [
        ("cli", "1.0.1"),
        ("core", "2.0.0"),
    ]
    assert 'leaves "^1.0.0"' in vis(repo, "status", "--why", "--only", "cli").stdout
    assert "- New ground" in vis(repo, "changelog", "--only", "core").stdout


def test_the_plan_is_a_document_on_stdout_and_in_a_file(repo):
    write_change(repo, "x", "---\ncore: minor\n---\n\nText\n")
    printed = json.loads(vis(repo, "plan").stdout)
    vis(repo, "plan", "--output", "plan.json")
    assert printed == json.loads((repo / "plan.json").read_text())
    assert printed["schemaVersion"] == 1
    elsewhere = repo.parent / "elsewhere.json"
    assert str(elsewhere) in vis(repo, "plan", "--output", str(elsewhere)).stdout
    assert printed == json.loads(elsewhere.read_text())
    snapshot = vis(repo, "next-version", "--snapshot", "pr-1").stdout
    assert snapshot == f"core 1.0.0 → 0.0.0-pr-1-{git(repo, 'rev-parse', 'HEAD')[:7]}\n"


def test_status_since_a_commit_counts_only_newer_change_files(repo):
    write_change(repo, "old", "---\ncore: minor\n---\n\nText\n")
    commit_all(repo, "feat: old")
    write_change(repo, "new", "---\ncli: patch\n---\n\nText\n")
    document = json.loads(vis(repo, "status", "--since", "HEAD", "--json").stdout)
    assert [each["id"] for each in document["changes"]] == ["new"]
    unknown = vis(repo, "status", "--since", "nowhere")
    assert (unknown.returncode, "nowhere" in unknown.stdout) == (2, True)


def test_a_change_file_for_nothing_that_is_versioned_is_pointed_out(repo):
    manifest = repo / "packages/core/package.json"
    manifest.write_text(manifest.read_text().replace('"version"', '"private": true, "version"'))
    write_change(repo, "x", "---\ncore: minor\n---\n\nText\n")
    done = vis(repo, "status", "--json")
    assert json.loads(done.stdout)["waiting"] == [".vis/release/x.md"]
    assert ".vis/release/x.md waits" in done.stderr


def test_change_files_come_from_the_commits_of_the_branch(repo):
    (repo / "packages/core/ünïcode name.js").write_text("1")
    commit_all(repo, "feat(core): first")
    (repo / "packages/cli/b.js").write_text("1")
    commit_all(repo, "fix: second")
    git(repo, "revert", "--no-edit", "HEAD")
    shown = vis(repo, "generate", "--plan-only").stdout
    assert "core (minor): feat(core): first" in shown
    assert "second" not in shown
    assert not (repo / ".vis").exists()
    written = json.loads(vis(repo, "generate", "--json").stdout)["written"]
    assert len(written) == 1
    assert json.loads(vis(repo, "generate", "--json").stdout)["written"] == []


def test_without_anybody_to_ask_add_says_which_flags_to_use(repo):
    done = vis(repo, "add")
    assert done.returncode == 2
    assert "--packages" in done.stdout


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("---\ncor: minor\n---\n", ".vis/release/x.md:2"),
        ("---\ncore: minor\ncore: patch\n---\n", ".vis/release/x.md:3"),
        ("no front matter", ".vis/release/x.md:1"),
        ("---\na: &a [b]\nc: *a\n---\n", ".vis/release/x.md:2"),
    ],
)
def test_a_broken_change_file_stops_every_command_and_nothing_is_written(repo, text, where):
    write_change(repo, "x", text)
    before = git(repo, "status", "--porcelain", "-uall")
    for command in ("status", "plan", "check"):
        done = vis(repo, command)
        assert (done.returncode, where in done.stdout) == (2, True)
    assert git(repo, "status", "--porcelain", "-uall") == before
