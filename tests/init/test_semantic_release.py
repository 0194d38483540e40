"""semantic-release's configuration in ours."""

from __future__ import annotations

import pytest

from tests.init.builders import js, json_document, left, repository, written
from tests.planning.builders import package
from vis_tasks.core.migrate.semantic_release import migrate

ALONE = ("acme", ".")
CONFIG = {
    "branches": [
        "+([0-9])?(.{+([0-9]),x}).x",
        "trunk",
        "next",
        {"name": "beta", "prerelease": True, "channel": "test"},
    ],
    "tagFormat": "release-${version}",
    "extends": "@acme/preset",
    "plugins": [
        ["@semantic-release/commit-analyzer", {"preset": "angular"}],
        "@semantic-release/release-notes-generator",
        ["@semantic-release/npm", {"npmPublish": True, "tarballDir": "dist"}],
        ["@semantic-release/exec", {"prepareCmd": "npm run stamp", "publishCmd": "x ${nextRelease.version}"}],
        ["@semantic-release/github", {"githubUrl": "https://git.acme.test", "draftRelease": True, "assets": ["x"]}],
        ["@semantic-release/git", {"assets": ["a"]}],
        "semantic-release-slack-bot",
    ],
}


def alone(version="1.0.0", **more):
    return repository(package("acme", version, path="."), **more)


def test_every_key_with_a_counterpart_is_taken_over():
    assert written(migrate(json_document(CONFIG), alone())) == {
        "release": {
            "base-branch": "trunk",
            "tag-pattern": "release-{version}",
            "channels": {"next": {"tag": "next"}, "beta": {"tag": "test", "prerelease": "beta"}},
            "hooks": {"after-version": "npm run stamp"},
            "forge": {"provider": "github", "url": "https://git.acme.test/api/v3", "draft": True},
        }
    }


def test_the_rest_is_left_over():
    assert left(migrate(json_document(CONFIG), alone())) == [
        "commits",
        "branches: +([0-9])?(.{+([0-9]),x}).x",
        "extends",
        "@semantic-release/npm: tarballDir",
        "@semantic-release/exec: publishCmd",
        "@semantic-release/github: assets",
        "@semantic-release/git: assets",
        "semantic-release-slack-bot",
    ]


def test_its_defaults_count_for_branches_that_exist():
    found = migrate(json_document("{}"), alone(branches=("master", "beta")))
    assert written(found) == {
        "release": {
            "base-branch": "master",
            "tag-pattern": "v{version}",
            "channels": {"beta": {"tag": "beta", "prerelease": "beta"}},
        }
    }


def test_without_a_forge_plugin_no_releases_are_made():
    found = migrate(json_document({"plugins": ["@semantic-release/npm"]}), alone())
    assert written(found)["release"]["forge"] == {"provider": "none"}


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("${name}-v${version}", "{name}-v{version}"),
        ("@acme/core@${version}", "{name}@{version}"),
        ("<%= name %>@<%= version %>", "{name}@{version}"),
    ],
)
def test_tag_formats_of_several_packages_keep_their_names(form, pattern):
    assert written(migrate(json_document({"tagFormat": form}), repository()))["release"]["tag-pattern"] == pattern


def test_one_tag_for_several_packages_is_left_over():
    assert "tagFormat v${version}" in left(migrate(json_document("{}"), repository()))


def test_versions_that_stand_in_tags_alone_are_pointed_at():
    assert "version 0.0.0-development of acme" in left(migrate(json_document("{}"), alone("0.0.0-development")))


def test_what_is_code_is_left_over_and_the_rest_read():
    found = migrate(
        js("module.exports = { branches: ['trunk'], plugins: [...shared, ['@semantic-release/github', {}]] }"), alone()
    )
    assert written(found)["release"]["base-branch"] == "trunk"
    assert left(found) == ["commits", "plugins[0]"]


def test_a_command_that_a_shell_ran_gets_one():
    config = {"plugins": [["@semantic-release/exec", {"prepareCmd": "npm run a && npm run b"}]]}
    hooks = written(migrate(json_document(config), alone()))["release"]["hooks"]
    assert hooks == {"after-version": ["sh", "-c", "npm run a && npm run b"]}
