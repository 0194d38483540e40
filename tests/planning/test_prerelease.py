"""pre.enter, pre.exit and snapshot, as people run them, and beside changesets' own program."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.planning.builders import package, write_change, write_workspace
from tests.planning.test_tasks import commit_all, git, vis
from tests.planning.tools import npm_tool
from vis_tasks.core.changesets import ENGINE_2, ENGINE_3, pre_from
from vis_tasks.core.model import Workspace
from vis_tasks.core.pre_edits import enter_edits, exit_edits
from vis_tasks.core.snapshots import is_snapshot

# changesets 3 wants Node 22.11 or newer.
NODE = "node@24.11.0"
CLI = {"2": "@changesets/cli@2.31.1", "3": "@changesets/cli@3.0.3"}
MEMBERS = (
    package("a", "1.2.0"),
    package("b", "1.0.0", deps={"a": "^1.0.0"}),
    package("c", "0.1.0", deps={"a": "~1.2.0"}),
)


def repo(root, engine="2", config=None):
    write_workspace(root, *MEMBERS)
    (root / "vis.toml").write_text(f'[release]\nrules = "changesets-{engine}"\nchangelog = "none"\n')
    (root / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}')
    (root / ".gitignore").write_text("node_modules\n")
    write_change(root, "one", '---\n"a": minor\n---\n\nNew\n', ".changeset")
    (root / ".changeset/config.json").write_text(json.dumps({"changelog": False, "commit": False, **(config or {})}))
    git(root, "init", "-q", "-b", "main")
    commit_all(root, "chore: start")
    return root


def changeset(root, engine, *argv):
    node = Path(npm_tool("node", NODE)).parent
    env = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"}
    program = npm_tool("changeset", CLI[engine])
    done = subprocess.run(
        [program, *argv], cwd=root, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr


def pre_json(root):
    return (root / ".changeset/pre.json").read_bytes()


# --- pre mode ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["2", "3"])
def test_pre_mode_begins_ends_and_begins_again(tmp_path, engine):
    root = repo(tmp_path / "w", engine)
    assert vis(root, "pre.exit").returncode == 1
    assert vis(root, "pre.enter", "next", "--plan-only").stdout == "would write .changeset/pre.json\n"
    assert not (root / ".changeset/pre.json").exists()
    assert json.loads(vis(root, "pre.enter", "next", "--json").stdout)["paths"] == [".changeset/pre.json"]
    versions = json.loads(vis(root, "next-version", "--json").stdout)["versions"]
    assert versions == {"a": "1.3.0-next.0", "b": "1.0.1-next.0", "c": "0.1.1-next.0"}
    again = vis(root, "pre.enter", "beta")
    assert (again.returncode, "pre mode is on already, with the tag next" in again.stderr + again.stdout) == (1, True)
    assert vis(root, "pre.exit").returncode == 0
    assert json.loads(pre_json(root))["mode"] == "exit"
    assert json.loads(vis(root, "pre.exit", "--json").stdout)["paths"] == []
    assert vis(root, "pre.enter", "--tag", "beta").returncode == 0
    assert json.loads(pre_json(root))["tag"] == "beta"


@pytest.mark.parametrize("words", [(), ("two", "words"), ("ä",), ("a_b",), ("01",)])
def test_a_tag_that_no_version_could_carry_is_refused(tmp_path, words):
    root = repo(tmp_path / "w")
    assert vis(root, "pre.enter", *words).returncode == 2
    assert not (root / ".changeset/pre.json").exists()


def test_with_our_own_rules_the_channel_of_a_branch_is_the_way(tmp_path):
    root = repo(tmp_path / "w")
    (root / "vis.toml").write_text("[release]\n")
    refused = vis(root, "pre.enter", "next", "--json")
    assert refused.returncode == 1
    assert '[release.channels.main] prerelease = "next"' in json.loads(refused.stdout)["error"]["hint"]


def test_the_used_change_files_that_2_left_in_the_folder_move_below_pre_for_3():
    noted = {"mode": "exit", "tag": "next", "initialVersions": {"a": "1.2.0"}, "changesets": ["one", "gone"]}
    pre = pre_from({**noted, "mode": "pre"})
    contents = {".changeset/one.md": b"text"}
    edits = {edit.path: edit.content for edit in exit_edits(pre, ENGINE_3.base, contents)}
    moved = {".changeset/one.md": None, ".changeset/pre/one.md": b"text"}
    assert edits == {**moved, ".changeset/pre.json": b'{\n  "mode": "exit",\n  "tag": "next"\n}\n'}
    again = {
        edit.path for edit in enter_edits("rc", pre_from(noted), ENGINE_3.base, Workspace(Path(), "npm", ()), contents)
    }
    assert again == {*moved, ".changeset/pre.json"}
    assert json.loads(exit_edits(pre, ENGINE_2.base, contents)[0].content or b"") == noted


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["2", "3"])
def test_pre_json_is_the_one_changesets_writes_through_a_whole_prerelease(tmp_path, engine):
    theirs, ours = repo(tmp_path / "theirs", engine), repo(tmp_path / "ours", engine)

    def same():
        files = [
            sorted(path.relative_to(root).as_posix() for path in root.glob(".changeset/**/*"))
            for root in (theirs, ours)
        ]
        assert files[0] == files[1]
        assert pre_json(theirs) == pre_json(ours)

    changeset(theirs, engine, "pre", "enter", "next")
    assert vis(ours, "pre.enter", "next").returncode == 0
    same()
    changeset(theirs, engine, "pre", "exit")
    assert vis(ours, "pre.exit").returncode == 0
    same()
    changeset(theirs, engine, "pre", "enter", "rc")
    assert vis(ours, "pre.enter", "rc").returncode == 0
    same()


# --- snapshots ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_writes_package_json_files_and_nothing_else(tmp_path):
    root = repo(tmp_path / "w")
    sha = git(root, "rev-parse", "HEAD").strip()[:7]
    shown = vis(root, "snapshot", "pr-12", "--plan-only", "--json")
    assert json.loads(shown.stdout)["written"] == []
    done = json.loads(vis(root, "snapshot", "pr-12", "--json").stdout)
    assert done["versions"] == {"a": f"0.0.0-pr-12-{sha}", "c": f"0.0.0-pr-12-{sha}"}
    assert git(root, "status", "--short").split() == ["M", "packages/a/package.json", "M", "packages/c/package.json"]
    manifest = json.loads((root / "packages/c/package.json").read_text())
    assert (manifest["version"], manifest["dependencies"]["a"]) == (f"0.0.0-pr-12-{sha}", f"0.0.0-pr-12-{sha}")


def test_a_snapshot_is_never_staged(tmp_path):
    root = repo(tmp_path / "w")
    vis(root, "snapshot", "pr-12")
    commit_all(root, "chore: try it")
    git(root, "init", "-q", "--bare", str(tmp_path / "remote.git"))
    git(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(root, "push", "-q", "origin", "main")
    git(root, "config", "user.name", "Me")
    git(root, "config", "user.email", "me@example.test")
    refused = vis(root, "stage", "--json")
    assert refused.returncode == 1
    error = json.loads(refused.stdout)["error"]
    assert error["code"] == "SNAPSHOT"
    assert len(error["details"]["snapshots"]) == 2
    assert "git restore packages/a/package.json" in error["hint"]


def test_no_snapshots_in_pre_mode(tmp_path):
    root = repo(tmp_path / "w")
    vis(root, "pre.enter", "next")
    refused = vis(root, "snapshot", "pr-12", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (1, "SNAPSHOT")


def test_changesets_template_and_calculated_version_are_followed(tmp_path):
    names = {"useCalculatedVersion": True, "prereleaseTemplate": "{tag}.{datetime}"}
    root = repo(tmp_path / "w", config={"snapshot": names})
    versions = json.loads(vis(root, "snapshot", "canary", "--plan-only", "--json").stdout)["versions"]
    assert re.fullmatch(r"1\.3\.0-canary\.\d{14}", versions["a"])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["2", "3"])
def test_a_snapshot_takes_the_packages_and_ranges_that_changesets_takes(tmp_path, engine):
    template = {"snapshot": {"prereleaseTemplate": "{tag}-{commit}"}}
    theirs, ours = repo(tmp_path / "theirs", engine, template), repo(tmp_path / "ours", engine, template)
    changeset(theirs, engine, "version", "--snapshot", "pr-12")
    vis(ours, "snapshot", "pr-12")
    shas = {root: git(root, "rev-parse", "HEAD").strip() for root in (theirs, ours)}
    for each in MEMBERS:
        found = [
            json.loads((root / each.manifest_path).read_text().replace(sha, "<sha>")) for root, sha in shas.items()
        ]
        assert found[0] == found[1]


@pytest.mark.parametrize(
    ("version", "yes"),
    [
        ("0.0.0-pr-12-1a2b3c4", True),
        ("0.0.0-1a2b3c4", True),
        ("0.0.0-20260102030405", True),
        ("0.0.0-canary-20260102030405", True),
        ("1.3.0-canary-1a2b3c4", True),
        ("0.0.0-alpha.0", False),
        ("0.0.0", False),
        ("1.0.0-next.1", False),
        ("1.0.0-20260102030405", False),
        ("1.0.0-beta-2", False),
    ],
)
def test_a_snapshot_s_version_is_told_from_a_prerelease_s(version, yes):
    assert is_snapshot(version) is yes
