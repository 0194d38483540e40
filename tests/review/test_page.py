"""The page in a real headless Chromium: light and dark, by keyboard, with its policy in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.registry.conftest import from_npm  # noqa: F401  (a fixture)
from tests.registry.test_browser import chromium  # noqa: F401  (a fixture)
from tests.review.builders import contents, review
from tests.review.test_forms import NASTY
from vis_tasks.adapters.review.html import review_page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def address(tmp_path: Path) -> str:
    page = tmp_path / "review.html"
    after = contents(NASTY, scripts={"postinstall": "x"})
    page.write_text(review_page([review(contents({"a.js": "1\n"}), after)], made="now"), encoding="utf-8")
    return page.as_uri()


def test_nothing_of_a_package_runs_and_the_policy_complains_of_nothing(chromium, address) -> None:  # noqa: F811
    page = chromium.new_context().new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda request: None if request.url == address else complaints.append(request.url))

    page.goto(address)

    assert complaints == []
    assert page.title() == "Review of 1 staged version"
    assert page.locator("img").count() == 0
    assert page.evaluate("document.scripts.length") == 1
    assert "document.title='owned'" in page.locator("pre").all_inner_texts()[0] + "".join(
        page.locator("pre").all_inner_texts()
    )


def test_files_are_walked_and_folded_by_keyboard(chromium, address) -> None:  # noqa: F811
    page = chromium.new_context().new_page()
    page.goto(address)
    first = page.locator("details").first
    was = first.evaluate("part => part.open")

    page.keyboard.press("j")
    page.keyboard.press("o")

    assert page.evaluate("document.activeElement === document.querySelector('summary')")
    assert first.evaluate("part => part.open") is not was
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement === document.querySelector('summary')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_both_readable(chromium, address, scheme: str) -> None:  # noqa: F811
    page = chromium.new_context(color_scheme=scheme).new_page()
    page.goto(address)

    def brightness(what: str) -> float:
        numbers = page.evaluate(f"getComputedStyle(document.body).{what}").strip("rgba()").split(",")
        return sum(float(number) for number in numbers[:3]) / 765

    text, ground = brightness("color"), brightness("backgroundColor")
    assert abs(text - ground) > 0.6
    assert (ground < 0.5) is (scheme == "dark")
