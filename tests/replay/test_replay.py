"""The project's own recordings: made-up workspaces whose outcomes were taken from the real engines of changesets.

Each was written by `assemble-release-plan` and `apply-release-plan` (6.0.10 with 7.1.1, 7.0.0 with 8.0.0) themselves, from random
packages with every kind of range, groups, ignored and private packages, pre mode and the peer-dependency options.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.replay.__main__ import main
from tests.replay.releases import ENGINES, Outcome, engine_of, read_folder, replay
from vis_tasks.core.changesets import Engine, engine_from, rules_from_changesets

RECORDED = Path(__file__).parent / "recorded"
RECORDS = [record for _, records in read_folder(RECORDED) for record in records]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["commit"])
def test_our_plan_is_the_engine_s(record):
    for name, engine in ENGINES.items():
        outcome = replay(record, engine)
        if record["engine"] in {name, "both"}:
            assert (outcome.error, outcome.versions) == ("", {})
        if record["ranges_engine"] in {name, "both"}:
            assert outcome.ranges == {}


def test_the_recordings_tell_the_engines_apart():
    engines = [record["engine"] for record in RECORDS]
    assert min(engines.count(name) for name in ("2", "3", "both")) >= 15


def test_the_engine_a_repository_names_fits_at_least_as_often_as_any_single_one():
    def fitting(outcomes: list[Outcome]) -> int:
        return sum(outcome.same_versions for outcome in outcomes)

    chosen = fitting([replay(record, engine_of(record)) for record in RECORDS])
    single = [fitting([replay(record, engine) for record in RECORDS]) for engine in ENGINES.values()]
    assert chosen == len(RECORDS)
    assert max(single) < chosen


@pytest.mark.parametrize(
    ("locked", "cli_range", "schema", "version"),
    [
        ({"@changesets/assemble-release-plan": "6.0.5", "@changesets/cli": "3.0.0"}, "^3.0.0", None, "6.0.5"),
        ({"@changesets/cli": "3.0.1"}, "^2.0.0", None, "7.0.0"),
        ({}, "^2.27.7", "https://x/@changesets/config@4.0.0/schema.json", "6.0.10"),
        ({}, "workspace:*", "https://x/@changesets/config@4.0.0/schema.json", "7.0.0"),
        ({}, None, "https://x/@changesets/config@3.0.2/schema.json", "6.0.10"),
        ({}, None, None, "6.0.10"),
    ],
)
def test_the_engine_is_found_by_the_surest_sign_there_is(locked, cli_range, schema, version):
    assert engine_from(locked, cli_range=cli_range, schema=schema).version == version


def test_engines_before_6_0_9_take_workspace_carets_for_left():
    assert engine_from({"@changesets/assemble-release-plan": "6.0.8"}).base.caret_leaves
    assert not engine_from({"@changesets/assemble-release-plan": "6.0.9"}).base.caret_leaves


def test_the_first_prerelease_of_7_takes_workspace_carets_for_left_too():
    assert engine_from({"@changesets/assemble-release-plan": "7.0.0-next.0"}).base.caret_leaves
    assert not engine_from({"@changesets/assemble-release-plan": "7.0.0-next.1"}).base.caret_leaves


@pytest.mark.parametrize(
    ("options", "before", "since"),
    [
        ({"ignore": ["a"]}, "2.1.0", "3.0.0"),
        ({"fixed": [["a", "b"]]}, "5.0.5", "5.1.0"),
        ({"privatePackages": False}, "6.0.0", "6.0.1"),
        ({"bumpVersionsWithWorkspaceProtocolOnly": True}, "4.0.1", "4.1.0"),
    ],
)
def test_an_engine_plans_as_if_an_option_younger_than_itself_were_not_there(options, before, since):
    def rules(version, document):
        return rules_from_changesets(document, ["a", "b"], Engine(version, "the lock file"))

    assert rules(before, options) == rules(before, {})
    assert rules(since, options) != rules(since, {})


def test_the_report_names_every_difference_and_fails(tmp_path, capsys):
    record = next(each for each in RECORDS if each["engine"] == "both" and each["expected"])
    name = next(iter(record["expected"]))
    wrong = {**record, "expected": {**record["expected"], name: "99.0.0"}}
    (tmp_path / "mine.jsonl.gz").write_bytes(gzip.compress(json.dumps(wrong).encode()))
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert f"  {name}: ours {record['expected'][name]}, shipped 99.0.0" in printed
    assert re.search(r"mine +0/2 \(0\.0 %\)", printed)


def test_the_report_says_whether_the_chosen_engine_beats_each_of_the_two(capsys):
    assert main([str(RECORDED)]) == 0
    verdict = next(line for line in capsys.readouterr().out.splitlines() if line.startswith('rules = "changesets"'))
    assert re.search(r"more than changesets-2 \(\d+\), more than changesets-3 \(\d+\)$", verdict)


def test_the_report_can_list_what_the_chosen_engine_misses_and_who_would_not(tmp_path, capsys):
    record = next(each for each in RECORDS if each["engine"] == "3" and each["expected"])
    locked = {**record, "locked": {"@changesets/assemble-release-plan": ["6.0.10"]}}
    (tmp_path / "mine.jsonl").write_text(json.dumps(locked))
    assert main([str(tmp_path), "--misses"]) == 0
    miss = "assemble-release-plan 6.0.10 in the lock file; changesets-3 would give what was shipped, versions:"
    assert miss in capsys.readouterr().out


def test_without_recordings_the_report_says_so(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 0
    assert "set VIS_REPLAYS" in capsys.readouterr().out
