"""make: look before each target, run only what is due, in order, once."""

from __future__ import annotations

import pytest

from vis_tasks.core.targets import Due, Graph, Target, UpToDate
from vis_tasks.errors import Refused
from vis_tasks.services.make import explain, make


class Story:
    """Targets that write down what happens to them; the reporter too."""

    def __init__(self, *, done=(), broken=(), harmless=()):
        self.done, self.broken, self.told, self.looked = set(done), set(broken), [], []
        self.graph = Graph.of(
            [
                self.target("guard", look=False, mutates="guard" not in harmless),
                self.target("version", "guard"),
                self.target("pack", "version"),
            ]
        )

    def target(self, name, *needs, look=True, mutates=True):
        return Target(name, self.runner(name), needs=needs, look=self.looker(name) if look else None, mutates=mutates)

    def runner(self, name):
        def run(_context):
            self.told.append(f"run {name}")
            if name in self.broken:
                raise Refused(f"{name} says no")
            self.done.add(name)

        return run

    def looker(self, name):
        def look(_context):
            self.looked.append(name)
            return UpToDate("done before") if name in self.done else Due("to do", (f"do {name}",))

        return look

    def up_to_date(self, name, reason):
        self.told.append(f"{name}: {reason}")

    def starting(self, name, reason):
        self.told.append(f"starting {name} ({reason})")

    def planned(self, name, state):
        self.told.append(f"would {', '.join(state.actions) or name}")

    def make(self, *goals, **how):
        return make(self.graph, goals, None, self, **how)


def test_what_is_due_runs_in_order_and_what_is_not_says_why():
    story = Story(done={"version"})
    assert story.make("pack") == ("guard", "pack")
    assert story.told == [
        "starting guard (always runs)",
        "run guard",
        "version: done before",
        "starting pack (to do)",
        "run pack",
    ]


def test_running_again_finds_everything_done():
    story = Story()
    story.make("pack")
    assert story.make("pack") == ("guard",)


def test_a_target_named_twice_and_needed_besides_runs_once():
    story = Story()
    assert story.make("guard", "pack", "guard") == ("guard", "version", "pack")


def test_each_target_is_looked_at_right_before_its_turn():
    story = Story(broken={"version"})
    with pytest.raises(Refused):
        story.make("pack")
    assert story.looked == ["version"]
    assert "run pack" not in story.told


def test_a_plan_runs_nothing_that_changes_anything():
    story = Story(harmless={"guard"})
    assert story.make("pack", plan_only=True) == ("guard",)
    assert story.told == [
        "starting guard (always runs)",
        "run guard",
        "would do version",
        "would do pack",
    ]


def test_explaining_looks_and_runs_nothing():
    story = Story(done={"version"})
    found = explain(story.graph, ("pack",), None)
    assert story.told == []
    assert [(each.name, each.needs, each.state) for each in found] == [
        ("guard", (), Due("always runs")),
        ("version", ("guard",), UpToDate("done before")),
        ("pack", ("version",), Due("to do", ("do pack",))),
    ]
