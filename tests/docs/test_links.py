"""Every link within the documentation leads somewhere, and none to a registry."""

from __future__ import annotations

import pytest

from tests.docs.pages import PAGES, TOP, Page

BY_PATH = {page.path: page for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Page) -> None:
    broken = []
    for link in page.links:
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = (page.path.parent / place).resolve() if place else page.path
        if not target.exists() or (anchor and anchor not in BY_PATH.get(target, Page(target)).anchors):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_elsewhere_are_encrypted_and_lead_to_no_registry(page: Page) -> None:
    elsewhere = [link for link in page.links if "://" in link]

    assert [link for link in elsewhere if not link.startswith("https://")] == []
    assert "npm" + "js" not in page.text, "the address of a registry comes from npm's own configuration"


def test_every_page_can_be_found_from_the_readme() -> None:
    seen: set[Page] = set()
    ahead = [BY_PATH[TOP / "README.md"]]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        targets = {(page.path.parent / link.partition("#")[0]).resolve() for link in page.links if "://" not in link}
        found = {BY_PATH.get(target) or BY_PATH.get(target / "README.md") for target in targets}
        ahead += [each for each in found if each and each not in seen]

    assert {page.name for page in PAGES} - {page.name for page in seen} == set()


def test_headings_make_anchors_as_on_github() -> None:
    assert "releasepublish" in BY_PATH[TOP / "docs/reference/config.md"].anchors
    assert "stageapprove" in BY_PATH[TOP / "docs/reference/commands.md"].anchors
    assert "what-is-installed" in BY_PATH[TOP / "docs/install.md"].anchors
