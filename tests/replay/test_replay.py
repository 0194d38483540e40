"""The project's own recordings: made-up workspaces whose outcomes were taken from the real engines of changesets.

Each was written by `assemble-release-plan` and `apply-release-plan` (6.0.10 with 7.1.1, 7.0.0 with 8.0.0) themselves, from random
packages with every kind of range, groups, ignored and private packages, pre mode and the peer-dependency options.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.replay.__main__ import main
from tests.replay.releases import ENGINES, Outcome, engine_of, read_folder, replay
from vis_tasks.core.changesets import engine_from

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


def test_the_report_names_every_difference_and_fails(tmp_path, capsys):
    record = next(each for each in RECORDS if each["engine"] == "both" and each["expected"])
    name = next(iter(record["expected"]))
    wrong = {**record, "expected": {**record["expected"], name: "99.0.0"}}
    (tmp_path / "mine.jsonl.gz").write_bytes(gzip.compress(json.dumps(wrong).encode()))
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert f"  {name}: ours {record['expected'][name]}, shipped 99.0.0" in printed
    assert "mine           versions 0/2 (0.0 %)" in printed


def test_without_recordings_the_report_says_so(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 0
    assert "set VIS_REPLAYS" in capsys.readouterr().out
