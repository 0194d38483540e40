"""Sections of a CHANGELOG.md."""

from __future__ import annotations

import pytest

from vis_tasks.core.changelog import find_section, insert_section, section

TEXT = """# @acme/core

## 1.1.0

### Minor Changes

- One

```md
## 1.0.0
```

## [1.0.0] - 2026-01-31

- Two
"""


def test_a_section_ends_before_the_next_heading_of_its_rank():
    assert section(TEXT, "1.1.0") == "### Minor Changes\n\n- One\n\n```md\n## 1.0.0\n```"
    assert section(TEXT, "1.0.0") == "- Two"
    assert section(TEXT, "9.9.9") == ""


def test_its_lines_are_counted_from_one():
    assert find_section(TEXT, "1.1.0") == (3, 12)
    assert find_section(TEXT, "1.0.0") == (13, 15)
    assert find_section(TEXT, "1.0") is None


@pytest.mark.parametrize(
    "heading", ["## 1.2.3", "# v1.2.3", "## [1.2.3](https://x/y)", "### [1.2.3] (2026-01-01)", "## a@1.2.3"]
)
def test_the_headings_of_all_tools_are_understood(heading):
    assert section(f"{heading}\n\nText\n", "1.2.3") == "Text"
    assert section(heading.replace("1.2.3", "1.2.3-next.1") + "\n\nText\n", "1.2.3") == ""


def test_windows_line_ends_are_fine():
    assert section(TEXT.replace("\n", "\r\n"), "1.0.0") == "- Two"


def test_without_any_version_the_new_section_goes_to_the_end():
    assert insert_section("# Title\n\nWords", "a", "## 1.0.0\n", "1.0.0") == "# Title\n\nWords\n\n## 1.0.0\n"


def test_a_file_that_starts_with_a_version_is_continued_above_it():
    assert insert_section("## 1.0.0\n\nOld\n", "a", "## 1.0.1\n", "1.0.1") == "## 1.0.1\n\n## 1.0.0\n\nOld\n"
