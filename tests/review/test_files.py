"""Files that differ: shown as far as that helps."""

from __future__ import annotations

from tests.review.builders import contents
from vis_tasks.core.review.files import changed_files


def change(before: dict[str, bytes | str], after: dict[str, bytes | str]):
    found = changed_files(contents(before), contents(after))
    assert len(found) == 1
    return found[0]


def test_added_removed_and_changed_come_with_their_sizes() -> None:
    found = changed_files(
        contents({"a": "1\n", "b": "1\n", "same": "x"}), contents({"b": "22\n", "c": "3\n", "same": "x"})
    )

    assert [(file.path, file.kind, file.before, file.after) for file in found] == [
        ("a", "removed", 2, None),
        ("b", "changed", 2, 3),
        ("c", "added", None, 2),
    ]
    assert found[1].diff == ("@@ -1 +1 @@", "-1", "+22")


def test_without_a_live_version_everything_is_added() -> None:
    assert {file.kind for file in changed_files(None, contents({"a": "1"}))} == {"added"}


def test_binary_minified_and_large_files_are_summarised() -> None:
    assert change({"a": b"\0\1"}, {"a": b"\0\2"}).note == "binary"
    assert change({"a": "x"}, {"a": b"\xff\xfe\x41\x00"}).note == "binary", "UTF-16 isn't guessed at"
    assert change({"a.js": "a"}, {"a.js": "b" * 5000}).note == "minified"
    assert change({"a": "a\n"}, {"a": "b\n" * 200_000}).note == "too large"


def test_long_diffs_are_folded_and_long_lines_cut() -> None:
    long = change({}, {"a": "line\n" * 500})
    wide = change({"a": "x\n" * 50}, {"a": "x\n" * 50 + "y" * 900 + "\n"})

    assert (len(long.diff), long.folded) == (200, 300)
    assert any("… (501 more)" in line for line in wide.diff)


def test_a_newline_at_the_end_that_comes_or_goes_is_seen() -> None:
    assert change({"a": "1\n2\n"}, {"a": "1\n2"}).diff == ("@@ -1,3 +1,2 @@", " 1", " 2", "-")
