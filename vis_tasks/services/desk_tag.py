"""After an approval at the desk: tags and forge releases at once, so that an approval never loses its tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.decision import Liveness
from vis_tasks.services.guard import check_branch, check_remote, check_repository
from vis_tasks.services.lock import machine_lock
from vis_tasks.services.stage_guard import compare, tell_unproven, with_hash
from vis_tasks.services.tag import tag
from vis_tasks.services.wave import find_wave
from vis_tasks.services.wave_end import finish_wave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.services.run import Run

__all__ = ["tag_approved"]


def tag_approved(run: Run, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Wait until what was approved is live (the registry's scan, for ``settle`` at most), then tag and release it.

    One request for each version that isn't live yet, every ``poll-interval``.

    Args:
        run: the run.
        entries: what was approved just now.

    Returns:
        The tags made. What isn't live in time stays pending: the next release run makes its tag.

    Raises:
        vis_tasks.errors.VisError: what kept the tags from being made; staged.json still knows what is owed one.
    """
    check_repository(run)
    check_branch(run)
    check_remote(run)
    with machine_lock(run, "invoke stage.approve --tag"):
        late = _wait(run, entries)
        for entry in late:
            run.tools.console.warning(
                f"{entry.spec} is approved but not installable yet; `invoke reconcile tag` makes its tag once it is"
            )
        tag(run)
        if find_wave(run).empty:
            finish_wave(run)
    return tuple(run.report.tags)


def _wait(run: Run, entries: Sequence[Entry]) -> list[Entry]:
    config, clock = run.release.publish.stage, run.tools.clock
    deadline = clock.monotonic() + config.settle.total_seconds()
    late = [entry for entry in entries if run.state.pending().find(*entry.key)]
    told = False
    while True:
        for entry in list(late):
            live, found = compare(run, entry)
            if live in {Liveness.SAME, Liveness.UNVERIFIED}:
                late.remove(entry)
                known = run.state.pending().find(*entry.key) or entry
                tell_unproven(run, known)
                hashed = with_hash(known, found)
                run.state.change(lambda state, hashed=hashed: state.approve(hashed))  # type: ignore[misc]
        left = deadline - clock.monotonic()
        if not late or left <= 0:
            return late
        if not told:
            told = True
            run.tools.console.line(f"waiting for the registry's scan of {', '.join(entry.spec for entry in late)}")
        clock.sleep(min(config.poll_interval.total_seconds(), left))
