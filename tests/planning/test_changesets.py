"""A repository that uses changesets: its configuration, its engine, and its pre mode, on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from tests.planning.builders import package, versions_of, write_change, write_workspace
from vis_tasks.adapters.changefiles import read_changes
from vis_tasks.adapters.changesets import find_engine, read_pre, read_rules
from vis_tasks.adapters.planning import plan_edits, plan_on_disk
from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.config.model import ChannelConfig, ReleaseConfig
from vis_tasks.core.model import Level
from vis_tasks.errors import ConfigError

CONFIG = ReleaseConfig(rules="changesets")
DAY = date(2026, 11, 21)


def configure(root, **document):
    (root / ".changeset").mkdir(exist_ok=True)
    (root / ".changeset/config.json").write_text(json.dumps(document))


def rules(root, config=CONFIG):
    return read_rules(root, config, read_workspace(root))


def release(root, config=CONFIG):
    """Plan, write, and give the versions that came out."""
    members = read_workspace(root)
    plan = plan_on_disk(root, config, members, read_changes(root, config, members))
    for edit in plan_edits(root, config, members, plan, DAY):
        file = root / edit.path
        if edit.content is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(edit.content)
    return versions_of(plan)


@pytest.mark.parametrize(
    ("file", "text", "version"),
    [
        ("pnpm-lock.yaml", "  '@changesets/assemble-release-plan@6.0.5':\n    resolution: {}\n", "6.0.5"),
        ("pnpm-lock.yaml", "  /@changesets/assemble-release-plan@6.0.4:\n", "6.0.4"),
        ("pnpm-lock.yaml", "  /@changesets/assemble-release-plan/5.2.3:\n", "5.2.3"),
        ("yarn.lock", '"@changesets/assemble-release-plan@^6.0.5":\n  version "6.0.7"\n', "6.0.7"),
        ("yarn.lock", '"@changesets/assemble-release-plan@npm:^7.0.0":\n  version: 7.0.1\n', "7.0.1"),
        (
            "bun.lock",
            '"@changesets/assemble-release-plan": ["@changesets/assemble-release-plan@6.0.9", "", {}],\n',
            "6.0.9",
        ),
        (
            "package-lock.json",
            (
                '{"packages": {"node_modules/@changesets/cli": {"dependencies": {"@changesets/assemble-release-plan": "^6.0.1"}},'
                '\n "node_modules/@changesets/assemble-release-plan": {\n   "version": "6.0.10",\n   "resolved": "x"}}}'
            ),
            "6.0.10",
        ),
    ],
)
def test_the_lock_file_tells_the_engine(tmp_path, file, text, version):
    root = write_workspace(tmp_path, package("a"))
    (root / file).write_text(text)
    assert find_engine(root, read_workspace(root)).version == version


def test_a_workspace_that_is_changesets_itself_tells_it_too(tmp_path):
    root = write_workspace(tmp_path, package("@changesets/assemble-release-plan", "7.0.0"))
    assert find_engine(root, read_workspace(root)).version == "7.0.0"


def test_the_package_json_tells_it_without_a_lock_file(tmp_path):
    root = write_workspace(tmp_path, package("a"))
    top = {"name": "root", "workspaces": ["packages/*"], "devDependencies": {"@changesets/cli": "^3.0.0"}}
    (root / "package.json").write_text(json.dumps(top))
    assert rules(root) == rules(root, replace(CONFIG, rules="changesets-3"))


def test_its_options_become_rules(tmp_path):
    root = write_workspace(tmp_path, package("@x/a"), package("@x/b"), package("c"), package("d"))
    configure(
        root,
        fixed=[["@x/*"]],
        linked=[["c", "d"]],
        ignore=["*"],
        updateInternalDependencies="minor",
        privatePackages={"version": False},
        bumpVersionsWithWorkspaceProtocolOnly=True,
        ___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH={
            "onlyUpdatePeerDependentsWhenOutOfRange": True,
            "updateInternalDependents": "always",
        },
    )
    found = rules(root, replace(CONFIG, rules="changesets-2"))
    assert (found.fixed, found.linked) == ((("@x/a", "@x/b"),), (("c", "d"),))
    assert found.ignore == ("c", "d")
    assert (found.ranges_from, found.dependents_from) == (Level.MINOR, Level.PATCH)
    assert (found.private_packages, found.workspace_protocol_only) == (False, True)
    assert (found.peers, found.peers_always, found.peer_ranges) == ("major", False, False)


def test_old_habits_come_with_an_old_engine_or_by_configuration(tmp_path):
    root = write_workspace(tmp_path, package("a"))
    configure(root)
    assert not rules(root).caret_leaves
    assert rules(root, replace(CONFIG, bump_workspace_caret=True)).caret_leaves
    (root / "yarn.lock").write_text('"@changesets/assemble-release-plan@^6.0.0":\n  version "6.0.8"\n')
    assert rules(root).caret_leaves


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"updateInternalDependencies": "pach"}, "did you mean patch?"),
        ({"fixed": ["a"]}, '"fixed" must be a list of lists'),
        ({"fixed": [["a"]], "linked": [["a"]]}, "a is in two groups"),
        ({"ignore": "a"}, '"ignore" must be a list'),
        ({"privatePackages": "no"}, '"privatePackages" must be'),
        ([], "must be an object"),
    ],
)
def test_a_broken_configuration_is_refused(tmp_path, document, what):
    root = write_workspace(tmp_path, package("a"))
    (root / ".changeset").mkdir()
    (root / ".changeset/config.json").write_text(json.dumps(document))
    with pytest.raises(ConfigError) as caught:
        rules(root)
    assert what in f"{caught.value.message} {caught.value.hint}"
    assert ".changeset/config.json" in caught.value.message


def test_broken_json_is_refused_with_line_and_column(tmp_path):
    root = write_workspace(tmp_path, package("a"))
    configure(root)
    (root / ".changeset/config.json").write_text('{\n  "fixed": [],\n}')
    with pytest.raises(ConfigError, match=r"\.changeset/config\.json:3:1"):
        rules(root)
    (root / ".changeset/pre.json").write_text('{"mode": "never"}')
    with pytest.raises(ConfigError, match=r"pre\.json must hold"):
        read_pre(root, CONFIG)


@pytest.mark.parametrize("rules_name", ["changesets-2", "changesets-3"])
def test_pre_mode_counts_up_and_leaves(tmp_path, rules_name):
    config = replace(CONFIG, rules=rules_name)
    root = write_workspace(tmp_path, package("a"), package("b", deps={"a": "^1.0.0"}))
    configure(root)
    (root / ".changeset/pre.json").write_text('{"mode": "pre", "tag": "next", "mine": 1}')
    write_change(root, "one", "---\na: minor\n---\n\nOne\n", ".changeset")
    assert release(root, config) == {"a": "1.1.0-next.0", "b": "1.0.1-next.0"}
    assert release(root, config) == {}
    write_change(root, "two", "---\na: patch\n---\n\nTwo\n", ".changeset")
    assert release(root, config) == {"a": "1.1.0-next.1"}
    pre = json.loads((root / ".changeset/pre.json").read_text())
    assert pre["mine"] == 1
    if rules_name == "changesets-2":
        assert pre["changesets"] == ["one", "two"]
        assert pre["initialVersions"] == {"a": "1.0.0", "b": "1.0.0"}
        assert sorted(each.name for each in (root / ".changeset").glob("*.md")) == ["one.md", "two.md"]
    else:
        assert sorted(each.name for each in (root / ".changeset/pre").glob("*.md")) == ["one.md", "two.md"]
    (root / ".changeset/pre.json").write_text(json.dumps({**pre, "mode": "exit"}))
    assert release(root, config) == {"a": "1.1.0", "b": "1.0.1"}
    assert not (root / ".changeset/pre.json").exists()
    assert list((root / ".changeset").rglob("*.md")) == []
    written = json.loads((root / "packages/b/package.json").read_text())
    assert (written["version"], written["dependencies"]) == ("1.0.1", {"a": "^1.1.0"})


def test_a_channel_makes_prereleases_and_another_branch_leaves_them(tmp_path):
    config = ReleaseConfig(channels={"next": ChannelConfig(tag="next", prerelease="next"), "main": ChannelConfig()})
    members = read_workspace(write_workspace(tmp_path, package("a", "2.0.0-next.3"), package("b", "2.0.0-beta.0")))
    assert versions_of(plan_on_disk(tmp_path, config, members, (), branch="main")) == {"a": "2.0.0"}
    assert versions_of(plan_on_disk(tmp_path, config, members, (), branch="next")) == {}


@pytest.mark.parametrize(
    ("settings", "level", "expected"),
    [
        ({}, "major", "1.0.0"),
        ({"major_before_1_is_minor": True}, "major", "0.2.0"),
        ({"major_before_1_is_minor": True, "minor_before_1_is_patch": True}, "minor", "0.1.1"),
    ],
)
def test_below_1_0_0_changes_can_count_for_less(tmp_path, settings, level, expected):
    root = write_workspace(tmp_path, package("a", "0.1.0"))
    write_change(root, "x", f"---\na: {level}\n---\n\nText\n")
    assert release(root, ReleaseConfig(**settings)) == {"a": expected}


@pytest.mark.parametrize(("style", "first"), [("keep-a-changelog", "## [1.1.0] - 2026-11-21"), ("none", None)])
def test_the_configuration_chooses_the_changelog_s_style(tmp_path, style, first):
    root = write_workspace(tmp_path, package("a"))
    write_change(root, "x", "---\na: minor\n---\n\nText\n")
    release(root, ReleaseConfig(changelog=style))
    changelog = root / "packages/a/CHANGELOG.md"
    assert (changelog.read_text().splitlines()[2] if changelog.exists() else None) == first
