"""The wave as Markdown, what it leaves for later steps, and the times in both."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, entry, package
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import Graph, Target, UpToDate
from vis_tasks.services.ci_results import link_sections, step_outputs
from vis_tasks.services.decided import write_down
from vis_tasks.services.make import make
from vis_tasks.services.run import Outcome
from vis_tasks.services.steps import Steps
from vis_tasks.services.wave_report import wave_report


@pytest.fixture
def world():
    world = build_world(None, package("a", "1.1.0"), package("b", "1.1.0", dependencies={"a": "^1.0.0"}))
    world.hold(Pending().put(entry("a")).put(entry("b")))
    return world


def walk(world, run, *, fail=False):
    """Two targets, 90 seconds and nothing; an approval in between."""

    def first(_run):
        world.clock.advance(30)
        write_down(run, entry("a"), "approved")
        world.clock.advance(60)
        if fail:
            raise RuntimeError

    targets = [
        Target("stage", first, doc="x"),
        Target("wait", first, needs=("stage",), look=lambda _run: UpToDate("nothing|waits"), doc="x"),
    ]
    with Steps(run) as steps:
        make(Graph.of(targets), ("wait",), run, steps)


def test_the_time_line_tells_what_happened_when_and_how_long_it_took(world):
    run = world.run()
    walk(world, run)
    text = wave_report(run)
    assert "#### Time line\n\n| UTC | what | took |\n|---|---|---|\n" in text
    assert text[text.index("| 12:") :] == (
        "| 12:00:00 | **stage** ran | 1:30 |\n"
        "| 12:00:30 | a@1.1.0 approved and live |  |\n"
        "| 12:01:30 | **wait** up to date (nothing\\|waits) |  |\n"
    )


def test_a_target_that_fails_has_its_time_too(world):
    run = world.run()
    with pytest.raises(RuntimeError):
        walk(world, run, fail=True)
    assert "| 12:00:00 | **stage** ran | 1:30 |" in wave_report(run)


def test_nothing_done_has_no_time_line(world):
    assert "Time line" not in wave_report(world.run())


def test_what_waits_comes_with_its_command_and_the_cascade_with_its_edges(world):
    run = world.run()
    for name in ("a", "b"):
        run.report.put(Outcome(name, "1.1.0", "skipped", "stage-timeout", stage_id=f"id-{name}"))
    text = wave_report(run)
    assert "- `a@1.1.0` → `latest`: `invoke stage.approve id-a`" in text
    assert '  n0["a@1.1.0"]:::skipped\n  n1["b@1.1.0"]:::skipped\n  n0 --> n1\n' in text


def test_later_steps_get_lists(world):
    run = world.run()
    run.report.put(Outcome("c", "2.0.0", "published"))
    run.report.put(Outcome("d", "1.0.0", "failed", "refused"))
    run.report.tags.append("c@2.0.0")
    assert step_outputs(run) == {
        "published": ["c@2.0.0"],
        "pending": ["a@1.1.0", "b@1.1.0"],
        "failed": ["d@1.0.0"],
        "tags": ["c@2.0.0"],
    }


def test_links_lead_to_what_waits_and_to_the_releases(world):
    run = world.run()
    assert link_sections(run) == {}, "no page is known"
    world.npm.pages = "https://review.example.org/{name}"
    run.report.releases.append("https://forge.example.org/o/r/releases/tag/c@2.0.0")
    assert link_sections(run) == {
        "Approve": [
            ("a@1.1.0 → latest", "https://review.example.org/a"),
            ("b@1.1.0 → latest", "https://review.example.org/b"),
        ],
        "Releases": [("c@2.0.0", "https://forge.example.org/o/r/releases/tag/c@2.0.0")],
    }
