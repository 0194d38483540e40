"""``python -m tests.replay [--misses] [folder]``: replay every recording of a folder and report match rates and differences.

The folder is the argument, else ``VIS_REPLAYS``, else ``recorded`` beside this file. Two things are measured. Under
the engine that a recording names, every release must come out as it was shipped: exit code 1 otherwise, with each
difference. And of all releases, whichever engine made them, how many come out as shipped with changesets 2 forced,
with 3 forced, and with the version that the repository's own lock file names, as ``rules = "changesets"`` plans
(``--misses`` lists those it doesn't give). What no engine gives was edited by hand or by a script after the engine
ran. 0 with a message when there is no such folder.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.replay.releases import ENGINES, Outcome, engine_of, read_folder, replay

_SHOWN = 6
_FORCED = {"2": "changesets-2", "3": "changesets-3", "auto": "changesets"}


def main(argv: list[str]) -> int:
    """Run and print."""
    words = [word for word in argv if word != "--misses"]
    folder = Path(words[0] if words else os.environ.get("VIS_REPLAYS") or Path(__file__).with_name("recorded"))
    if not folder.is_dir():
        print(f"no replays at {folder}: set VIS_REPLAYS to a folder with *.jsonl.gz; nothing was replayed")  # noqa: T201
        return 0
    total: Counter[str] = Counter()
    rows: list[tuple[str, Counter[str]]] = []
    lines: list[str] = []
    misses: list[str] = []
    for repo, records in read_folder(folder):
        counts = _repo(repo, records, lines, misses)
        total += counts
        rows.append((repo, counts))
    report = [*_named([*rows, ("all", total)]), "", *_forced([*rows, ("all", total)]), "", _verdict(total), *lines]
    for line in [*report, *(misses if "--misses" in argv else ())]:
        print(line)  # noqa: T201
    return 1 if lines else 0


def _repo(repo: str, records: list[dict[str, Any]], lines: list[str], misses: list[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for record in records:
        counts["releases"] += 1
        chosen = engine_of(record)
        outcomes = {name: replay(record, engine) for name, engine in ENGINES.items()} | {"auto": replay(record, chosen)}
        for name, outcome in outcomes.items():
            counts[name] += outcome.same_versions
        if not outcomes["auto"].same_versions:
            others = [_FORCED[name] for name in ENGINES if outcomes[name].same_versions]
            note = f"{chosen.source}; {' and '.join(others) or 'no engine'} would give what was shipped"
            misses += _explain(repo, record, note, "versions", outcomes["auto"])
        for name in ENGINES:
            _compare(repo, record, name, outcomes[name], counts, lines)
    return counts


def _compare(
    repo: str, record: dict[str, Any], name: str, outcome: Outcome, counts: Counter[str], lines: list[str]
) -> None:
    """Count one release under an engine, when its recording names that engine."""
    if record.get("engine") in {name, "both"}:
        counts["versions asked"] += 1
        counts["versions"] += outcome.same_versions
        if not outcome.same_versions:
            lines += _explain(repo, record, f"engine {name}", "versions", outcome)
    if record.get("ranges_engine") in {name, "both"}:
        counts["ranges asked"] += 1
        counts["ranges"] += not outcome.ranges
        if outcome.ranges:
            lines += _explain(repo, record, f"engine {name}", "ranges", outcome)


def _share(counts: Counter[str], key: str, of: str) -> str:
    asked = counts[of]
    return f"{counts[key]}/{asked} ({100 * counts[key] / asked:.1f} %)" if asked else "none"


def _named(rows: list[tuple[str, Counter[str]]]) -> list[str]:
    head = f"{'as the named engine':<28}{'versions':<20}ranges"
    return [head] + [
        f"  {repo:<26}{_share(counts, 'versions', 'versions asked'):<20}{_share(counts, 'ranges', 'ranges asked')}"
        for repo, counts in rows
    ]


def _forced(rows: list[tuple[str, Counter[str]]]) -> list[str]:
    head = f"{'as shipped, with rules =':<28}" + "".join(f'"{name}"'.ljust(22) for name in _FORCED.values())
    return [head.rstrip()] + [
        f"  {repo:<26}" + "".join(_share(counts, key, "releases").ljust(22) for key in _FORCED).rstrip()
        for repo, counts in rows
    ]


def _verdict(total: Counter[str]) -> str:
    auto = total["auto"]
    words = {-1: "fewer than", 0: "as many as", 1: "more than"}
    parts = [
        f"{words[(auto > total[name]) - (auto < total[name])]} {_FORCED[name]} ({total[name]})" for name in ENGINES
    ]
    return f'rules = "changesets" gives {auto} of {total["releases"]} releases as shipped: {", ".join(parts)}'


def _explain(repo: str, record: dict[str, Any], who: str, what: str, outcome: Outcome) -> list[str]:
    head = f"\n{repo} {record['commit'][:10]} ({record['date'][:10]}), {who}, {what}:"
    if outcome.error:
        return [head, f"  refused: {outcome.error}"]
    found = outcome.versions if what == "versions" else outcome.ranges
    shown = [
        f"  {name}: ours {ours or '-'}, shipped {shipped or '-'}"
        for name, (ours, shipped) in list(found.items())[:_SHOWN]
    ]
    rest = len(found) - len(shown)
    return [head, *shown, *([f"  and {rest} more"] if rest > 0 else [])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
