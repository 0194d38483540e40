"""The end of a release: what was published, what was skipped and why, what failed, which tags were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.services.run import Outcome

if TYPE_CHECKING:
    from vis_tasks.services.run import Run

__all__ = ["document", "finish_report", "lines", "markdown"]

_SKIPPED = ("skipped", "held")


def finish_report(run: Run) -> None:
    """Add what staged.json still holds and nobody has spoken of in this run."""
    for entry in run.state.pending().pending:
        if (entry.name, entry.version) not in run.report.outcomes:
            reason = "stage-waiting" if entry.reason == "waiting" else f"stage-{entry.reason}"
            run.report.put(Outcome(entry.name, entry.version, "skipped", reason, stage_id=entry.id))


def lines(run: Run) -> tuple[str, ...]:
    """The summary as it is printed."""
    report = run.report
    published, failed = report.of("published"), report.of("failed")
    skipped = tuple(outcome for kind in _SKIPPED for outcome in report.of(kind))
    got = ["got tags", *(["releases"] if report.releases else [])]
    got += ["workspace changelog wave entry"] if run.release.workspace_changelog else []
    reasons = " / ".join(sorted({outcome.why for outcome in skipped if outcome.kind == "skipped"}))
    text = [f"Published: {len(published)}" + (f" ({' + '.join(got)})" if published else "")]
    text += [f"  {outcome.name}@{outcome.version}" for outcome in published]
    text += [f"Skipped: {len(skipped)}" + (f" ({reasons}, recorded in staged.json)" if reasons else "")]
    text += [f"  {outcome.name}@{outcome.version} ({outcome.why})" for outcome in skipped]
    text += [f"Failed: {len(failed)}"]
    text += [f"  {outcome.name}@{outcome.version}: {outcome.why}" for outcome in failed]
    text += [f"Tags created: {len(report.tags)}" + (" (pushed)" if report.tags else "")]
    return tuple(text)


def document(run: Run) -> dict[str, Any]:
    """The same for ``--json``; the shape is stable. ``notChecked``: what a plan could not look at without credentials."""
    report = run.report

    def of(*kinds: str) -> list[dict[str, Any]]:
        return [
            {"name": outcome.name, "version": outcome.version, "reason": outcome.why, "stageId": outcome.stage_id}
            for kind in kinds
            for outcome in report.of(kind)
        ]

    return {
        "targets": report.steps,
        "versioned": {name: {"old": old, "new": new} for name, (old, new) in report.versioned.items()},
        "staged": report.staged,
        "published": of("published"),
        "skipped": of(*_SKIPPED),
        "failed": of("failed"),
        "tags": report.tags,
        "releases": report.releases,
        "commits": report.commits,
        "notChecked": report.unchecked,
    }


def markdown(run: Run) -> str:
    """The same as a Markdown table, for a job summary."""
    rows = [
        f"| `{outcome.name}` | {outcome.version} | {outcome.kind} | {_cell(outcome.why) or '—'} |"
        for outcome in run.report.outcomes.values()
    ]
    if not rows:
        return "### Release\n\nNothing to release.\n"
    return "\n".join(["### Release", "", "| package | version | outcome | why |", "|---|---|---|---|", *rows, ""])


def _cell(text: str) -> str:
    """Words of a registry or a client, harmless in a table."""
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())
