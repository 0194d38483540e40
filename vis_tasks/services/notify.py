"""Who is told what, and when: versions wait, they still wait, they are decided, something failed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from vis_tasks.core.ages import age_since
from vis_tasks.core.notice import Notice, NoticeItem
from vis_tasks.records import replace
from vis_tasks.services.pages import page_of
from vis_tasks.services.state import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vis_tasks.core.pending import Entry
    from vis_tasks.errors import Ending
    from vis_tasks.services.run import Run

__all__ = ["remind_daily", "tell_end", "tell_waiting"]

_DAY = timedelta(days=1)
_REMINDED = "remindedAt"


def tell_waiting(run: Run, entries: Sequence[Entry], *, reminder: bool = False) -> None:
    """Versions wait for a maintainer: with the command and, where it is known, the page to approve each.

    Args:
        run: the run; nothing happens when it tells nobody.
        entries: what waits.
        reminder: they have been waiting for a while.
    """
    entries = [entry for entry in entries if not entry.published]
    if run.tell is None or not entries:
        return
    still = "still " if reminder else ""
    what = "version waits" if len(entries) == 1 else "versions wait"
    title = f"{len(entries)} staged {what} {still}for approval with 2FA".replace("  ", " ")
    run.tell(Notice("reminder" if reminder else "waiting", title, tuple(_item(run, entry) for entry in entries)))


def _item(run: Run, entry: Entry) -> NoticeItem:
    age = age_since(entry.staged_at, run.tools.clock.now())
    text = f"→ {entry.tag}" + (f", staged {age} ago" if age else "")
    return NoticeItem(
        entry.name, entry.version, text, f"invoke stage.approve {entry.id or entry.spec}", page_of(run, entry)
    )


def remind_daily(run: Run, entries: Sequence[Entry]) -> None:
    """Remind once a day while something is pending. When that was is kept in staged.json, as every runner is a fresh one.

    Args:
        run: the run.
        entries: what is undecided after a look at the registry.
    """
    if run.tell is None:
        return
    now = run.tools.clock.now()
    due = [entry for entry in entries if _older(str(entry.extra.get(_REMINDED) or entry.staged_at), now)]
    if not due:
        return
    tell_waiting(run, due, reminder=True)
    for entry in due:
        reminded = replace(entry, extra={**entry.extra, _REMINDED: timestamp(now)})
        run.state.change(lambda state, entry=reminded: state.put(entry))  # type: ignore[misc]


def _older(moment: str, now: datetime) -> bool:
    try:
        return now - datetime.fromisoformat(moment) >= _DAY
    except (ValueError, TypeError):
        return False


def tell_end(run: Run, error: Ending | None) -> None:
    """The run has ended: what was decided, what failed; and what waits, when nobody waited for it in this run.

    Args:
        run: the run.
        error: what ended it; None when it ended well.
    """
    if run.tell is None or run.plan_only:
        return
    report = run.report
    failed = report.of("failed")
    if failed or (error is not None and run.guarded):
        items = tuple(NoticeItem(each.name, each.version, each.why) for each in failed)
        first = error.message.partition("\n")[0] if error else ""
        run.tell(Notice("failed", f"The release failed: {first}" if first else "The release failed", items))
    decided = [*report.of("published"), *(each for each in report.of("skipped") if each.why == "stage-rejected")]
    if decided:
        items = tuple(
            NoticeItem(each.name, each.version, "is live" if each.kind == "published" else "was rejected")
            for each in decided
        )
        live = len(report.of("published"))
        run.tell(Notice("decided", f"{live} version(s) live, {len(decided) - live} rejected", items))
    if "wait" not in report.ran and report.staged:
        fresh = [entry for entry in run.state.pending().pending if entry.spec in report.staged]
        tell_waiting(run, fresh)
