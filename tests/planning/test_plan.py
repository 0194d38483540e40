"""The default rules: who is released, and at which version."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tests.planning.builders import change, change_text, package, ranges_of, versions_of, workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.model import Level
from vis_tasks.core.plan import make_plan
from vis_tasks.errors import UsageError

CONFIG = ReleaseConfig()


def test_a_change_file_moves_its_package_by_its_level():
    plan = make_plan(workspace(package("a"), package("b")), [change("one", a="minor")], CONFIG)
    assert versions_of(plan) == {"a": "1.1.0"}
    assert plan.releases[0].level is Level.MINOR
    assert [each.id for each in plan.changes] == ["one"]


def test_of_several_change_files_the_highest_level_wins():
    plan = make_plan(workspace(package("a")), [change("x", a="patch"), change("y", a="major")], CONFIG)
    assert versions_of(plan) == {"a": "2.0.0"}
    assert plan.releases[0].changes == ("x", "y")


def test_a_dependent_whose_range_still_fits_stays():
    plan = make_plan(workspace(package("a"), package("b", deps={"a": "^1.0.0"})), [change("x", a="minor")], CONFIG)
    assert versions_of(plan) == {"a": "1.1.0"}
    assert plan.ranges == {}


def test_dependents_out_of_range_follow_with_a_patch_and_their_ranges_move():
    members = workspace(package("a"), package("b", deps={"a": "^1.0.0"}), package("c", deps={"b": "1.0.0"}))
    plan = make_plan(members, [change("x", a="major")], CONFIG)
    assert versions_of(plan) == {"a": "2.0.0", "b": "1.0.1", "c": "1.0.1"}
    assert ranges_of(plan) == {("b", "dependencies", "a"): "^2.0.0", ("c", "dependencies", "b"): "1.0.1"}


@pytest.mark.parametrize(
    ("spec", "level", "follows"),
    [
        ("workspace:*", "patch", True),
        ("workspace:^", "minor", False),
        ("workspace:^", "major", True),
        ("workspace:~", "patch", False),
        ("workspace:~", "minor", True),
        ("workspace:^1.0.0", "major", True),
        ("workspace:packages/a", "patch", True),
    ],
)
def test_the_workspace_protocol_means_the_current_version(spec, level, follows):
    plan = make_plan(workspace(package("a"), package("b", deps={"a": spec})), [change("x", a=level)], CONFIG)
    assert ("b" in versions_of(plan)) is follows
    if spec in {"workspace:*", "workspace:^", "workspace:~"}:
        assert plan.ranges == {}


@pytest.mark.parametrize("spec", ["workspace:^", "workspace:~"])
def test_dependents_by_workspace_caret_follow_everything_when_the_configuration_says_so(spec):
    config = replace(CONFIG, bump_workspace_caret=True)
    plan = make_plan(workspace(package("a"), package("b", deps={"a": spec})), [change("x", a="patch")], config)
    assert versions_of(plan) == {"a": "1.0.1", "b": "1.0.1"}


@pytest.mark.parametrize("spec", ["npm:a@^1", "file:../a", "link:../a", "github:me/a", "latest", "catalog:", "^9.0.0"])
def test_a_spec_that_is_no_range_on_the_member_is_left_alone(spec):
    plan = make_plan(workspace(package("a"), package("b", deps={"a": spec})), [change("x", a="major")], CONFIG)
    assert versions_of(plan) == {"a": "2.0.0"}
    assert plan.ranges == {}


def test_a_peer_dependent_out_of_range_follows_at_the_source_s_level():
    plan = make_plan(workspace(package("a"), package("b", peer={"a": "^1.0.0"})), [change("x", a="major")], CONFIG)
    assert versions_of(plan) == {"a": "2.0.0", "b": "2.0.0"}
    kept = make_plan(workspace(package("a"), package("b", peer={"a": "^1.0.0"})), [change("x", a="minor")], CONFIG)
    assert versions_of(kept) == {"a": "1.1.0"}


def test_a_dev_dependency_out_of_range_moves_the_range_but_releases_nothing():
    plan = make_plan(workspace(package("a"), package("b", dev={"a": "^1.0.0"})), [change("x", a="major")], CONFIG)
    assert versions_of(plan) == {"a": "2.0.0"}
    assert ranges_of(plan) == {("b", "devDependencies", "a"): "^2.0.0"}


def test_a_released_dependent_asks_for_what_it_was_built_with():
    members = workspace(package("a"), package("b", deps={"a": "^1.0.0"}, peer={"c": "^1.0.0"}), package("c"))
    plan = make_plan(members, [change("x", a="minor", b="patch", c="minor")], CONFIG)
    assert ranges_of(plan) == {("b", "dependencies", "a"): "^1.1.0"}


@pytest.mark.parametrize(
    ("setting", "level", "follows"), [("patch", "patch", True), ("minor", "patch", False), ("minor", "minor", True)]
)
def test_dependents_in_range_follow_when_the_configuration_says_so(setting, level, follows):
    config = replace(CONFIG, update_internal_dependents=setting)
    plan = make_plan(workspace(package("a"), package("b", deps={"a": "^1.0.0"})), [change("x", a=level)], config)
    assert ("b" in versions_of(plan)) is follows


def test_private_packages_are_not_versioned_but_their_ranges_stay_right():
    members = workspace(package("a"), package("app", deps={"a": "^1.0.0"}, private=True))
    plan = make_plan(members, [change("x", a="major", app="minor")], CONFIG)
    assert versions_of(plan) == {"a": "2.0.0"}
    assert ranges_of(plan) == {("app", "dependencies", "a"): "^2.0.0"}
    with_private = make_plan(members, [change("x", a="major")], replace(CONFIG, private_packages=True))
    assert versions_of(with_private) == {"a": "2.0.0", "app": "1.0.1"}


def test_a_change_file_for_nothing_but_unversioned_packages_waits():
    members = workspace(package("a"), package("app", private=True))
    plan = make_plan(members, [change("x", app="minor"), change("y", a="patch", app="minor")], CONFIG)
    assert [each.id for each in plan.changes] == ["y"]


def test_include_and_ignore_choose_by_glob():
    members = workspace(package("@x/a"), package("@x/b"), package("@y/c"))
    everything = change_text("x", '---\n"@x/a": minor\n"@x/b": minor\n"@y/c": minor\n---\n')
    plan = make_plan(members, [everything], replace(CONFIG, include=("@x/*",), ignore=("*/b", "@x/b")))
    assert versions_of(plan) == {"@x/a": "1.1.0"}


def test_a_fixed_group_shares_one_version():
    members = workspace(package("a", "1.2.0"), package("b", "1.0.0"), package("c"))
    plan = make_plan(members, [change("x", b="minor")], replace(CONFIG, fixed=(("a", "b"),)))
    assert versions_of(plan) == {"a": "1.3.0", "b": "1.3.0"}
    assert plan.by_name["a"].reasons[0].kind == "fixed"
    assert plan.by_name["a"].reasons[0].source == "b"


def test_a_linked_group_shares_the_highest_version_among_those_released():
    members = workspace(package("a", "1.2.0"), package("b", "1.0.0"), package("c", "3.0.0"))
    plan = make_plan(members, [change("x", a="patch"), change("y", b="minor")], replace(CONFIG, linked=(("*",),)))
    assert versions_of(plan) == {"a": "3.1.0", "b": "3.1.0"}


def test_a_group_that_moves_pulls_its_dependents():
    members = workspace(package("a"), package("b"), package("c", deps={"b": "~1.0.0"}))
    plan = make_plan(members, [change("x", a="minor")], replace(CONFIG, fixed=(("a", "b"),)))
    assert versions_of(plan) == {"a": "1.1.0", "b": "1.1.0", "c": "1.0.1"}


def test_a_cycle_ends():
    members = workspace(package("a", deps={"b": "1.0.0"}), package("b", deps={"a": "1.0.0"}, peer={"a": "1.0.0"}))
    plan = make_plan(members, [change("x", a="patch")], CONFIG)
    assert versions_of(plan) == {"a": "1.0.1", "b": "1.0.1"}


def test_release_as_sets_the_version_and_dependents_see_it():
    members = workspace(package("a"), package("b", deps={"a": "^1.0.0"}))
    pinned = change_text("x", '---\n"a":\n  bump: minor\n  releaseAs: 4.0.0\n---\n\nBig\n')
    plan = make_plan(members, [pinned], CONFIG)
    assert versions_of(plan) == {"a": "4.0.0", "b": "1.0.1"}
    assert ranges_of(plan) == {("b", "dependencies", "a"): "^4.0.0"}


def test_two_different_release_as_are_refused_with_both_files():
    one = change_text("x", '---\n"a":\n  bump: minor\n  releaseAs: 4.0.0\n---\n')
    two = change_text("y", '---\n"a":\n  bump: minor\n  releaseAs: 5.0.0\n---\n')
    with pytest.raises(UsageError, match=r"x\.md") as caught:
        make_plan(workspace(package("a")), [one, two], CONFIG)
    assert "y.md" in caught.value.message


def test_release_as_a_version_that_is_not_newer_is_refused():
    pinned = change_text("x", '---\n"a":\n  bump: minor\n  releaseAs: 1.0.0\n---\n')
    with pytest.raises(UsageError, match=r"at 1\.0\.0 already"):
        make_plan(workspace(package("a")), [pinned], CONFIG)


def test_a_cascade_moves_what_its_globs_choose():
    members = workspace(package("a"), package("p-one"), package("p-two"))
    nested = change_text("x", '---\n"a":\n  bump: minor\n  cascade:\n    "p-*": patch\n---\n')
    plan = make_plan(members, [nested], CONFIG)
    assert versions_of(plan) == {"a": "1.1.0", "p-one": "1.0.1", "p-two": "1.0.1"}


def test_every_release_says_why():
    members = workspace(package("a"), package("b", deps={"a": "^1.0.0"}))
    plan = make_plan(members, [change("x", a="major")], CONFIG)
    assert [(each.kind, each.source) for each in plan.by_name["a"].reasons] == [("change", "x")]
    reason = plan.by_name["b"].reasons[0]
    assert (reason.kind, reason.source) == ("dependency", "a")
    assert reason.text == 'a becomes 2.0.0, which leaves "^1.0.0"'


def test_the_order_of_packages_and_changes_does_not_matter():
    members = [
        package("a"),
        package("b", deps={"a": "^1.0.0"}),
        package("c", peer={"b": "1.0.0"}),
        package("d", "2.0.0", deps={"c": "workspace:*"}),
    ]
    changes = [change("x", a="major"), change("y", c="minor")]
    config = replace(CONFIG, linked=(("b", "d"),))
    plans = {
        (tuple(sorted(versions_of(plan).items())), tuple(sorted(ranges_of(plan).items())))
        for order in itertools.permutations(members)
        for plan in [make_plan(replace(workspace(), packages=order), list(reversed(changes)), config)]
    }
    assert len(plans) == 1


def test_a_name_that_is_not_in_the_workspace_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match='called "cor"') as caught:
        make_plan(workspace(package("core")), [change("x", cor="minor")], CONFIG)
    assert caught.value.hint == 'did you mean "core"?'


def test_a_prerelease_channel_counts_up_and_leaves():
    members = workspace(package("a"), package("b", deps={"a": "^1.0.0"}))
    first = make_plan(members, [change("x", a="minor")], CONFIG, prerelease="next")
    assert versions_of(first) == {"a": "1.1.0-next.0", "b": "1.0.1-next.0"}
    again = workspace(package("a", "1.1.0-next.0"))
    assert versions_of(make_plan(again, [change("x", a="minor")], CONFIG, prerelease="next")) == {"a": "1.1.0-next.1"}
    assert versions_of(make_plan(again, [change("x", a="major")], CONFIG, prerelease="next")) == {"a": "2.0.0-next.0"}
    left = make_plan(again, [], CONFIG, leave_prereleases=["next"])
    assert versions_of(left) == {"a": "1.1.0"}
    assert left.releases[0].reasons[0].kind == "prerelease"


def test_snapshots_are_versions_nobody_s_range_takes():
    members = workspace(package("a"), package("b", deps={"a": "^1.0.0"}))
    plan = make_plan(members, [change("x", a="minor", b="patch")], CONFIG, snapshot="pr12-abc1234")
    assert versions_of(plan) == {"a": "0.0.0-pr12-abc1234", "b": "0.0.0-pr12-abc1234"}
    assert ranges_of(plan) == {("b", "dependencies", "a"): "0.0.0-pr12-abc1234"}
