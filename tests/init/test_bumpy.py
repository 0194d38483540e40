"""bumpy's configuration in ours."""

from __future__ import annotations

from tests.init.builders import json_document, left, repository, written
from tests.planning.builders import package
from vis_tasks.core.migrate.bumpy import migrate

CONFIG = """
    {
      // comments are fine
      "baseBranch": "trunk",
      "changelog": ["github", { "internalAuthors": ["someone"] }],
      "fixed": [["@acme/*"]],
      "ignore": ["@acme/docs-*"],
      "include": ["@acme/docs-api"],
      "privatePackages": { "version": true, "tag": false },
      "updateInternalDependencies": "minor",
      "publish": { "provenance": true, "npmStaged": true, "publishArgs": ["--tag", "x"], "packManager": "auto" },
      "channels": { "beta": { "branch": "next", "preid": "rc" } },
      "packages": { "@acme/c*": { "access": "restricted", "cascadeTo": {} } },
      "versionPr": { "title": "x" },
    }
"""


def test_every_key_with_a_counterpart_is_taken_over():
    assert written(migrate(json_document(CONFIG), repository())) == {
        "release": {
            "base-branch": "trunk",
            "ignore": ["@acme/docs-*", "!@acme/docs-api"],
            "private-packages": True,
            "fixed": [["@acme/*"]],
            "update-internal-dependents": "minor",
            "changelog": "links",
            "publish": {"provenance": True, "stage": True},
            "packages": {"@acme/core": {"access": "restricted"}, "@acme/cli": {"access": "restricted"}},
            "channels": {"next": {"tag": "beta", "prerelease": "rc"}},
        }
    }


def test_the_rest_is_left_over():
    assert left(migrate(json_document(CONFIG), repository())) == [
        "include",
        "publish.publishArgs",
        "packages.@acme/c*.cascadeTo",
        "packages.@acme/c*.cascadeTo",
        "versionPr",
    ]


def test_packages_speak_for_themselves():
    core = package("@acme/core", bumpy={"managed": False, "registry": "https://npm.acme.test", "publishCommand": "x"})
    found = migrate(json_document("{}"), repository(core, package("@acme/app", bumpy={"skipNpmPublish": True})))
    release = written(found)["release"]
    assert release["ignore"] == ["@acme/core", "@acme/app"]
    assert release["packages"] == {"@acme/core": {"registry": "https://npm.acme.test"}}
    assert left(found) == [
        "bumpy in packages/core/package.json.publishCommand",
        "bumpy in packages/app/package.json.skipNpmPublish",
    ]


def test_bump_files_are_found():
    found = migrate(json_document("{}"), repository(files={".bumpy": ("README.md", "_config.json", "add-x.md")}))
    assert found.changes.paths == (".bumpy/add-x.md",)
    assert not found.changes.kept
