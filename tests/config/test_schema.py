"""The JSON schema and the reference page say what the loader does."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from tests.config.test_load import WRONG
from vis_tasks.config.build import Builder
from vis_tasks.config.model import Config
from vis_tasks.config.problems import Problems
from vis_tasks.config.reference import reference_page
from vis_tasks.config.rules import RULES
from vis_tasks.config.schema import json_schema, plain, schema_text
from vis_tasks.config.shape import Kind, dotted, options, walk

DOCS = Path(__file__).parents[2] / "docs" / "reference"

# What a schema can't say: relations between options, and rules of git and semver beyond a pattern.
BEYOND = ("release.targets.", "release.hooks.before-pack", "release.publish.tag", "ci.n")
BEYOND_RULES = (
    "git accepts",
    "inside the workspace",
    "release.publish.registry",
    "1s or more",
    "{version}",
    "only a shell understands",
)


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft7Validator.check_schema(json_schema())
    return jsonschema.Draft7Validator(json_schema())


def test_the_schema_takes_every_default_written_out(validator):
    def written(table):
        found = {}
        for key, option in options(table).items():
            if option.kind is Kind.TABLE:
                found[key] = written(option.table)
            elif option.kind is not Kind.TABLES and option.default is not None:
                found[key] = plain(option.default)
        return found

    document = json.loads(json.dumps(written(Config)))
    assert list(validator.iter_errors(document)) == []
    problems = Problems()
    assert Builder(dotted, problems).build(Config, document) == Config()
    assert problems.found == []


@pytest.mark.parametrize(
    "text",
    [
        "[release.publish]\nstage = true",
        "[release.publish.stage]\ntimeout = '1h30m'",
        "[release.publish]\nprovenance = true",
        "[release.packages.'@a/b']\nstage = false",
        "[release.targets.x]\nrun = ['a', 'b']\nenv = {A = 'b'}",
        "[release]\nfixed = [['a']]",
    ],
)
def test_the_schema_takes_what_the_loader_takes(validator, text):
    assert list(validator.iter_errors(tomllib.loads(text))) == []


def test_the_schema_refuses_what_the_loader_refuses(validator):
    passed = [
        (text, key)
        for text, key, said in WRONG
        if not key.startswith(BEYOND)
        and not any(rule in said + key for rule in BEYOND_RULES)
        and not list(validator.iter_errors(json.loads(json.dumps(tomllib.loads(text), default=str))))
        and "2026-01-01" not in text
    ]
    assert passed == []


@pytest.mark.parametrize(
    "file", sorted((DOCS.parents[1] / "examples").rglob("vis.toml")), ids=lambda file: file.parent.name
)
def test_the_schema_takes_every_example(validator, file):
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    assert document
    assert list(validator.iter_errors(document)) == []


def test_every_option_is_explained():
    for path, table in walk():
        for key, option in options(table).items():
            assert option.help, dotted((*path, key))
            assert not option.rule or option.rule in RULES


def test_the_reference_page_names_every_option():
    page = reference_page()
    for path, table in walk():
        leaves = [key for key, option in options(table).items() if option.kind not in {Kind.TABLE, Kind.TABLES}]
        if leaves:
            section = page.partition(f"## `[{dotted(path)}]`")[2].partition("\n## ")[0]
            assert [key for key in leaves if f"| `{key}` |" not in section] == []


@pytest.mark.parametrize(
    ("file", "made", "option"),
    [("config.md", reference_page, "reference"), ("vis.schema.json", schema_text, "schema")],
)
def test_the_committed_page_is_what_the_model_gives(file, made, option):
    committed = (DOCS / file).read_text(encoding="utf-8")
    assert committed == made(), f"run: vis-tasks config --{option} > docs/reference/{file}"
