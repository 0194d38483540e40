"""Terminal, Markdown and HTML: complete, and deaf to what packages say."""

from __future__ import annotations

import io
import re
import sys

import pytest

from tests.review.builders import contents, review
from vis_tasks.adapters.review.html import review_page
from vis_tasks.adapters.review.markdown import review_markdown
from vis_tasks.adapters.review.terminal import print_reviews

NASTY: dict[str, bytes | str] = {
    "<img src=x onerror=alert(1)>.js": "</script><script>document.title='owned'</script>\x1b[2J\n```\n::error::x\n",
    "\x1b]0;owned\x07.md": "[link](javascript:alert(1)) @everyone | a | b |\n",
    "{{ 7 * 7 }}.txt": "{{ 7 * 7 }} {% raw %}\n",
    "\u202egpj.exe.js": "1\n",
    "[red]markup[/red].txt": "[bold]x[/bold]\n",
}


@pytest.fixture
def nasty():
    before = contents({"gone.js": "1\n"}, license="MIT")
    after = contents(NASTY, license="<b>UNLICENSED</b>", scripts={"postinstall": "<script>alert(2)</script>"})
    return review(
        before, after, changelog="### <script>alert(3)</script>", commits=(("abc123", "feat: \x1b[31m<b>red</b>"),)
    )


def test_the_terminal_gets_no_command_from_a_package(nasty) -> None:
    stream = io.StringIO()

    print_reviews([nasty], stream, {})

    shown = stream.getvalue()
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[2J" in shown
    assert "[red]markup[/red].txt" in shown, "Rich markup is text"
    assert "new install script: postinstall" in shown


def test_colour_is_wanted_or_not() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    small = review(contents(), contents({"a": "1\n"}))

    print_reviews([small], plain, {"NO_COLOR": "1", "FORCE_COLOR": "1"})
    print_reviews([small], coloured, {"FORCE_COLOR": "1"})

    assert "\x1b" not in plain.getvalue()
    assert "\x1b[32m" in coloured.getvalue()


def test_without_rich_the_terminal_gets_the_same_words_plainly(monkeypatch: pytest.MonkeyPatch, nasty) -> None:
    coloured, plain = io.StringIO(), io.StringIO()
    print_reviews([nasty], coloured, {"FORCE_COLOR": "1", "COLUMNS": "300"})

    monkeypatch.setitem(sys.modules, "rich", None)
    print_reviews([nasty], plain, {"FORCE_COLOR": "1", "COLUMNS": "300"})

    words = re.sub(r"\x1b\[[0-9;]*m", "", coloured.getvalue())
    assert [line.rstrip() for line in words.splitlines()] == plain.getvalue().splitlines()


def test_a_long_value_of_the_manifest_keeps_to_its_column() -> None:
    stream = io.StringIO()
    long = review(contents(), contents(scripts={"postinstall": "word " * 60}))

    print_reviews([long], stream, {"COLUMNS": "80"})

    table = stream.getvalue().partition("package.json")[2].partition("\n\n")[0]
    assert table.count("word") == 60
    assert max(map(len, table.splitlines())) <= 80


def test_markdown_holds_no_html_of_a_package_outside_of_code(nasty) -> None:
    text = review_markdown([nasty])

    outside = re.sub(r"(?s)(`{3,})diff\n.*?\n\1\n", "", text)
    assert "<script" not in outside
    assert "<img" not in outside
    assert "<b>" not in outside
    assert "````diff" in text, "a fence longer than those inside"
    assert "\x1b" not in text


def test_the_page_is_self_contained_and_escaped(nasty) -> None:
    page = review_page([nasty], made="now")

    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "<b>" not in page
    assert "{{ 7 * 7 }}.txt" in page
    assert not re.search(r"\b(?:src|href)\s*=", re.sub(r"&lt;.*?&gt;", "", page)), "it loads nothing"
    assert "default-src &#39;none&#39;" in page
    assert "\x1b" not in page


def test_a_review_without_anything_live_is_shown_in_every_form() -> None:
    first = review(None, contents({"a": "1\n"}))
    stream = io.StringIO()

    print_reviews([first], stream, {})

    assert "no version of it is live" in stream.getvalue()
    assert "no version of it is live" in review_markdown([first])
    assert "No version of it is live" in review_page([first], made="now")
