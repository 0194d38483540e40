"""release-please's configuration in ours."""

from __future__ import annotations

from tests.init.builders import json_document, left, repository, written
from tests.planning.builders import package
from vis_tasks.core.migrate.release_please import migrate

CONFIG = {
    "release-type": "node",
    "bump-minor-pre-major": True,
    "bump-patch-for-minor-pre-major": True,
    "draft": True,
    "sequential-calls": True,
    "changelog-sections": [{"type": "feat", "section": "Features"}],
    "plugins": [
        "node-workspace",
        {"type": "linked-versions", "groupName": "all", "components": ["core", "cli", "gone"]},
        "sentence-case",
    ],
    "packages": {
        "packages/core": {},
        "packages/cli": {"extra-files": ["x"], "draft": False},
        "python": {"release-type": "python"},
    },
}


def plain():
    return repository(package("core"), package("cli"), package("docs"))


def test_every_key_with_a_counterpart_is_taken_over():
    assert written(migrate(json_document(CONFIG), None, plain())) == {
        "release": {
            "base-branch": "main",
            "ignore": ["docs"],
            "tag-pattern": "{name}-v{version}",
            "fixed": [["core", "cli"]],
            "update-internal-dependents": "patch",
            "major-before-1-is-minor": True,
            "minor-before-1-is-patch": True,
            "forge": {"draft": True},
        }
    }


def test_the_rest_is_left_over():
    assert left(migrate(json_document(CONFIG), None, plain())) == [
        "changelog-sections",
        "packages.packages/cli.extra-files",
        "packages.packages/cli.draft",
        "packages.python",
        "linked-versions: gone",
    ]


def test_a_lone_package_without_its_name_in_the_tag_keeps_plain_tags():
    alone = repository(package("acme", path="."))
    config = {"packages": {".": {"include-component-in-tag": False}}}
    assert written(migrate(json_document(config), None, alone))["release"]["tag-pattern"] == "v{version}"


def test_separators_and_the_v_are_kept():
    config = {"packages": {"packages/core": {}}, "tag-separator": "@", "include-v-in-tag": False}
    assert written(migrate(json_document(config), None, plain()))["release"]["tag-pattern"] == "{name}@{version}"


def test_tags_of_scoped_packages_change_and_that_is_said():
    assert "tags without the scope" in left(
        migrate(json_document({"packages": {"packages/core": {}}}), None, repository())
    )


def test_versions_that_the_manifest_knows_better_are_told():
    manifest = json_document({"packages/core": "1.2.0", "packages/cli": "1.0.0"}, "manifest.json")
    found = migrate(json_document({"packages": {"packages/core": {}, "packages/cli": {}}}), manifest, plain())
    assert left(found) == ["packages/core is 1.2.0 in manifest.json"]


def test_skipping_releases_on_github_is_kept():
    config = {"skip-github-release": True, "packages": {}}
    assert written(migrate(json_document(config), None, plain()))["release"]["forge"] == {"provider": "none"}
