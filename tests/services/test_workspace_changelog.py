"""The workspace CHANGELOG.md: one entry a wave, of what went live."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending
from vis_tasks.services import tag
from vis_tasks.services.workspace_changelog import insert_wave

DAY = "2026-11-21"


def test_the_first_entry_stands_below_the_title():
    assert insert_wave("# Changelog\n", DAY, ["a@1.0.0"]) == "# Changelog\n\n## 2026-11-21\n\n- a@1.0.0\n"


def test_a_new_wave_stands_on_top():
    old = "# Changelog\n\nIntro.\n\n## 2026-11-20\n\n- a@1.0.0\n"
    assert insert_wave(old, DAY, ["b@1.0.0"]) == (
        "# Changelog\n\nIntro.\n\n## 2026-11-21\n\n- b@1.0.0\n\n## 2026-11-20\n\n- a@1.0.0\n"
    )


def test_two_waves_of_a_day_share_its_entry():
    old = "# Changelog\n\n## 2026-11-21\n\n- a@1.0.0\n\n## 2026-11-20\n\n- x@1.0.0\n"
    assert insert_wave(old, DAY, ["b@1.0.0"]) == (
        "# Changelog\n\n## 2026-11-21\n\n- a@1.0.0\n- b@1.0.0\n\n## 2026-11-20\n\n- x@1.0.0\n"
    )


@pytest.mark.parametrize("text", ["# Changelog\n", "", "# Changelog\n\n## 2026-11-20\n\n- x@1.0.0\n", "no heading"])
def test_writing_it_twice_writes_it_once(text):
    once = insert_wave(text, DAY, ["a@1.0.0", "b@1.0.0"])
    assert insert_wave(once, DAY, ["b@1.0.0", "a@1.0.0"]) == once
    assert insert_wave(once, "2026-11-22", ["a@1.0.0"]) == once


def test_line_ends_are_kept():
    assert insert_wave("# Changelog\r\n\r\n## 2026-11-20\r\n\r\n- x@1.0.0\r\n", DAY, ["a@1.0.0"]) == (
        "# Changelog\r\n\r\n## 2026-11-21\r\n\r\n- a@1.0.0\r\n\r\n## 2026-11-20\r\n\r\n- x@1.0.0\r\n"
    )


def released(world):
    world.hold(Pending().approve(entry("a", commit=world.repo.git.head())))
    tag.tag(world.run(reach=("tag",)))
    return world.repo.sh("log", "--format=%s").splitlines()


def test_rejected_and_pending_versions_never_stand_in_it(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"), package("b", "1.1.0"), package("c", "1.1.0"))
    state = Pending().approve(entry("a", commit=world.repo.git.head())).put(entry("b", reason="timeout"))
    world.hold(state.reject(entry("c"), "t"))
    tag.tag(world.run(reach=("tag",)))
    text = (world.repo.root / "CHANGELOG.md").read_text()
    assert "a@1.1.0" in text
    assert "b@1.1.0" not in text
    assert "c@1.1.0" not in text


def test_it_can_be_switched_off(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"), workspace_changelog=False)
    assert "chore(release): record wave [skip ci]" not in released(world)
    assert not (world.repo.root / "CHANGELOG.md").exists()


def test_a_changelog_that_is_not_utf_8_keeps_its_bytes(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"))
    (world.repo.root / "CHANGELOG.md").write_bytes(b"# Changelog\n\n## 2026-11-20\n\n- caf\xe9\n")
    world.repo.sh("add", "--all"), world.repo.sh("commit", "--quiet", "--message", "latin-1")
    world.repo.sh("push", "--quiet", "origin", "main")
    released(world)
    assert b"- caf\xe9\n" in (world.repo.root / "CHANGELOG.md").read_bytes()
