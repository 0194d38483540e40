"""The wave as Markdown for CI's job summary: outcomes, what waits for whom, the cascade as a Mermaid graph, the time line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vis_tasks.core.ages import countdown
from vis_tasks.core.graph import edges
from vis_tasks.services.pages import page_of
from vis_tasks.services.state import timestamp
from vis_tasks.services.summary import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vis_tasks.services.run import Run

__all__ = ["cascade", "time_line", "wave_report"]

_MOST_NODES = 80
_MOST_LINES = 500
_STYLES = {
    "published": "fill:#e9f6ec,stroke:#1a6b2f,color:#111",
    "skipped": "fill:#fff6e0,stroke:#8a5a00,color:#111",
    "held": "fill:#f0f0f0,stroke:#666,color:#111",
    "failed": "fill:#fdeceb,stroke:#b3261e,color:#111",
}


def wave_report(run: Run) -> str:
    """Everything about the wave; one npm process at most, no request.

    Args:
        run: the run, at its end.
    """
    parts = [markdown(run).rstrip("\n"), *_waiting(run), *cascade(run), *time_line(run)]
    return "\n".join(parts) + "\n"


def _waiting(run: Run) -> Iterator[str]:
    undecided = [entry for entry in run.state.pending().pending if entry.reason in {"waiting", "timeout"}]
    pending = [entry for entry in undecided if not entry.published]
    if not pending:
        return
    yield "\n#### Waiting for a maintainer\n"
    for entry in pending:
        page = page_of(run, entry)
        link = f" · [review]({page.replace(')', '%29').replace('(', '%28')})" if page else ""
        yield f"- `{_code(entry.spec)}` → `{_code(entry.tag)}`: `invoke stage.approve {_code(entry.id or entry.spec)}`{link}"
    yield "\nAll of them: `invoke stage.approve --all`, after `invoke stage.review`."


def _code(text: str) -> str:
    return re.sub(r"[`\s]", "", text)


def cascade(run: Run) -> Iterator[str]:
    """A Mermaid graph of the packages of this wave, dependencies pointing at their dependents; nothing for a single one."""
    outcomes = list(run.report.outcomes.values())[:_MOST_NODES]
    if len(outcomes) < 2:
        return
    place = {outcome.name: number for number, outcome in enumerate(outcomes)}
    yield "\n```mermaid\ngraph LR"
    for number, outcome in enumerate(outcomes):
        yield f'  n{number}["{_label(outcome.name)}@{_label(outcome.version)}"]:::{outcome.kind}'
    pairs = {
        (place[edge.dependency], place[edge.dependent])
        for edge in edges(run.workspace)
        if edge.table != "devDependencies" and edge.dependency in place and edge.dependent in place
    }
    yield from (f"  n{one} --> n{two}" for one, two in sorted(pairs) if one != two)
    yield from (f"  classDef {kind} {style}" for kind, style in _STYLES.items())
    yield "```"


def _label(text: str) -> str:
    """Text inside a quoted Mermaid label: only what names and versions are made of."""
    return re.sub(r"[^\w@/.+~-]", "?", text, flags=re.ASCII)


def time_line(run: Run) -> Iterator[str]:
    """What happened when: targets with how long they took, and what became of each version; nothing when nothing was done."""
    lines = [(str(step["at"]), _step(step), _span(step.get("seconds"))) for step in run.report.steps if "at" in step]
    lines += [(timestamp(moment), _text(what), "") for moment, what in run.report.events]
    if not lines:
        return
    yield "\n#### Time line\n"
    yield "| UTC | what | took |\n|---|---|---|"
    shown = sorted(lines, key=lambda line: line[0])[-_MOST_LINES:]
    yield from (f"| {moment[11:19]} | {what} | {took} |" for moment, what, took in shown)


def _step(step: Mapping[str, object]) -> str:
    reason = step.get("reason")
    words = "" if reason in {None, "", "always runs"} else f" ({_text(str(reason))})"
    return f"**{_text(str(step['target']))}** {_text(str(step['state']))}{words}"


def _span(seconds: object) -> str:
    if not isinstance(seconds, int | float):
        return ""
    return f"{seconds:.1f} s" if seconds < 60 else countdown(seconds)


def _text(text: str) -> str:
    """Plain text inside a table."""
    return re.sub(r"([\\`*_\[\]|<>#~!])", r"\\\1", " ".join(text.split()))
