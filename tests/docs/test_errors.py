"""The page of error codes says what the source says."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import TOP

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = TOP / "docs/reference/errors.md"


@pytest.fixture(scope="module")
def page() -> Callable[[], str]:
    made: Callable[[], str] = runpy.run_path(str(TOP / "docs/make_errors.py"))["page"]
    return made


def test_the_committed_page_is_the_one_that_is_made(page: Callable[[], str]) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python docs/make_errors.py"


@pytest.mark.parametrize(
    "row",
    [
        "| `LOCKED` | 4 | other releases keep taking the lock on … | wait for them to end, then run again |",
        "| `NO_COMMIT` | 1 | the repository has no commit yet | commit your packages first |",
        "| `TARGET_CYCLE` | 2 |",
    ],
)
def test_a_code_comes_with_its_exit_code_words_and_way_out(row: str) -> None:
    assert row in PAGE.read_text(encoding="utf-8")
