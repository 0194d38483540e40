"""beachball's configuration in ours, and its change files as ours."""

from __future__ import annotations

import json

import pytest

from tests.init.builders import js, left, repository, written
from tests.planning.builders import package
from vis_tasks.core.migrate.beachball import convert, migrate

CONFIG = """
    /** @type {import('beachball').BeachballConfig} */
    const config = {
      access: 'public',
      branch: 'origin/trunk',
      tag: 'next',
      groups: [{ name: 'all', include: ['packages/c*'], exclude: ['!packages/cli'], disallowedChangeTypes: ['major'] }],
      scope: ['packages/*', '!packages/docs'],
      generateChangelog: false,
      hooks: { prepublish: (path) => { stamp(path) } },
      groupChanges: true,
      concurrency: 8,
      registry: process.env.REGISTRY,
    };
    module.exports = config;
"""


def members():
    return repository(package("core"), package("cli"), package("docs"), package("chat"))


def test_every_key_with_a_counterpart_is_taken_over():
    assert written(migrate(js(CONFIG), members())) == {
        "release": {
            "base-branch": "trunk",
            "remote": "origin",
            "ignore": ["docs"],
            "tag-pattern": "{name}_v{version}",
            "fixed": [["core", "chat"]],
            "update-internal-dependents": "patch",
            "changelog": "none",
            "publish": {"access": "public", "tag": "next", "concurrency": 8},
        }
    }


def test_functions_and_code_are_left_over_with_their_lines():
    found = migrate(js(CONFIG), members())
    assert [(each.what, each.where.rpartition(":")[2]) for each in found.leftovers] == [
        ("groups.disallowedChangeTypes", "7"),
        ("hooks", "10"),
        ("registry", "13"),
    ]


def test_dependents_stay_when_they_may():
    found = migrate(js("module.exports = { bumpDeps: false }"), members())
    assert written(found)["release"]["update-internal-dependents"] == "out-of-range"


def test_a_configuration_from_elsewhere_is_said_to_be_unreadable():
    found = migrate(js("module.exports = require('@acme/beachball')"), members())
    assert left(found) == ["the whole configuration"]
    assert written(found)["release"]["tag-pattern"] == "{name}_v{version}"


def test_packages_speak_for_themselves():
    own = repository(
        package("a", beachball={"tag": "legacy"}), package("b", beachball={"shouldPublish": False, "x": 1})
    )
    found = migrate(js("module.exports = {}"), own)
    assert written(found)["release"]["packages"] == {"a": {"tag": "legacy"}}
    assert written(found)["release"]["ignore"] == ["b"]
    assert left(found) == ["beachball.x in packages/b/package.json"]


def test_its_folder_of_change_files_is_looked_into():
    found = migrate(js("module.exports = { changeDir: 'changes' }"), repository(files={"changes": ("a.json", "b.txt")}))
    assert found.changes.paths == ("changes/a.json",)


def test_change_files_of_both_kinds_are_converted():
    one = {"type": "minor", "comment": "Add x", "packageName": "a", "email": "e", "dependentChangeType": "patch"}
    assert convert(json.dumps(one)) == (("a", "minor", "Add x"),)
    assert convert(json.dumps({"changes": [one, {**one, "packageName": "b", "type": "none"}]})) == (
        ("a", "minor", "Add x"),
        ("b", "none", "Add x"),
    )


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"changes": 3}', '{"type": "prerelease", "packageName": "a"}', '{"type": "minor"}']
)
def test_other_texts_are_not(text):
    assert convert(text) is None
