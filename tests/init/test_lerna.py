"""lerna's configuration in ours."""

from __future__ import annotations

from tests.init.builders import json_document, left, repository, written
from tests.planning.builders import package
from vis_tasks.core.migrate.lerna import migrate

CONFIG = {
    "$schema": "node_modules/lerna/schemas/lerna-schema.json",
    "version": "independent",
    "npmClient": "yarn",
    "packages": ["packages/*"],
    "command": {
        "version": {
            "allowBranch": ["trunk", "release/*"],
            "conventionalCommits": True,
            "createRelease": "github",
            "message": "chore: release",
            "signGitTag": False,
        },
        "publish": {"distTag": "next", "registry": "https://npm.acme.test", "ignoreChanges": ["*.md"]},
        "run": {"npmClient": "npm"},
    },
}


def test_independent_versions_need_no_group_and_keep_their_tags():
    assert written(migrate(json_document(CONFIG), repository())) == {
        "release": {
            "base-branch": "trunk",
            "publish": {"tag": "next", "registry": "https://npm.acme.test"},
            "forge": {"provider": "github"},
        }
    }


def test_the_rest_is_left_over():
    assert left(migrate(json_document(CONFIG), repository())) == [
        "allowBranch: release/*",
        "conventionalCommits",
        "message",
        "ignoreChanges",
    ]


def test_one_version_for_all_is_one_group_of_all():
    found = migrate(json_document({"version": "3.2.1"}), repository())
    assert written(found)["release"]["fixed"] == [["*"]]
    assert left(found) == ["one tag for all packages"]


def test_forge_releases_are_made_only_where_lerna_made_them():
    found = migrate(json_document({"version": "independent"}), repository())
    assert written(found)["release"]["forge"] == {"provider": "none"}


def test_a_lone_package_keeps_its_prefix():
    alone = repository(package("acme", path="."))
    config = {"version": "1.0.0", "command": {"version": {"tagVersionPrefix": "release-"}}}
    assert written(migrate(json_document(config), alone))["release"]["tag-pattern"] == "release-{version}"


def test_a_list_of_packages_without_workspaces_is_pointed_at():
    alone = repository(package("acme", path="."))
    (found,) = migrate(json_document({"version": "independent", "packages": ["modules/*"]}), alone).leftovers
    assert found.do == 'add "workspaces": ["modules/*"] to package.json'


def test_credentials_are_not_repeated():
    config = {"version": "independent", "command": {"publish": {"legacyAuth": "aGVsbG8="}}}
    found = migrate(json_document(config), repository())
    assert left(found) == ["legacyAuth"]
    assert "aGVsbG8" not in str(found)
