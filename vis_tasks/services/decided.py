"""What follows from a decision: staged.json changed, the report told, a warning where a human should look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.config.durations import format_duration
from vis_tasks.records import replace
from vis_tasks.services.run import Outcome
from vis_tasks.services.stage_guard import tell_unproven, with_hash
from vis_tasks.services.state import timestamp

if TYPE_CHECKING:
    from vis_tasks.core.pending import Entry
    from vis_tasks.ports import Live
    from vis_tasks.services.run import Run

__all__ = ["write_down"]

_EVENTS = {
    "approved": "approved and live",
    "rejected": "rejected",
    "timeout": "not decided in time",
    "blocked": "blocked by the registry",
    "mismatch": "live with other bytes",
}


def write_down(run: Run, entry: Entry, verdict: str, *, why: str = "", live: Live | None = None) -> None:
    """Record one decision at once, so that a run killed right after has lost nothing.

    Args:
        run: the run.
        entry: the staged version.
        verdict: ``approved``, ``rejected``, ``blocked``, ``mismatch`` or ``timeout``.
        why: in a few words.
        live: what is live, when it is.
    """
    now = timestamp(run.tools.clock.now())
    console = run.tools.console
    run.happened(f"{entry.spec} {_EVENTS[verdict]}")
    if verdict == "approved":
        tell_unproven(run, entry)
        entry = with_hash(entry, live)
        run.state.change(lambda state: state.approve(entry))
        run.state.note(lambda journal: journal.add("published", entry.spec))
        console.success(f"{entry.spec} {'is live' if entry.published else 'was approved and is live'}")
        return
    if verdict == "rejected":
        run.state.change(lambda state: state.reject(entry, now))
        console.warning(
            f"Stage rejected for {entry.spec} (id {entry.id or 'unknown'}).\n"
            "Re-stage by re-running the release once the review feedback is addressed.\n"
            f"A fix needs the next version: drop this one (`invoke stage.reject {entry.spec}`), add a change file, release. "
            f"Nothing to fix? `invoke stage.restage {entry.name}` stages the same version again."
            + (f"\nSeen so: {why}." if why else "")
        )
        _skip(run, entry, "stage-rejected")
    elif verdict == "timeout":
        run.state.change(lambda state: state.put(replace(entry, reason="timeout")))
        waited = format_duration(run.release.publish.stage.timeout)
        console.warning(
            f"{entry.spec} is published, and could not be installed yet after {waited}; a later run makes its tag."
            if entry.published
            else f"Stage {entry.id or entry.spec} timed out waiting for approval ({waited}).\n"
            f"Approve via npm 2FA or `invoke stage.approve {entry.id or entry.spec}`."
        )
        _skip(run, entry, "stage-timeout")
    elif verdict == "blocked":
        run.state.change(lambda state: state.put(replace(entry, reason="blocked")))
        console.warning(f"{entry.spec} did not pass the registry's own validation ({why}); it gets no tag.")
        _skip(run, entry, "stage-blocked")
    else:
        seen = (live.integrity or live.shasum) if live else "unknown"
        console.error(
            f"{entry.spec} is live with other bytes than were staged; it gets no tag.\n"
            f"staged: {entry.integrity or entry.shasum}\nlive:   {seen}"
        )
        run.report.put(
            Outcome(
                entry.name,
                entry.version,
                "failed",
                f"live with other bytes (staged {entry.integrity or entry.shasum}, live {seen})",
                stage_id=entry.id,
            )
        )


def _skip(run: Run, entry: Entry, reason: str) -> None:
    run.report.put(Outcome(entry.name, entry.version, "skipped", reason, stage_id=entry.id))
    run.tools.console.line(f"[stage] {entry.name} ({reason} — re-run `invoke release` once approved)")
