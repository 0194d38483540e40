"""What holds for every workspace, under every rule set."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.planning.builders import change, package, ranges_of, versions_of, workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.model import Level, Package, Workspace
from vis_tasks.core.plan import make_plan
from vis_tasks.core.ranges import is_range, satisfies
from vis_tasks.core.versions import compare

NAMES = ["a", "b", "c", "d", "e", "f"]
LEVELS = ["patch", "minor", "major"]
TABLES = ["deps", "dev", "peer", "optional"]
RULES = ["vis", "changesets-2", "changesets-3"]
SPECS = [
    "^{}",
    "~{}",
    "{}",
    ">={}",
    "*",
    "workspace:*",
    "workspace:^",
    "workspace:~",
    "workspace:^{}",
    "file:../x",
    "latest",
    "1.x",
]
slow = settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def members(draw) -> Workspace:
    """Up to six packages that depend on each other in any way, cycles included."""
    names = NAMES[: draw(st.integers(1, 6))]
    versions = {name: draw(st.sampled_from(["0.1.0", "1.0.0", "1.2.3", "2.0.0-next.1"])) for name in names}
    found = []
    for name in names:
        tables: dict[str, Any] = {}
        for other in names:
            table = draw(st.sampled_from([None, None, *TABLES]))
            if other != name and table:
                tables.setdefault(table, {})[other] = draw(st.sampled_from(SPECS)).format(versions[other])
        found.append(package(name, versions[name], private=draw(st.integers(0, 5)) == 0, **tables))
    return workspace(*found)


@st.composite
def situations(draw):
    """A workspace, some change files, and a configuration with groups."""
    found = draw(members())
    names = [each.name for each in found.packages]
    changes = [
        change(f"c{number}", **{draw(st.sampled_from(names)): draw(st.sampled_from(LEVELS))})
        for number in range(draw(st.integers(0, 4)))
    ]
    cut = draw(st.integers(0, len(names)))
    config = ReleaseConfig(
        rules=draw(st.sampled_from(RULES)),
        fixed=(tuple(names[:cut]),) if cut > 1 and draw(st.booleans()) else (),
        linked=(tuple(names[cut:]),) if len(names) - cut > 1 and draw(st.booleans()) else (),
        private_packages=draw(st.booleans()),
        update_internal_dependents=draw(st.sampled_from(["out-of-range", "patch", "minor"])),
    )
    return found, changes, config


def applied(found: Workspace, plan) -> Workspace:
    """The workspace after the plan was written."""
    packages = []
    for each in found.packages:
        manifest: dict[str, Any] = {
            key: dict(value) if isinstance(value, dict) else value for key, value in each.manifest.items()
        }
        release = plan.by_name.get(each.name)
        if release:
            manifest["version"] = release.new
        for table, entries in plan.ranges.get(each.name, {}).items():
            manifest[table].update(entries)
        packages.append(Package(each.name, manifest["version"], each.path, manifest))
    return replace(found, packages=tuple(packages))


@slow
@given(situations(), st.integers())
def test_neither_the_order_of_packages_nor_of_changes_nor_of_groups_matters(situation, seed):
    found, changes, config = situation
    rnd = random.Random(seed)  # noqa: S311
    first = make_plan(found, changes, config)
    packages = rnd.sample(found.packages, len(found.packages))
    again = make_plan(replace(found, packages=tuple(packages)), rnd.sample(changes, len(changes)), config)
    assert versions_of(again) == versions_of(first)
    assert ranges_of(again) == ranges_of(first)
    assert again.by_name == first.by_name
    assert again.changes == first.changes


@slow
@given(situations())
def test_planning_after_versioning_gives_nothing(situation):
    found, changes, config = situation
    after = applied(found, make_plan(found, changes, config))
    plan = make_plan(after, [], config)
    assert (plan.releases, dict(plan.ranges)) == ((), {})


@slow
@given(situations(), st.sampled_from(NAMES), st.sampled_from(LEVELS))
def test_one_more_change_never_gives_a_smaller_bump(situation, name, level):
    found, changes, config = situation
    name = name if name in found.by_name else found.packages[0].name
    before = make_plan(found, changes, config).by_name
    after = make_plan(found, [*changes, change("more", **{name: level})], config).by_name
    for each, release in before.items():
        assert compare(after[each].new, release.new) >= 0
        assert not after[each].level < release.level


@slow
@given(situations())
def test_every_release_moves_forward_for_a_reason_that_can_be_followed(situation):
    found, changes, config = situation
    plan = make_plan(found, changes, config)
    ids = {each.id for each in changes}
    for release in plan.releases:
        assert compare(release.new, release.old) > 0
        assert release.level is not Level.NONE
        assert release.reasons
        for reason in release.reasons:
            assert reason.source in (plan.by_name if reason.kind in {"dependency", "peer", "fixed", "linked"} else ids)


@slow
@given(situations())
def test_after_versioning_no_dependency_on_a_member_is_left_behind(situation):
    found, changes, config = situation
    config = replace(config, rules="vis")
    plan = make_plan(found, changes, config)
    after = applied(found, plan).by_name
    for edge_owner in found.packages:
        for table in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
            for name, spec in edge_owner.table(table).items():
                if is_range(spec) and satisfies(found.by_name[name].version, spec):
                    assert satisfies(after[name].version, after[edge_owner.name].table(table)[name])


@pytest.mark.parametrize("rules", RULES)
def test_a_ring_of_two_hundred_packages_ends(rules):
    ring = [
        package(f"p{n}", deps={f"p{(n + 1) % 200}": "1.0.0"}, peer={f"p{(n + 2) % 200}": "1.0.0"}) for n in range(200)
    ]
    plan = make_plan(workspace(*ring), [change("x", p0="minor")], ReleaseConfig(rules=rules))
    assert len(plan.releases) == 200
