"""``notify.test``: whether the channels work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.tasks import Task

from vis_tasks.errors import Failed, UsageError
from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from invoke.context import Context

__all__ = ["collection"]

_HELP = {"json": "Print one JSON document on stdout, all else on stderr.", "debug": "Show tracebacks."}


def collection() -> Collection:
    """The collection ``notify``."""
    ns = Collection("notify")
    ns.add_task(Task(send_test, name="test", auto_shortflags=False, help=_HELP))
    return ns


def send_test(c: Context, json: bool = False, debug: bool = False) -> None:
    """Send a test message to every channel of [release.notify].

    Example: invoke notify.test
    """
    with session(c, "notify.test", json=json, debug=debug) as opened:
        from vis_tasks.core.notice import Notice, NoticeItem
        from vis_tasks.wiring import build_webhooks

        hooks = build_webhooks(opened.config)
        if not hooks.channels:
            hint = 'set slack, discord or webhook under [release.notify] to the name of a variable, such as "SLACK_WEBHOOK"'
            raise UsageError("no channel is configured", code="NO_CHANNEL", hint=hint)
        item = NoticeItem("@example/package", "1.2.0", "→ latest, staged 3 min ago", "invoke stage.approve 8814c851")
        results = hooks.send(Notice("test", "A test message: this is how waiting versions are told", (item,)))
        for channel, trouble in results.items():
            if trouble is None:
                opened.console.success(f"{channel} took the message")
        opened.partial_result(lambda: {"channels": results})
        broken = {channel: trouble for channel, trouble in results.items() if trouble}
        if broken:
            raise Failed(
                "\n".join(f"{channel} did not take the message: {trouble}" for channel, trouble in broken.items()),
                code="NOTIFY",
                hint="look at the variables named under [release.notify]",
            )
        opened.result({"channels": results})
