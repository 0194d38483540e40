"""changesets' configuration in ours."""

from __future__ import annotations

from tests.init.builders import json_document, left, repository, written
from tests.planning.builders import package
from vis_tasks.core.changesets import ENGINE_2, ENGINE_3
from vis_tasks.core.migrate.changesets import migrate

CONFIG = """
    {
      "$schema": "https://unpkg.com/@changesets/config@3.1.1/schema.json",
      "changelog": ["@changesets/changelog-github", { "repo": "acme/acme" }],
      "commit": false,
      "fixed": [["@acme/core", "@acme/cli"]],
      "linked": [],
      "access": "public",
      "baseBranch": "trunk",
      "updateInternalDependencies": "patch",
      "ignore": ["@acme/docs"]
    }
"""
FILES = {".changeset": ("README.md", "brave-tigers.md", "config.json", "AGENTS.md")}


def test_where_the_files_stay_only_what_planning_does_not_read_itself_is_written():
    found = migrate(json_document(CONFIG), repository(files=FILES), ENGINE_2, move=False)
    assert written(found) == {
        "release": {
            "rules": "changesets",
            "base-branch": "trunk",
            "changelog": "links",
            "ignore": ["@acme/docs"],
            "publish": {"access": "public"},
        }
    }
    assert found.notes == (
        "fixed: read from config.json at every release, as before",
        "updateInternalDependencies: read from config.json at every release, as before",
    )
    assert found.changes.paths == (".changeset/brave-tigers.md",)
    assert found.changes.kept


def test_where_the_files_move_the_groups_are_written_and_the_old_configuration_goes():
    found = migrate(json_document(CONFIG), repository(files=FILES), ENGINE_2, move=True)
    release = written(found)["release"]
    assert release["rules"] == "changesets-2"
    assert release["fixed"] == [["@acme/core", "@acme/cli"]]
    assert "linked" not in release
    assert found.obsolete == (".changeset/config.json", ".changeset/README.md")
    assert not found.changes.kept


def test_the_engine_decides_which_rules_moved_files_follow():
    found = migrate(json_document("{}"), repository(), ENGINE_3, move=True)
    assert written(found)["release"]["rules"] == "changesets-3"


def test_defaults_that_differ_from_ours_are_written():
    release = written(migrate(json_document("{}"), repository(default_branch="dev"), ENGINE_2, move=False))["release"]
    assert release["publish"] == {"access": "restricted"}
    assert release["base-branch"] == "dev"


def test_a_lone_root_package_keeps_its_tags():
    alone = repository(package("acme", path="."))
    assert written(migrate(json_document("{}"), alone, ENGINE_2, move=False))["release"]["tag-pattern"] == "v{version}"


def test_pre_mode_goes_on_and_keeps_the_files_where_they_are():
    files = {".changeset": (*FILES[".changeset"], "pre.json")}
    kept = migrate(json_document(CONFIG), repository(files=files), ENGINE_2, move=False)
    asked = migrate(json_document(CONFIG), repository(files=files), ENGINE_2, move=True)
    assert left(kept) == left(asked) == ["pre mode"]
    assert asked.changes.kept
    assert asked.obsolete == ()
    assert written(asked)["release"]["rules"] == "changesets"


def test_what_only_the_old_file_can_say_is_left_over_when_it_goes():
    config = {
        "updateInternalDependencies": "minor",
        "bumpVersionsWithWorkspaceProtocolOnly": True,
        "privatePackages": {"version": False, "tag": True},
        "___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH": {
            "onlyUpdatePeerDependentsWhenOutOfRange": True,
            "updateInternalDependents": "always",
        },
    }
    found = migrate(json_document(config), repository(), ENGINE_2, move=True)
    assert left(found) == [
        "updateInternalDependencies",
        "bumpVersionsWithWorkspaceProtocolOnly",
        "privatePackages.tag",
        "privatePackages",
        "onlyUpdatePeerDependentsWhenOutOfRange",
    ]
    assert written(found)["release"]["update-internal-dependents"] == "patch"


def test_own_generators_and_unknown_keys_are_left_over_with_their_lines():
    found = migrate(
        json_document('{\n"changelog": "./mine.js",\n"surprise": "secret"}'), repository(), ENGINE_2, move=False
    )
    assert [(each.what, each.where) for each in found.leftovers] == [
        ("changelog", "config.json:2"),
        ("surprise", "config.json:3"),
    ]
    assert "secret" not in str(found.leftovers)


def test_no_changelog_is_no_changelog():
    found = migrate(json_document({"changelog": False}), repository(), ENGINE_2, move=False)
    assert written(found)["release"]["changelog"] == "none"
