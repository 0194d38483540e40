"""Lock files after versions moved."""

from __future__ import annotations

import json
import os
from datetime import date

import pytest

from tests.planning.builders import change, package, write_workspace
from vis_tasks.adapters.lockfile import refresh_lockfile
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.adapters.workspace import read_needed, read_workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.edits import edits_for
from vis_tasks.core.npmlock import NeedsNpm, edit_lock
from vis_tasks.core.plan import make_plan
from vis_tasks.errors import Failed
from vis_tasks.ports import Completed

MEMBERS = (
    package("@acme/core", "1.2.0", path="packages/core"),
    package("cli", "2.1.0", deps={"@acme/core": "^1.2.0"}, optional={"utils": "^1.0.0"}, dev={"app": "*"}),
    package("utils", "1.0.0", peer={"@acme/core": "1.x || 2.x"}),
    package("app", "0.0.0", deps={"cli": "^2.0.0", "utils": "^1.0.0"}, private=True),
)


class Refusing:
    """A runner that must not be needed."""

    def run(self, argv, **_):
        raise AssertionError(f"{argv} was started")


class Scripted:
    """A runner that writes what the package manager would."""

    def __init__(self, path, content, *, fails=False):
        self.path, self.content, self.fails, self.calls = path, content, fails, []

    def run(self, argv, *, cwd, env=None, **_):
        self.calls.append((tuple(argv), env))
        self.path.write_bytes(self.content)
        if self.fails:
            raise Failed("no network")
        return Completed(tuple(argv), 0, "", "")


def npm(root, *argv):
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    env = {"HOME": str(home), "npm_config_cache": str(home / "cache"), "npm_config_userconfig": str(home / "npmrc")}
    env["npm_config_registry"] = "http://127.0.0.1:9/"
    return SubprocessRunner().run(["npm", *argv], cwd=root, env=env)


def release(root, **levels):
    names = {"core": "@acme/core", "cli": "cli", "utils": "utils"}
    members = read_workspace(root)
    plan = make_plan(members, [change("x", **{names[name]: level for name, level in levels.items()})], ReleaseConfig())
    for edit in edits_for(members, read_needed(members, plan), plan, date=date(2026, 11, 21)):
        if edit.content is not None:
            (root / edit.path).write_bytes(edit.content)
    return read_workspace(root)


@pytest.mark.e2e
@pytest.mark.parametrize("version", ["2", "3"])
@pytest.mark.parametrize(
    "levels", [{"core": "major"}, {"core": "minor", "cli": "patch"}, {"cli": "major", "utils": "minor"}]
)
def test_the_edited_file_is_the_one_npm_would_write(tmp_path, version, levels):
    root = write_workspace(tmp_path / "w", *MEMBERS)
    install = (
        "install",
        "--package-lock-only",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--lockfile-version",
        version,
    )
    npm(root, *install)
    members = release(root, **levels)
    assert refresh_lockfile(members, Refusing()) == ("package-lock.json",)
    ours = (root / "package-lock.json").read_bytes()
    npm(root, *install)
    assert (root / "package-lock.json").read_bytes() == ours


@pytest.mark.e2e
def test_npm_itself_is_asked_where_editing_is_not_enough(tmp_path):
    root = write_workspace(tmp_path / "w", *MEMBERS)
    install = ("install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund")
    npm(root, *install)
    manifest = json.loads((root / "packages/cli/package.json").read_bytes())
    manifest["devDependencies"]["utils"] = "*"
    (root / "packages/cli/package.json").write_text(json.dumps(manifest))
    home = tmp_path / "home"
    env = {"HOME": str(home), "npm_config_cache": str(home / "cache"), "npm_config_userconfig": str(home / "npmrc")}
    runner = SubprocessRunner(base_env={**os.environ, **env, "npm_config_registry": "http://127.0.0.1:9/"})
    assert refresh_lockfile(read_workspace(root), runner) == ("package-lock.json",)
    lock = json.loads((root / "package-lock.json").read_bytes())
    assert lock["packages"]["packages/cli"]["devDependencies"] == {"app": "*", "utils": "*"}


