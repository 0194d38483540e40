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


def test_the_table_leads_from_unknown_keys_to_known_ones():
    known = {(*path, key) for path, table in walk() for key in options(table)}
    assert [old for old in RENAMED if old in known] == []
    assert [new for new in RENAMED.values() if new not in known] == []
