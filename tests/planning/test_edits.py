"""What a plan writes, byte for byte."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.planning.builders import change, change_text, package, workspace, write_workspace
from vis_tasks.adapters.workspace import read_needed, read_workspace
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.edits import edits_for, needed_files
from vis_tasks.core.notes import Links
from vis_tasks.core.plan import make_plan

DAY = date(2026, 11, 21)
CONFIG = ReleaseConfig()


def edited(members, files, plan, **options):
    return {edit.path: edit.content for edit in edits_for(members, files, plan, date=DAY, **options)}


def changelog(*changes, before=b"", style="default", links=None, config=CONFIG, members=None):
    members = members or workspace(package("a"), package("b", deps={"a": "^1.0.0"}))
    plan = make_plan(members, changes, config)
    files = {each.manifest_path: json.dumps(each.manifest).encode() for each in members.packages}
    files["packages/a/CHANGELOG.md"] = before
    return {
        path: content.decode()
        for path, content in edited(members, files, plan, style=style, links=links).items()
        if content
    }


@pytest.mark.parametrize(
    "around",
    [
        b'{\n  "name": "a",\n  "version": %s\n}\n',
        b'{\r\n\t"version" : %s,\r\n\t"name":"a"\r\n}',
        b'\xef\xbb\xbf{"name":"a","version":%s,"x":{"version":"1.0.0"}}\n\n',
        '{"é": "ü\\u00fc", "name": "a", "version":\n %s}'.encode(),
        b'{"version": "0.0.1", "name": "a", "version": %s}',
    ],
)
def test_only_the_version_moves_inside_a_package_json(around):
    members = workspace(package("a"))
    plan = make_plan(members, [change("x", a="minor")], CONFIG)
    after = edited(members, {"packages/a/package.json": around % b'"1.0.0"'}, plan)
    assert after["packages/a/package.json"] == around % b'"1.1.0"'


def test_ranges_move_in_their_own_table_only():
    content = (
        b'{"name":"b","version":"1.0.0","dependencies":{"a":"^1.0.0","z":"^1.0.0"},'
        b'"peerDependencies":{"a":">=1.0.0 <2"},"note":{"a":"^1.0.0"}}'
    )
    members = workspace(package("a"), package("b", deps={"a": "^1.0.0", "z": "^1.0.0"}, peer={"a": ">=1.0.0 <2"}))
    plan = make_plan(members, [change("x", a="major")], CONFIG)
    files = {"packages/a/package.json": b'{"version":"1.0.0"}', "packages/b/package.json": content}
    assert edited(members, files, plan)["packages/b/package.json"] == (
        b'{"name":"b","version":"2.0.0","dependencies":{"a":"^2.0.0","z":"^1.0.0"},'
        b'"peerDependencies":{"a":">=2.0.0 <3.0.0"},"note":{"a":"^1.0.0"}}'
    )


def test_change_files_go_unless_they_are_to_be_kept():
    members = workspace(package("a"))
    plan = make_plan(members, [change("x", a="minor")], CONFIG)
    files = {"packages/a/package.json": b'{"version":"1.0.0"}'}
    assert edited(members, files, plan)[".vis/release/x.md"] is None
    assert ".vis/release/x.md" not in edited(members, files, plan, keep_changes=True)


def test_a_new_changelog_lists_changes_by_level_and_updated_dependencies():
    found = changelog(
        change("x", "Break it\n\nHow to migrate", a="major"), change("y", "Mend it", a="patch", b="minor")
    )
    assert found["packages/a/CHANGELOG.md"] == (
        "# a\n\n## 2.0.0\n\n### Major Changes\n\n- Break it\n\n  How to migrate\n\n### Patch Changes\n\n- Mend it\n"
    )
    assert found["packages/b/CHANGELOG.md"] == (
        "# b\n\n## 1.1.0\n\n### Minor Changes\n\n- Mend it\n\n### Patch Changes\n\n- Updated dependencies\n  - a@2.0.0\n"
    )


def test_a_changelog_of_changesets_is_continued():
    before = b"# a\n\n## 1.0.0\n\n### Patch Changes\n\n- abc1234: Old\n"
    after = changelog(change_text("x", "---\na: minor\n---\n\ncommit: deadbeefcafe\nNew\n"), before=before)
    assert after["packages/a/CHANGELOG.md"] == (
        "# a\n\n## 1.1.0\n\n### Minor Changes\n\n- deadbee: New\n\n## 1.0.0\n\n### Patch Changes\n\n- abc1234: Old\n"
    )


def test_what_people_wrote_above_the_first_version_stays_there_with_its_line_ends():
    lines = ["\ufeff# History", "Written by hand.", "## Unreleased", "```", "## 9.9", "```", "## [1.0.0]", "Old"]
    before = "\r\n\r\n".join(lines).encode()
    after = changelog(change("x", "New", a="patch"), before=before)["packages/a/CHANGELOG.md"].encode()
    head, tail = before.split(b"## [1.0.0]")
    assert after == head + b"## 1.0.1\r\n\r\n### Patch Changes\r\n\r\n- New\r\n\r\n## [1.0.0]" + tail


def test_bytes_that_are_not_utf8_survive_in_a_changelog():
    members = workspace(package("a"))
    plan = make_plan(members, [change("x", a="patch")], CONFIG)
    files = {
        "packages/a/package.json": b'{"version":"1.0.0"}',
        "packages/a/CHANGELOG.md": b"# a\n\n## 1.0.0\n\ncaf\xe9\n",
    }
    assert edited(members, files, plan)["packages/a/CHANGELOG.md"].endswith(b"## 1.0.0\n\ncaf\xe9\n")


def test_a_version_that_has_its_section_already_gets_no_second_one():
    before = b"# a\n\n## 1.0.1\n\nAmended by hand\n"
    assert "packages/a/CHANGELOG.md" not in changelog(change("x", "New", a="patch"), before=before)


def test_keep_a_changelog_sorts_by_what_the_text_begins_with():
    found = changelog(
        change("x", "feat: One", a="minor"),
        change("y", "[Security] Two", a="patch"),
        change("z", "Three", a="major"),
        style="keep-a-changelog",
    )["packages/a/CHANGELOG.md"]
    assert found == (
        "# a\n\n## [2.0.0] - 2026-11-21\n\n### Added\n\n- One\n\n### Changed\n\n- **Breaking:** Three\n\n### Security\n\n- Two\n"
    )


@pytest.mark.parametrize(
    ("gitlab", "expected"),
    [
        (
            False,
            (
                "- [#12](https://forge.test/me/x/pull/12) [`abc1234`](https://forge.test/me/x/commit/abc1234ff) "
                "Thanks [@one](https://forge.test/one)! - Mend [#3](https://forge.test/me/x/issues/3) and `#4`"
            ),
        ),
        (
            True,
            (
                "- [!12](https://forge.test/me/x/-/merge_requests/12) [`abc1234`](https://forge.test/me/x/-/commit/abc1234ff) "
                "Thanks [@one](https://forge.test/one)! - Mend [#3](https://forge.test/me/x/-/issues/3) and `#4`"
            ),
        ),
    ],
)
def test_links_point_to_the_forge(gitlab, expected):
    text = "---\na: patch\n---\n\npr: 12\ncommit: abc1234ff\nauthor: one\nMend #3 and `#4`\n"
    found = changelog(change_text("x", text), style="links", links=Links("https://forge.test/me/x", gitlab=gitlab))
    assert expected in found["packages/a/CHANGELOG.md"]


def test_a_release_for_its_group_s_sake_says_so():
    members = workspace(package("a"), package("b"))
    found = changelog(change("x", "New", a="minor"), members=members, config=ReleaseConfig(fixed=(("a", "b"),)))
    assert "- shares its version with a (minor)" in found["packages/b/CHANGELOG.md"]


def test_the_needed_files_are_read_and_missing_changelogs_left_out(tmp_path):
    write_workspace(tmp_path, package("a"), package("b", dev={"a": "1.0.0"}), package("c"))
    members = read_workspace(tmp_path)
    plan = make_plan(members, [change("x", a="minor")], CONFIG)
    assert needed_files(members, plan) == (
        "packages/a/package.json",
        "packages/b/package.json",
        "packages/a/CHANGELOG.md",
    )
    assert set(read_needed(members, plan)) == {"packages/a/package.json", "packages/b/package.json"}


def test_the_root_s_ranges_on_members_stay_right(tmp_path):
    root = write_workspace(tmp_path, package("a"))
    top = '{"workspaces": ["packages/*"], "devDependencies": {"a": "^1.0.0"}}'
    (root / "package.json").write_text(top)
    members = read_workspace(root)
    plan = make_plan(members, [change("x", a="major")], CONFIG)
    after = edited(members, read_needed(members, plan), plan)
    assert after["package.json"] == top.replace("^1.0.0", "^2.0.0").encode()