def lock_of(members):
    entries: dict[str, dict] = {"": {"name": "root", "workspaces": ["packages/*"]}}
    for each in members.packages:
        entries[f"node_modules/{each.name}"] = {"resolved": each.path, "link": True}
        entries[each.path] = {"version": each.version} | {
            table: dict(each.table(table))
            for table in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
            if each.table(table)
        }
    return {"name": "root", "lockfileVersion": 3, "requires": True, "packages": entries}


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda lock: lock.update(lockfileVersion=1), "older than"),
        (lambda lock: lock["packages"].pop("packages/cli"), "is not in the lock file"),
        (lambda lock: lock["packages"]["packages/cli"]["dependencies"].update(left="1"), "are not those"),
        (lambda lock: lock["packages"]["node_modules/utils"].update(resolved="elsewhere"), "doesn't resolve"),
        (
            lambda lock: lock["packages"].update({"packages/cli/node_modules/utils": {"version": "1.0.0"}}),
            "doesn't resolve",
        ),
        (
            lambda lock: lock["packages"].update({"node_modules/x": {"peerDependencies": {"utils": "^9"}}}),
            "depends on utils",
        ),
    ],
)
def test_what_could_change_more_than_a_value_is_left_to_npm(tmp_path, spoil, why):
    members = read_workspace(write_workspace(tmp_path, *MEMBERS))
    lock = lock_of(members)
    assert edit_lock(json.dumps(lock), members) == json.dumps(lock)
    spoil(lock)
    answer = edit_lock(json.dumps(lock), members)
    assert isinstance(answer, NeedsNpm)
    assert why in answer.why


def test_a_range_that_its_member_left_is_left_to_npm(tmp_path):
    root = write_workspace(tmp_path, *MEMBERS)
    lock = lock_of(read_workspace(root))
    manifest = root / "packages/core/package.json"
    manifest.write_text(manifest.read_text().replace('"1.2.0"', '"2.0.0"'))
    answer = edit_lock(json.dumps(lock), read_workspace(root))
    assert isinstance(answer, NeedsNpm)
    assert '"@acme/core": "^1.2.0"' in answer.why


def test_nothing_is_started_without_a_lock_file_or_without_a_difference(tmp_path):
    root = write_workspace(tmp_path, *MEMBERS)
    members = read_workspace(root)
    assert refresh_lockfile(members, Refusing()) == ()
    (root / "package-lock.json").write_text(json.dumps(lock_of(members)))
    assert refresh_lockfile(members, Refusing()) == ()


def test_a_package_manager_that_fails_leaves_the_file_as_it_was(tmp_path):
    root = write_workspace(tmp_path, *MEMBERS)
    (root / "package-lock.json").write_text('{"lockfileVersion": 1}')
    runner = Scripted(root / "package-lock.json", b"half", fails=True)
    with pytest.raises(Failed, match="no network"):
        refresh_lockfile(read_workspace(root), runner)
    assert (root / "package-lock.json").read_text() == '{"lockfileVersion": 1}'


PNPM_LOCK = """lockfileVersion: '9.0'

importers:

  .: {}

  packages/a: {}

  packages/b:
    dependencies:
      '@acme/a':
        specifier: workspace:^
        version: link:../a
      left-pad:
        specifier: ^1.0.0
        version: 1.3.0
"""


def pnpm_repo(tmp_path, spec="workspace:^", *, lock=PNPM_LOCK):
    members = (package("@acme/a", path="packages/a"), package("b", deps={"@acme/a": spec, "left-pad": "^1.0.0"}))
    root = write_workspace(tmp_path, *members, manager="pnpm")
    (root / "pnpm-lock.yaml").write_text(lock, newline="")
    return root


def test_pnpm_s_file_is_left_alone_while_its_importers_say_the_same(tmp_path):
    assert refresh_lockfile(read_workspace(pnpm_repo(tmp_path)), Refusing()) == ()


