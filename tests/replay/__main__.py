"""``python -m tests.replay [folder]``: replay every recording of a folder and report match rates and differences.

The folder is the argument, else ``VIS_REPLAYS``, else ``../shared/replays``. Exit code 1 when a release differs from what the
engine its recording names gives; 0 with a message when there is no such folder.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.replay.releases import ENGINES, Outcome, engine_of, read_folder, replay

_SHOWN = 6


def main(argv: list[str]) -> int:
    """Run and print."""
    folder = Path(argv[0] if argv else os.environ.get("VIS_REPLAYS") or "../shared/replays")
    if not folder.is_dir():
        print(f"no replays at {folder}: set VIS_REPLAYS to a folder with *.jsonl.gz; nothing was replayed")  # noqa: T201
        return 0
    total: Counter[str] = Counter()
    lines: list[str] = []
    for repo, records in read_folder(folder):
        counts = _repo(repo, records, lines)
        total += counts
        print(_row(repo, counts))  # noqa: T201
    print(_row("all", total))  # noqa: T201
    for line in lines:
        print(line)  # noqa: T201
    return 1 if lines else 0


def _repo(repo: str, records: list[dict[str, Any]], lines: list[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for record in records:
        counts["releases"] += 1
        outcomes = {name: replay(record, engine) for name, engine in ENGINES.items()}
        counts["2"] += outcomes["2"].same_versions
        counts["3"] += outcomes["3"].same_versions
        counts["auto"] += replay(record, engine_of(record)).same_versions
        for name, outcome in outcomes.items():
            if record.get("engine") in {name, "both"}:
                counts["versions asked"] += 1
                counts["versions"] += outcome.same_versions
                if not outcome.same_versions:
                    lines += _explain(repo, record, name, "versions", outcome)
            if record.get("ranges_engine") in {name, "both"}:
                counts["ranges asked"] += 1
                counts["ranges"] += not outcome.ranges
                if outcome.ranges:
                    lines += _explain(repo, record, name, "ranges", outcome)
    return counts


def _row(name: str, counts: Counter[str]) -> str:
    def share(key: str, of: str) -> str:
        asked = counts[of]
        return f"{counts[key]}/{asked} ({100 * counts[key] / asked:.1f} %)" if asked else "none"

    return (
        f"{name:<14} versions {share('versions', 'versions asked')}, ranges {share('ranges', 'ranges asked')}; of "
        f'{counts["releases"]} releases as shipped: rules "changesets" {share("auto", "releases")}, '
        f'"changesets-2" {share("2", "releases")}, "changesets-3" {share("3", "releases")}'
    )


def _explain(repo: str, record: dict[str, Any], engine: str, what: str, outcome: Outcome) -> list[str]:
    head = f"\n{repo} {record['commit'][:10]} ({record['date'][:10]}), engine {engine}, {what}:"
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
