"""``python -m tests.bench.report``: runs every measurement and writes what came out to ``docs/performance.md``, with curves."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import planning, staging, startup, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DOCS = Path(__file__).parents[2] / "docs"

Row = dict[str, Any]

# Heading, what is measured, and whether growth is drawn.
PARTS: tuple[tuple[str, Callable[[], Sequence[Row]], bool], ...] = (
    ("Asking for a list or for help", startup.rows, False),
    ("Planning and versioning", planning.rows, True),
    ("Packing and staging a wave", staging.rows, True),
    ("Far away: the same with 50 ms more for every answer", staging.far_rows, True),
    ("Waiting", waiting.rows, False),
)


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | packages | seconds | compared with | times |", "|---|--:|--:|---|--:|"]
    lines += [
        f"| {row['name']} | {row['n']:,} | not measured | | |"
        if "why" in row
        else f"| {row['name']} | {row['n']:,} | {row['seconds']:.3g} | {row['ratio_to']} | {row['ratio']:.2f} |"
        for row in rows
    ]
    missing = {row["name"]: row["why"] for row in rows if "why" in row}
    lines += ["", *(f"Not measured: {name}, because {why}." for name, why in missing.items())] if missing else []
    return "\n".join(lines)


def curves(rows: Sequence[Row], title: str, target: Path) -> None:
    """Seconds over packages, a line for each name that was measured at more than one size."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "vis-tasks"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4))
    for name in dict.fromkeys(row["name"] for row in rows):
        points = sorted((row["n"], row["seconds"]) for row in rows if row["name"] == name and "why" not in row)
        if len(points) > 1:
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set(xlabel="packages", ylabel="seconds", title=title, xscale="log", yscale="log")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(fontsize="small")
    figure.savefig(target, format="svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def machine() -> str:
    """What the numbers were measured on."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {pages * size / 1024**3:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def main() -> None:
    """Measure everything; what is written by hand around the marked parts stays."""
    page = DOCS / "performance.md"
    parts = []
    for heading, measure, drawn in PARTS:
        rows = measure()
        parts.append(f"### {heading}\n\n{table(rows)}\n")
        print(f"{parts[-1]}")  # noqa: T201
        if drawn:
            name = f"performance-{heading.split()[0].lower()}.svg"
            curves(rows, heading, DOCS / "images" / name)
            parts.append(f"![{heading}: seconds over packages](images/{name})\n")
    measured = f"<!-- measured -->\nMeasured on {machine()}.\n\n" + "\n".join(parts) + "<!-- /measured -->"
    text = page.read_text(encoding="utf-8")
    page.write_text(
        re.sub(r"<!-- measured -->.*<!-- /measured -->", lambda _: measured, text, flags=re.DOTALL), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