@pytest.mark.parametrize(
    ("locked", "now"),
    [
        ("^1.0.0", "^1.0.1"),
        ("'>=1.0.0 <3'", ">=1.0.0 <4"),
        ("workspace:^1.0.0", "workspace:^1.0.1"),
        ("1.0.0", "1.0.1"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_linked_member_s_moved_range_is_edited_in_pnpm_s_file(tmp_path, locked, now, end):
    lock = PNPM_LOCK.replace("workspace:^", locked).replace("\n", end)
    root = pnpm_repo(tmp_path, now, lock=lock)
    manifest = root / "packages/a/package.json"
    manifest.write_text(manifest.read_text().replace("1.0.0", "1.0.1"))
    assert refresh_lockfile(read_workspace(root), Refusing()) == ("pnpm-lock.yaml",)
    quote = "'" if locked.startswith("'") else ""
    edited = lock.replace(f"specifier: {locked}", f"specifier: {quote}{now}{quote}", 1)
    assert (root / "pnpm-lock.yaml").read_bytes().decode() == edited


def test_a_peer_that_pnpm_lists_as_a_dependency_is_known(tmp_path):
    members = (package("@acme/a", path="packages/a"), package("b", peer={"@acme/a": "^1.0.0"}))
    root = write_workspace(tmp_path, *members, manager="pnpm")
    (root / "pnpm-lock.yaml").write_text(PNPM_LOCK.replace("workspace:^", "^1.0.0"))
    assert refresh_lockfile(read_workspace(root), Refusing()) == ()


@pytest.mark.parametrize(
    ("spec", "lock"),
    [
        ("workspace:^2.0.0", PNPM_LOCK),  # the member doesn't fit
        ("^1.0.1", PNPM_LOCK.replace("link:../a", "1.0.0").replace("workspace:^", "^1.0.0")),  # from the registry
        ("^1.0.0", PNPM_LOCK.replace("  packages/b:", "  packages/c:")),  # not in the file
        (">=1.0.0", PNPM_LOCK.replace("workspace:^", "^1.0.0")),  # may have to be quoted
    ],
)
def test_pnpm_is_asked_for_all_else(tmp_path, spec, lock):
    root = pnpm_repo(tmp_path, spec, lock=lock)
    runner = Scripted(root / "pnpm-lock.yaml", b"new")
    assert refresh_lockfile(read_workspace(root), runner) == ("pnpm-lock.yaml",)
    assert runner.calls[0][0] == ("pnpm", "install", "--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile")


YARN_LOCK = """__metadata:
  version: 8
  cacheKey: 10c0

"@acme/core@npm:^1.2.0, @acme/core@workspace:packages/core":
  version: 0.0.0-use.local
  resolution: "@acme/core@workspace:packages/core"
  languageName: unknown
  linkType: soft

"b@workspace:packages/b":
  version: 0.0.0-use.local
  resolution: "b@workspace:packages/b"
  dependencies:
    "@acme/core": "npm:^1.2.0"
    ms: "npm:2.0.0"
  peerDependencies:
    "@acme/core": "*"
  languageName: unknown
  linkType: soft

"ms@npm:2.0.0":
  version: 2.0.0
  resolution: "ms@npm:2.0.0"
  checksum: 10c0/123
  languageName: node
  linkType: hard
"""


def test_later_yarn_is_only_asked_when_a_member_asks_for_another_range(tmp_path):
    peer = {"@acme/core": "*"}
    members = (package("@acme/core", "1.2.0"), package("b", deps={"@acme/core": "^1.2.0", "ms": "2.0.0"}, peer=peer))
    root = write_workspace(tmp_path, *members)
    (root / "yarn.lock").write_text(YARN_LOCK)
    assert refresh_lockfile(read_workspace(root), Refusing()) == ()
    (root / "yarn.lock").write_text(YARN_LOCK.replace('"npm:^1.2.0"', "^1.2.0"))  # Yarn 2 and 3 wrote it so
    assert refresh_lockfile(read_workspace(root), Refusing()) == ()
    manifest = root / "packages/b/package.json"
    manifest.write_text(manifest.read_text().replace("^1.2.0", "^1.3.0"))
    runner = Scripted(root / "yarn.lock", b"new")
    assert refresh_lockfile(read_workspace(root), runner) == ("yarn.lock",)


def test_yarn_1_does_not_mention_members_and_later_yarn_runs_without_scripts(tmp_path):
    root = write_workspace(tmp_path, *MEMBERS)
    (root / "yarn.lock").write_text(
        "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n"
    )
    assert refresh_lockfile(read_workspace(root), Refusing()) == ()
    (root / "yarn.lock").write_text("__metadata:\n  version: 8\n")
    runner = Scripted(root / "yarn.lock", b"new")
    assert refresh_lockfile(read_workspace(root), runner) == ("yarn.lock",)
    argv, env = runner.calls[0]
    assert argv == ("yarn", "install", "--mode=update-lockfile")
    assert env == {"YARN_ENABLE_IMMUTABLE_INSTALLS": "0", "YARN_ENABLE_SCRIPTS": "0"}
