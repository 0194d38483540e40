"""``stage`` and, below it, what a maintainer does with staged versions: list, approve, reject."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.tasks import Task

from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.context import Context

__all__ = ["collection"]

_HELP = {"json": "Print one JSON document on stdout, all else on stderr.", "debug": "Show tracebacks."}
_DECIDE = {
    **_HELP,
    "ids": "Stage ids, shortened ids, or name@version; several separated by commas or spaces.",
    "all": "Everything that staged.json holds.",
    "no_commit": "Change staged.json on disk, but don't commit it.",
    "no_push": "Commit, but don't push.",
}


def collection(stage: Task[Any]) -> Collection:
    """The collection ``stage``: the target itself is its default task."""
    ns = Collection("stage")
    ns.add_task(stage, default=True)
    ns.add_task(
        Task(
            list_, name="list", auto_shortflags=False, positional=["name"], help={**_HELP, "name": "Only this package."}
        )
    )
    ns.add_task(Task(approve, name="approve", auto_shortflags=False, positional=["ids"], help=_DECIDE))
    ns.add_task(Task(reject, name="reject", auto_shortflags=False, positional=["ids"], help=_DECIDE))
    return ns


def list_(c: Context, name: str = "", json: bool = False, debug: bool = False) -> None:
    """List what is staged, as npm and as staged.json know it.

    Example: invoke stage.list
    """
    with session(c, "stage.list", json=json, debug=debug) as opened:
        from vis_tasks.services.desk import listing

        found = listing(opened.run(), name or None)
        for item in found.items:
            opened.console.line(item.line())
        for why in found.unreadable:
            opened.console.warning(f"the stage list can't be read: {why}; only what staged.json holds is shown")
        if not found.items and not found.unreadable:
            opened.console.line("nothing is staged")
        opened.result({"stages": [asdict(item) for item in found.items], "unreadable": list(found.unreadable)})


def approve(
    c: Context,
    ids: str = "",
    all: bool = False,  # noqa: A002  (the flag is --all)
    no_commit: bool = False,
    no_push: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Approve staged versions with 2FA; dependencies before dependents.

    Example: invoke stage.approve 8814c851
    """
    _decide(c, "approve", ids, everything=all, commit=not no_commit, push=not no_push, json=json, debug=debug)


def reject(
    c: Context,
    ids: str = "",
    all: bool = False,  # noqa: A002
    no_commit: bool = False,
    no_push: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Reject staged versions with 2FA; record and tarball are deleted for good.

    Example: invoke stage.reject 8814c851
    """
    _decide(c, "reject", ids, everything=all, commit=not no_commit, push=not no_push, json=json, debug=debug)


def _decide(
    c: Context, verb: str, ids: str, *, everything: bool, commit: bool, push: bool, json: bool, debug: bool
) -> None:
    with session(c, f"stage.{verb}", json=json, debug=debug) as opened:
        from vis_tasks.services.desk import choose, decide, listing

        run = opened.run()
        entries = choose(listing(run), ids.replace(",", " ").split(), everything=everything)
        if not entries:
            opened.console.line(f"nothing to {verb}")
        done = decide(run, verb, entries, _asking(opened.console.line), commit=commit, push=push)
        if verb == "approve" and done:
            opened.console.line("Run `invoke release` to make the tags (the next CI run does it too).")
        opened.result({"decided": [{"id": entry.id, "name": entry.name, "version": entry.version} for entry in done]})


def _asking(say: Callable[[str], None]) -> Callable[[], str | None]:
    """A code from NPM_OTP once, then from the person at the terminal."""
    given = [os.environ["NPM_OTP"]] if os.environ.get("NPM_OTP") else []

    def ask() -> str | None:
        if given:
            return given.pop()
        if not sys.stdin.isatty():
            return None
        say("npm asks for a one-time password.")
        from getpass import getpass

        return getpass("One-time password: ").strip() or None

    return ask
