"""Settings become TOML that reads back to them, and what a person wrote stays."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vis_tasks.core.migrate.mapping import Setting
from vis_tasks.services.init.document import SCHEMA_LINE, add_missing, missing, new_document
from vis_tasks.services.init.settings import as_tables

SETTINGS = (
    Setting(("release", "base-branch"), "trunk", "the remote"),
    Setting(("release", "fixed"), [["a", "b"]]),
    Setting(("release", "publish", "tag"), "next"),
    Setting(("release", "packages", "@acme/x", "access"), "restricted"),
    Setting(("ci", "providers"), []),
)

STYLES = {
    "empty": "",
    "tables": '# mine\n[release]  # yes\nremote   = "up" # here\n\n\n[release.publish]\ntag-x = 1\n# tail\n',
    "dotted": 'release.remote = "up"\nrelease.publish.access = "public"\n',
    "inline": 'release = { remote = "up", publish = { access = "public" } }\n',
    "no last line end": '[release]\nremote = "up"',
    "arrays over lines": '[release]\ninclude = [\n  "a", # one\n  "b",\n]\n[ci]\nnode = "24"\n',
    "header like text": 'x = """\n[release]\n"""\n[release]\nremote = "a"\n',
    "deeper first": '[release.publish.stage]\ntimeout = "1h"\n',
}


def test_a_new_document_reads_back_to_its_settings():
    assert tomllib.loads(new_document(SETTINGS)) == as_tables(SETTINGS)


def test_a_new_document_names_the_schema_first_and_explains_every_key():
    lines = new_document(SETTINGS).splitlines()
    assert lines[0] == SCHEMA_LINE
    at = lines.index('base-branch = "trunk"')
    assert lines[at - 2 : at] == ["# The branch that releases `latest`.", "# From the remote."]


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES.keys())
def test_keys_are_added_and_nothing_else_changes(text):
    after = add_missing(text, SETTINGS)
    expected = tomllib.loads(text)
    for setting in SETTINGS:
        here = expected
        for part in setting.path[:-1]:
            here = here.setdefault(part, {})
        here[setting.path[-1]] = setting.value
    assert tomllib.loads(after) == expected


@pytest.mark.parametrize("name", [name for name in STYLES if name not in {"inline", "no last line end"}])
def test_every_line_that_was_there_stays_in_its_order(name):
    lines = iter(add_missing(STYLES[name], SETTINGS).splitlines())
    assert all(line in lines for line in STYLES[name].splitlines())


def test_line_ends_of_windows_stay():
    after = add_missing('[release]\r\nremote = "up"\r\n', SETTINGS)
    assert "\n" not in after.replace("\r\n", "")


def test_keys_go_into_pyprojects_table():
    after = add_missing('[tool.vis.release]\nremote = "up"\n[tool.x]\ny = 1\n', SETTINGS[:1], table=("tool", "vis"))
    assert tomllib.loads(after) == {
        "tool": {"vis": {"release": {"remote": "up", "base-branch": "trunk"}}, "x": {"y": 1}}
    }


@given(st.lists(st.text(max_size=5), max_size=3), st.text(max_size=8))
def test_any_string_survives(items, name):
    settings = (
        Setting(("release", "ignore"), items),
        Setting(("release", "packages", name, "tag"), name),
    )
    assert tomllib.loads(new_document(settings)) == as_tables(settings)
    assert tomllib.loads(add_missing("", settings)) == as_tables(settings)


def test_what_is_given_or_the_default_anyway_is_not_missing():
    data = {"release": {"base-branch": "x", "publish": {"stage": False}}}
    settings = (
        Setting(("release", "base-branch"), "main"),
        Setting(("release", "remote"), "origin"),
        Setting(("release", "publish", "stage", "timeout"), "4h"),
        Setting(("release", "publish", "tag"), "next"),
    )
    assert [setting.path[-1] for setting in missing(settings, data)] == ["tag"]
