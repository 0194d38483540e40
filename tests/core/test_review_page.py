"""Where people review a stage in a browser."""

from __future__ import annotations

import pytest

from vis_tasks.core.review_page import own_page, page_from


def test_the_website_stands_beside_the_registry() -> None:
    page = own_page("https://registry.example.org/", "@acme/core")

    assert page == (
        "https://www.example.org/settings/~/staged-packages/?page=0&perPage=10&filterPackage=%40acme%2Fcore"
    )


@pytest.mark.parametrize(
    "registry", ["http://registry.example.org/", "https://npm.example.org/", "https://127.0.0.1:4873/"]
)
def test_what_follows_another_rule_has_no_page(registry: str) -> None:
    assert own_page(registry, "core") is None


def test_a_template_is_filled_in_and_nothing_can_break_out_of_it() -> None:
    template = "https://npm.example.org/{name}/{version}?stage={id}"

    assert page_from(template, name="@a/b?x", version="1.0.0", stage_id="8814") == (
        "https://npm.example.org/%40a%2Fb%3Fx/1.0.0?stage=8814"
    )
    assert page_from(template, name="a", version="1.0.0", stage_id=None) is None
