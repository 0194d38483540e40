"""The page about failures names only tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.findall(
    r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`", (ROOT / "docs/failure-modes.md").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)), ids=lambda value: value.rpartition("/")[2])
def test_every_row_is_shown_by_a_test_that_is_there(path, name):
    file = ROOT / path
    assert file.exists()
    if name:
        assert re.search(rf"^ *def {name}\b", file.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_row_names_a_test():
    text = (ROOT / "docs/failure-modes.md").read_text(encoding="utf-8").partition("## How often")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    bare = [row for row in rows if "tests/" not in row and not row.startswith(("| what happens", "| ---"))]
    assert bare == []
