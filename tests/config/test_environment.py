"""Overrides from the environment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vis_tasks.config.environment import variable
from vis_tasks.config.model import ChannelConfig, Config
from vis_tasks.config.shape import Kind, options, walk


def test_a_variable_wins_over_the_file(workspace):
    loaded = workspace.vis('[release.publish.stage]\ntimeout = "30m"\nsettle = "1m"\n').load(
        VIS_RELEASE__PUBLISH__STAGE__TIMEOUT="4h"
    )
    stage = loaded.config.release.publish.stage
    assert stage.timeout == timedelta(hours=4)
    assert stage.settle == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("name", "text", "key", "expected"),
    [
        ("VIS_RELEASE__BASE_BRANCH", "trunk", "release.base-branch", "trunk"),
        ("VIS_RELEASE__PRIVATE_PACKAGES", "TRUE", "release.private-packages", True),
        ("VIS_RELEASE__PRIVATE_PACKAGES", "0", "release.private-packages", False),
        ("VIS_RELEASE__PUBLISH__CONCURRENCY", " 8 ", "release.publish.concurrency", 8),
        ("VIS_RELEASE__PUBLISH__STAGE", "false", "release.publish.stage.enabled", False),
        (
            "VIS_RELEASE__PUBLISH__STAGE__POLL_INTERVAL",
            "1m",
            "release.publish.stage.poll-interval",
            timedelta(minutes=1),
        ),
        ("VIS_RELEASE__PUBLISH__PROVENANCE", "true", "release.publish.provenance", "true"),
        ("VIS_RELEASE__INCLUDE", "@acme/*, !@acme/x,", "release.include", ("@acme/*", "!@acme/x")),
        ("VIS_RELEASE__INCLUDE", '["a,b"]', "release.include", ("a,b",)),
        ("VIS_RELEASE__IGNORE", "[]", "release.ignore", ()),
        ("VIS_RELEASE__FIXED", '[["a", "b"]]', "release.fixed", (("a", "b"),)),
        ("VIS_RELEASE__HOOKS__AFTER_TAG", "echo done", "release.hooks.after-tag", "echo done"),
        ("VIS_RELEASE__HOOKS__AFTER_TAG", '["echo", "d"]', "release.hooks.after-tag", ("echo", "d")),
        ("VIS_RELEASE__CHANNELS__NEXT__TAG", "beta", "release.channels.next.tag", "beta"),
        ("VIS_CI__NODE", "26", "ci.node", "26"),
    ],
)
def test_every_kind_of_value_can_be_set(workspace, name, text, key, expected):
    loaded = workspace.load(**{name: text})
    assert loaded.values[key] == expected
    assert str(loaded.origins[key]) == f"env {name}"


def test_a_table_of_strings_is_written_as_toml(workspace):
    loaded = workspace.vis('[release.targets.build]\nrun = "make"\n').load(
        VIS_RELEASE__TARGETS__BUILD__ENV='{CI = "1"}'
    )
    assert loaded.config.release.targets["build"].env == {"CI": "1"}
    assert loaded.config.release.targets["build"].run == "make"


def test_a_free_name_is_made_when_it_is_new(workspace):
    loaded = workspace.load(VIS_RELEASE__CHANNELS__RELEASE_2__PRERELEASE="rc")
    assert loaded.config.release.channels == {"release-2": ChannelConfig(prerelease="rc")}


def test_a_switch_in_the_file_keeps_its_say_beside_a_variable(workspace):
    loaded = workspace.vis("[release.publish]\nstage = false\n").load(VIS_RELEASE__PUBLISH__STAGE__TIMEOUT="4h")
    assert loaded.config.release.publish.stage.enabled is False
    assert loaded.config.release.publish.stage.timeout == timedelta(hours=4)


def test_an_empty_variable_counts_as_not_given(workspace):
    assert workspace.load(VIS_RELEASE__BASE_BRANCH="", VIS_RELEASE__NONSENSE=" ").config == Config()


@pytest.mark.parametrize("name", ["VIS_TOKEN", "VIS_OTHER__TOOL", "RELEASE__BASE_BRANCH", "vis_release__base_branch"])
def test_variables_of_others_are_left_alone(workspace, name):
    assert workspace.load(**{name: "x"}).config == Config()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("VIS_RELEASE__BASEBRANCH", "x", "did you mean VIS_RELEASE__BASE_BRANCH?"),
        ("VIS_RELAESE__BASE_BRANCH", "x", "did you mean VIS_RELEASE__BASE_BRANCH?"),
        ("VIS__RELEASE__BASE_BRANCH", "x", "names no option"),
        ("VIS_RELEASE__", "x", "names no option"),
        ("VIS_RELEASE__PUBLISH", "x", "is a table: name one option inside it; allowed: access,"),
        ("VIS_RELEASE__CHANNELS", "x", "is a table: name one option inside it"),
        ("VIS_RELEASE__CHANNELS__NEXT", "x", "is a table: name one option inside it; allowed: tag, prerelease"),
        ("VIS_RELEASE__BASE_BRANCH__NAME", "x", "has nothing inside it: it is a string"),
        ("VIS_RELEASE__PACKAGES__@ACME/UI__STAGE", "false", "a variable can't spell"),
        ("VIS_RELEASE__PUBLISH__CONCURRENCY", "four", "it is not a whole number"),
        ("VIS_RELEASE__PUBLISH__CONCURRENCY", "99", "is 99; allowed: 1 to 32"),
        ("VIS_RELEASE__PRIVATE_PACKAGES", "maybe", "it is neither true nor false"),
        ("VIS_RELEASE__PUBLISH__STAGE", "maybe", "it is neither true nor false"),
        ("VIS_RELEASE__PUBLISH__STAGE__TIMEOUT", "4 hours", "is no duration"),
        ("VIS_RELEASE__FIXED", "a,b", "it is not a TOML value"),
        ("VIS_RELEASE__FIXED", "[]\nother = 1", "it is not a TOML value"),
        ("VIS_RELEASE__INCLUDE", "[1]", "is a whole number; allowed: a string"),
        ("VIS_CI__LAYOUT", "triple", 'allowed: "split", "single"'),
    ],
)
def test_a_wrong_variable_is_named_with_the_way_out(workspace, name, text, said):
    error = workspace.refusal(**{name: text})
    assert error.message.startswith(f"env {name}: ")
    assert said in error.message


def test_a_variable_into_something_that_is_no_table_blames_the_file(workspace):
    error = workspace.vis("[release]\npublish = 3\n").refusal(VIS_RELEASE__PUBLISH__TAG="next")
    assert error.message.startswith("vis.toml:2: release.publish is a whole number")


def test_every_option_has_a_variable_that_reaches_it():
    for path, table in walk():
        for option in options(table).values():
            if option.kind in {Kind.TABLE, Kind.TABLES}:
                continue
            full = tuple("next" if part == "<name>" else part for part in (*path, option.key))
            assert variable(full), full


def test_scoped_packages_have_none():
    assert variable(("release", "packages", "@acme/ui", "stage")) is None
