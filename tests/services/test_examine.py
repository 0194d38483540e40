"""The doctor's round: what breaks one check is a finding, what ends the program ends the round."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, package
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.errors import Failed, Interrupted
from vis_tasks.services.doctor.examine import examine


def examined(tmp_path, error):
    world = build_world(tmp_path, package("a"))

    def broken():
        raise error

    run = world.run()
    run.tools = replace(run.tools, runner=SubprocessRunner())
    return examine(run, broken)


def test_a_check_that_breaks_is_a_finding(tmp_path):
    found = examined(tmp_path, Failed("the drawer is stuck"))
    assert [finding.id for finding in found if finding.text == "the drawer is stuck"] == ["ci"]


def test_ctrl_c_ends_it_at_once(tmp_path):
    with pytest.raises(Interrupted):
        examined(tmp_path, Interrupted("interrupted by SIGINT", signal_number=2))


def test_a_remote_that_does_not_answer_is_named_once(tmp_path):
    world = build_world(tmp_path, package("a"))
    world.repo.sh("remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    run = world.run()
    run.tools = replace(run.tools, runner=SubprocessRunner())
    found = {finding.id: finding for finding in examine(run, lambda: None)}
    assert "nowhere.git" in found["git.remote"].text
    assert found["versions"].text == "not looked at, because of what git.remote says"
    assert [each.id for each in found.values() if "nowhere.git" in each.text] == ["git.remote"]
