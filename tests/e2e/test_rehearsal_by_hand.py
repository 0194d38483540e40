"""A rehearsal in which a person decides: with npm in the ordinary tests, in a real browser in the slow ones."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.e2e.rehearsing import rehearsing
from tests.registry.conftest import from_npm  # noqa: F401  (a fixture)
from tests.registry.test_browser import chromium  # noqa: F401  (a fixture)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def test_a_person_approves_with_npm_and_ends_it(world: World) -> None:
    world.package("a").change("one", a="patch").commit()
    temporary = world.folder / "temporary"

    with rehearsing(world, temporary, "--serve") as hand:
        hand.until("wait for approval")
        stage_id = re.search(r"stage\.approve ([0-9a-f-]{36})", hand.until("stage.approve"))
        assert stage_id
        npmrc, code = hand.told(r"--userconfig=(\S+)"), Path(hand.told(r"stands in (\S+)"))
        assert oct(code.stat().st_mode)[-3:] == "600"
        done = subprocess.run(
            ["npm", "stage", "approve", stage_id.group(1), f"--userconfig={npmrc}"],
            cwd=world.folder,
            env={**os.environ, "npm_config_otp": code.read_text().strip(), "npm_config_cache": str(world.folder / "c")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        hand.until("stays up until Ctrl-C")
        page = hand.told(r"page +(\S+)")
        assert is_open(page)
        rest = hand.end()

    assert hand.process.returncode == 0, rest
    assert "tag a@1.0.1" in rest
    assert "every promise was kept" in rest
    assert not is_open(page)
    assert list(temporary.iterdir()) == []


def test_it_can_be_ended_while_versions_wait(world: World) -> None:
    world.package("a").change("one", a="patch").commit()
    temporary = world.folder / "temporary"

    with rehearsing(world, temporary, "--serve") as hand:
        hand.until("wait for approval")
        rest = hand.end()

    assert hand.process.returncode == 0, rest
    assert "staged  a@1.0.1" in rest
    assert list(temporary.iterdir()) == []


def test_a_scenario_beside_it_is_refused(world: World) -> None:
    world.package("a").commit()

    done = world.run("rehearse", "--serve", "--scenario=approve")

    assert done.code == 2


@pytest.mark.slow
def test_a_person_approves_in_the_browser(world: World, chromium: Browser) -> None:  # noqa: F811
    world.package("a").change("one", a="patch").commit()
    temporary = world.folder / "temporary"

    with rehearsing(world, temporary, "--serve") as hand:
        hand.until("wait for approval")
        code = Path(hand.told(r"stands in (\S+)"))
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto(hand.told(r"page +(\S+)"))
        page.get_by_label("User name").fill(hand.told(r"user +(\S+)"))
        page.get_by_label("Password").fill(hand.told(r"password +(\S+)"))
        page.get_by_label("Code of your authenticator").fill(code.read_text().strip())
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="a", exact=True).click()
        page.get_by_label("Code of your authenticator").fill(code.read_text().strip())
        page.get_by_role("button", name="Approve").click()
        assert page.get_by_role("status").inner_text().startswith("Approved.")
        hand.until("stays up until Ctrl-C")
        rest = hand.end()

    assert hand.process.returncode == 0, rest
    assert "tag a@1.0.1" in rest
