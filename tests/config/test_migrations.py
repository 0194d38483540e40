"""Renamed keys go on working."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vis_tasks.config.load import load_config
from vis_tasks.config.migrations import RENAMED
from vis_tasks.config.shape import options, walk
from vis_tasks.errors import ConfigError

if TYPE_CHECKING:
    from vis_tasks.config.shape import KeyPath

OLD: dict[KeyPath, KeyPath] = {
    ("release", "branch"): ("release", "base-branch"),
    ("staging",): ("release", "publish", "stage"),
}


def test_an_old_key_works_and_says_its_new_name(workspace):
    workspace.vis('[release]\nbranch = "trunk"\n')
    loaded = load_config(workspace.root, {}, renamed=OLD)
    assert loaded.config.release.base_branch == "trunk"
    assert loaded.warnings == ("vis.toml:2: release.branch is now called release.base-branch",)
    assert str(loaded.origins["release.base-branch"]) == "vis.toml:2"


def test_a_whole_table_can_move(workspace):
    workspace.vis('[release.publish]\ntag = "next"\n[staging]\ntimeout = "5x"\n')
    with pytest.raises(ConfigError, match=r"^vis\.toml:4: release\.publish\.stage\.timeout can't be read"):
        load_config(workspace.root, {}, renamed=OLD)


def test_old_and_new_together_are_refused(workspace):
    workspace.vis('[release]\nbranch = "a"\nbase-branch = "b"\n')
    with pytest.raises(ConfigError, match=r"vis\.toml:2: release\.branch is the old name of release\.base-branch"):
        load_config(workspace.root, {}, renamed=OLD)


def test_an_old_key_below_something_that_is_no_table_is_not_looked_for(workspace):
    workspace.vis("release = 3\n")
    with pytest.raises(ConfigError, match="release is a whole number; allowed: a table"):
        load_config(workspace.root, {}, renamed=OLD)


def test_a_key_below_a_free_name_can_be_renamed(workspace):
    old: dict[KeyPath, KeyPath] = {
        ("release", "packages", "<name>", "dist-tag"): ("release", "packages", "<name>", "tag")
    }
    workspace.vis('[release.packages."@acme/a"]\ndist-tag = "next"\n[release.packages.b]\ndist-tag = "beta"\n')
    loaded = load_config(workspace.root, {}, renamed=old)
    assert {name: package.tag for name, package in loaded.config.release.packages.items()} == {
        "@acme/a": "next",
        "b": "beta",
    }
    assert loaded.warnings[0] == (
        'vis.toml:2: release.packages."@acme/a".dist-tag is now called release.packages."@acme/a".tag'
    )


def test_old_names_work_in_variables_too(workspace):
    env = {"VIS_RELEASE__BRANCH": "trunk", "VIS_STAGING__TIMEOUT": "5m"}
    loaded = load_config(workspace.root, env, renamed=OLD)
    assert loaded.config.release.base_branch == "trunk"
    assert loaded.config.release.publish.stage.timeout.total_seconds() == 300
    assert loaded.warnings == (
        "env VIS_RELEASE__BRANCH: this is now called VIS_RELEASE__BASE_BRANCH",
        "env VIS_STAGING__TIMEOUT: this is now called VIS_RELEASE__PUBLISH__STAGE__TIMEOUT",
    )
    assert str(loaded.origins["release.base-branch"]) == "env VIS_RELEASE__BRANCH"


def test_the_table_leads_from_unknown_keys_to_known_ones():
    known = {(*path, key) for path, table in walk() for key in options(table)}
    assert [old for old in RENAMED if old in known] == []
    assert [new for new in RENAMED.values() if new not in known] == []
