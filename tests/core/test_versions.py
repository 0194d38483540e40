"""Versions."""

from __future__ import annotations

import pytest

from vis_tasks.core.model import Level
from vis_tasks.core.versions import bump, compare, is_prerelease, is_valid, parse

IN_ORDER = [
    "0.0.0-0",
    "0.0.0",
    "1.0.0-1",
    "1.0.0-11",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.10.0",
    "2.0.0",
]


def test_versions_order_as_semver_says():
    for at, left in enumerate(IN_ORDER):
        for other, right in enumerate(IN_ORDER):
            assert compare(left, right) == (at > other) - (at < other)
    assert compare("1.0.0+a", "1.0.0+b") == 0


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3.4", "1.2.x", "1.2.9007199254740992", "1.0.0-" + "a" * 256],
)
def test_what_npm_refuses_is_no_version(text):
    assert not is_valid(text)
    with pytest.raises(ValueError, match="not a semantic version"):
        parse(text)


def test_a_leading_v_and_spaces_are_taken():
    assert str(parse(" v1.2.3-a.1+b ")) == "1.2.3-a.1"


@pytest.mark.parametrize(
    ("version", "level", "expected"),
    [
        ("1.2.3", Level.NONE, "1.2.3"),
        ("1.2.3", Level.PATCH, "1.2.4"),
        ("1.2.3", Level.MINOR, "1.3.0"),
        ("1.2.3", Level.MAJOR, "2.0.0"),
        ("1.2.4-next.1", Level.PATCH, "1.2.4"),
        ("1.2.4-next.1", Level.MINOR, "1.3.0"),
        ("1.3.0-next.1", Level.MINOR, "1.3.0"),
        ("2.0.0-next.1", Level.MAJOR, "2.0.0"),
        ("1.3.0-next.1", Level.MAJOR, "2.0.0"),
        ("1.2.3+build", Level.PATCH, "1.2.4"),
    ],
)
def test_a_prerelease_stands_for_the_release_it_leads_to(version, level, expected):
    assert bump(version, level) == expected


@pytest.mark.parametrize(
    ("version", "level", "expected"),
    [
        ("1.2.3", Level.MINOR, "1.3.0-next.0"),
        ("1.3.0-next.0", Level.PATCH, "1.3.0-next.1"),
        ("1.3.0-next.9", Level.MINOR, "1.3.0-next.10"),
        ("1.3.0-next.0", Level.MAJOR, "2.0.0-next.0"),
        ("1.3.0-alpha.4", Level.MINOR, "1.3.0-next.0"),
        ("1.3.0-next", Level.MINOR, "1.3.0-next.0"),
    ],
)
def test_a_prerelease_line_counts_up_until_the_release_it_leads_to_changes(version, level, expected):
    assert bump(version, level, prerelease="next") == expected


def test_only_versions_are_prereleases():
    assert is_prerelease("1.0.0-0")
    assert not is_prerelease("1.0.0")
    assert not is_prerelease("next-1")
