"""Change files: all the ways to write one, and all the ways to get it wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.planning.builders import package, workspace, write_change
from vis_tasks.adapters.changefiles import read_changes
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.changes import parse_change, render_change
from vis_tasks.core.model import ChangeEntry, Level
from vis_tasks.errors import UsageError

CONFIG = ReleaseConfig()
MEMBERS = workspace(package("@acme/core"), package("cli"), package("utils"))


def parse(text):
    return parse_change("x", "x.md", text)


def levels(text):
    return {entry.name: entry.level for entry in parse(text).entries}


def test_changesets_form_names_packages_and_levels():
    change = parse('---\n"@acme/core": minor\ncli: patch\n\'utils\': "none"\n---\n\nTwo lines\nof text\n')
    assert [(each.name, each.level) for each in change.entries] == [
        ("@acme/core", Level.MINOR),
        ("cli", Level.PATCH),
        ("utils", Level.NONE),
    ]
    assert change.summary == "Two lines\nof text"


@pytest.mark.parametrize("text", ["---\n---\n", "---\n\n---\n\nDocs only", "---\n{}\n---\n", "---\n# nothing\n---\n"])
def test_an_empty_front_matter_asks_for_nothing(text):
    assert parse(text).entries == ()


def test_marks_and_windows_line_ends_are_fine():
    assert levels("\ufeff---\r\ncli: minor\r\n---\r\n\r\nHello\r\n") == {"cli": Level.MINOR}


def test_the_nested_form_below_the_name():
    change = parse('---\n"cli":\n  bump: minor\n  releaseAs: 2.0.0-rc.1\n  cascade:\n    "@acme/*": patch\n---\nHi')
    assert change.entries == (ChangeEntry("cli", Level.MINOR, "2.0.0-rc.1", {"@acme/*": "patch"}),)
    assert change.entries[0].cascade == {"@acme/*": "patch"}


def test_the_nested_form_with_the_name_as_package():
    change = parse('---\npackage: "cli"\nbump: major\ncascade:\n  utils: patch\n---\nHi')
    assert change.entries == (ChangeEntry("cli", Level.MAJOR, None, {"utils": "patch"}),)


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("# Big", Level.MAJOR),
        ("## Middle", Level.MINOR),
        ("### Small", Level.PATCH),
        ("### Small\n\n## Middle\n\n### Small", Level.MINOR),
        ("### Small\n\n```sh\n# a shell comment\n```\n", Level.PATCH),
        ("### Small\n\n~~~~\n```\n# still code\n~~~\n# still code\n~~~~\n", Level.PATCH),
        ("### Small\n\n#nospace\n", Level.PATCH),
    ],
)
def test_headings_decide_where_no_level_is_written(body, level):
    assert levels(f"---\ncli:\nutils: patch\n---\n\n{body}\n") == {"cli": level, "utils": Level.PATCH}


def test_lines_about_pull_request_commit_and_author_are_links_not_text():
    change = parse(
        "---\ncli: patch\n---\npr: #12\ncommit: abc1234\nauthor: @one\nauthor: two\n\nText\n\n```\npr: 3\n```\n"
    )
    assert change.links == {"pr": "12", "commit": "abc1234", "author": "@one, @two"}
    assert change.summary == "Text\n\n```\npr: 3\n```"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "empty"),
        ("Just text\n", 1, "front matter is missing"),
        ("---\ncli: minor\n", 1, "no closing ---"),
        ("---\n@acme/core: minor\n---\n", 2, "not YAML"),
        ("---\ncli: minor\ncli: major\n---\n", 3, '"cli" is named twice, here and on line 2'),
        ("---\nutils: patch\ncli: mnior\n---\n", 3, "'mnior'"),
        ("---\ncli: [minor]\n---\n", 2, "not a list"),
        ("---\n- cli\n---\n", 2, "must map package names"),
        ("---\ncli:\n---\nno heading\n", 2, "no heading"),
        ("---\ncli:\n  bmp: minor\n---\n", 2, '"bmp" is not known'),
        ("---\ncli:\n  bump: minor\n  releaseAs: two\n---\n", 2, "not a version"),
        ("---\na: &a x\nb: *a\n---\n", 2, "anchors and aliases"),
        ("---\na: {b: {c: {d: {e: f}}}}\n---\n", 2, "nested too deeply"),
    ],
)
def test_a_broken_change_file_is_refused_with_its_line(text, line, what):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.message.startswith(f"x.md:{line}: ")
    assert what in caught.value.message
    assert caught.value.code == "CHANGE_FILE"


def test_a_yaml_bomb_is_refused_before_it_goes_off():
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    with pytest.raises(UsageError, match="anchors and aliases"):
        parse(f"---\n{bomb}---\n")


def test_reading_passes_over_what_is_no_change_file(tmp_path):
    write_change(tmp_path, "one", "---\ncli: minor\n---\n\nText\n")
    for name in ("README.md", ".hidden.md", "notes.txt", "staged.json"):
        (tmp_path / ".vis/release" / name).write_text("nothing")
    assert [(each.id, each.path) for each in read_changes(tmp_path, CONFIG, MEMBERS)] == [
        ("one", ".vis/release/one.md")
    ]


def test_no_folder_means_no_changes(tmp_path):
    assert read_changes(tmp_path, CONFIG, MEMBERS) == ()


def test_an_unknown_package_is_refused_with_the_nearest_name(tmp_path):
    write_change(tmp_path, "one", '---\ncli: patch\n"@acme/cor": minor\n---\n')
    with pytest.raises(UsageError, match=r'one\.md:3: .*"@acme/cor"') as caught:
        read_changes(tmp_path, CONFIG, MEMBERS)
    assert caught.value.hint == 'did you mean "@acme/core"?'


def test_a_cascade_that_chooses_nothing_is_refused(tmp_path):
    write_change(tmp_path, "one", '---\ncli:\n  bump: patch\n  cascade:\n    "plugin-*": patch\n---\n')
    with pytest.raises(UsageError, match="fits no package"):
        read_changes(tmp_path, CONFIG, MEMBERS)


def test_a_huge_file_is_refused_unread(tmp_path):
    write_change(tmp_path, "big", "---\ncli: patch\n---\n" + "x" * 10_000_000)
    with pytest.raises(UsageError, match=r"big\.md:1: the change file is 9\.5 MiB"):
        read_changes(tmp_path, CONFIG, MEMBERS)


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    write_change(tmp_path, "odd", "").write_bytes(b"---\ncli: patch\n---\n\xff")
    with pytest.raises(UsageError, match=r"odd\.md:4: the file is not UTF-8"):
        read_changes(tmp_path, CONFIG, MEMBERS)


def test_changesets_folder_is_read_too_under_its_rules(tmp_path):
    write_change(tmp_path, "ours", "---\ncli: patch\n---\n")
    write_change(tmp_path, "theirs", "---\ncli: patch\n---\n", ".changeset")
    write_change(tmp_path, "used", "---\ncli: patch\n---\n", ".changeset/pre")
    assert [each.id for each in read_changes(tmp_path, CONFIG, MEMBERS)] == ["ours"]
    found = read_changes(tmp_path, replace(CONFIG, rules="changesets"), MEMBERS)
    assert [each.id for each in found] == ["ours", "theirs", "pre/used"]


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (ChangeEntry("@acme/core", Level.MINOR), ChangeEntry("cli", Level.NONE)),
        (ChangeEntry("cli", Level.MAJOR, "2.0.0", {"@acme/*": "patch"}),),
    ],
)
def test_what_is_written_reads_back(entries):
    change = parse(render_change(entries, "Text\n\nMore"))
    assert change.entries == entries
    assert [each.cascade for each in change.entries] == [each.cascade for each in entries]
    assert change.summary == "Text\n\nMore"
