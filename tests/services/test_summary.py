"""The summary: as the reader sees it, as data, and as Markdown."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending
from vis_tasks.services.run import Outcome
from vis_tasks.services.summary import document, finish_report, lines, markdown


@pytest.fixture
def run():
    """5 packages: 3 approved, one timed out, one rejected."""
    run = build_world(None, package("a")).run()
    for name in ("a", "b", "c"):
        run.report.put(Outcome(name, "1.1.0", "published", stage_id=f"id-{name}"))
        run.report.tags.append(f"{name}@1.1.0")
        run.report.releases.append(f"http://forge/{name}")
    run.report.put(Outcome("d", "1.1.0", "skipped", "stage-timeout", stage_id="id-d"))
    run.report.put(Outcome("e", "1.1.0", "skipped", "stage-rejected", stage_id="id-e"))
    return run


def test_a_mixed_wave_as_the_documentation_shows_it(run):
    assert [line for line in lines(run) if not line.startswith("  ")] == [
        "Published: 3 (got tags + releases + workspace changelog wave entry)",
        "Skipped: 2 (stage-rejected / stage-timeout, recorded in staged.json)",
        "Failed: 0",
        "Tags created: 3 (pushed)",
    ]


def test_every_package_is_named_with_its_reason(run):
    run.report.put(Outcome("f", "2.0.0", "failed", "the registry refused it"))
    run.report.put(Outcome("g", "2.0.0", "held", "held: needs f"))
    said = lines(run)
    assert "  d@1.1.0 (stage-timeout)" in said
    assert "  f@2.0.0: the registry refused it" in said
    assert "  g@2.0.0 (held: needs f)" in said
    assert "Skipped: 3 (stage-rejected / stage-timeout, recorded in staged.json)" in said


def test_nothing_done_says_so_plainly():
    run = build_world(None, package("a")).run()
    assert lines(run) == ("Published: 0", "Skipped: 0", "Failed: 0", "Tags created: 0")
    assert markdown(run) == "### Release\n\nNothing to release.\n"


def test_as_data_the_keys_are_these(run):
    found = document(run)
    assert list(found) == [
        "targets", "versioned", "staged", "published", "skipped", "failed", "tags", "releases", "commits",
        "notChecked",
    ]  # fmt: skip
    assert found["skipped"][0] == {"name": "d", "version": "1.1.0", "reason": "stage-timeout", "stageId": "id-d"}


def test_as_markdown_it_is_a_table(run):
    rows = markdown(run).splitlines()
    assert rows[2:4] == ["| package | version | outcome | why |", "|---|---|---|---|"]
    assert "| `d` | 1.1.0 | skipped | stage-timeout |" in rows
    assert "| `a` | 1.1.0 | published | — |" in rows


def test_text_from_outside_does_not_break_the_table(run):
    run.report.put(Outcome("f", "1.0.0", "failed", "one | two\nthree"))
    (row,) = [row for row in markdown(run).splitlines() if "`f`" in row]
    assert row == r"| `f` | 1.0.0 | failed | one \| two three |"


def test_what_staged_json_still_holds_and_nobody_spoke_of_is_added():
    world = build_world(None, package("a"))
    world.hold(Pending().put(entry("a")).put(entry("b", reason="timeout")).reject(entry("c"), "t"))
    run = world.run()
    run.report.put(Outcome("a", "1.1.0", "failed", "told before"))
    finish_report(run)
    assert {each.name: each.why for each in run.report.outcomes.values()} == {
        "a": "told before",
        "b": "stage-timeout",
        "c": "stage-rejected",
    }


def test_packages_are_told_by_name_whatever_ended_first(run):
    for name in ("c", "a", "b"):
        run.report.put(Outcome(name, "1.0.0", "skipped", "stage-waiting"))
    told = [line.split()[0] for line in lines(run) if "stage-waiting)" in line and line.startswith("  ")]
    assert told == ["a@1.0.0", "b@1.0.0", "c@1.0.0"]
    assert [each["name"] for each in document(run)["skipped"]] == ["a", "b", "c", "d", "e"]
