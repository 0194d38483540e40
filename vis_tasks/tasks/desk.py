"""``stage`` and, below it, what a maintainer does with staged versions: list, review, approve, reject."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection

from vis_tasks.errors import Refused, UsageError
from vis_tasks.tasks import review
from vis_tasks.tasks.edge import session
from vis_tasks.tasks.words import WordsTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.context import Context
    from invoke.tasks import Task

    from vis_tasks.services.desk import Decision
    from vis_tasks.services.run import Run
    from vis_tasks.services.stage_list import Listed, Listing
    from vis_tasks.tasks.edge import Session

__all__ = ["collection"]

_HELP = {"json": "Print one JSON document on stdout, all else on stderr.", "debug": "Show tracebacks."}
_DECIDE = {
    **_HELP,
    "ids": "The stages, as words after the name too: ids, shortened ids, or name@version.",
    "all": "Everything pending: what staged.json holds, and what is staged of the versions on disk.",
    "no_commit": "Change staged.json on disk, but don't commit it.",
    "no_push": "Commit, but don't push.",
    "code": "Ask for one one-time password for all, instead of npm's web confirmation for each.",
}
_APPROVE = {
    **_DECIDE,
    "tag": "Tag and release at once what was approved.",
    "no_tag": "Leave tags to the next release run; don't ask.",
    "ignore_dependencies": "Approve a dependent although its dependency isn't approved.",
}


def collection(stage: Task[Any]) -> Collection:
    """The collection ``stage``: the target itself is its default task."""
    ns = Collection("stage")
    ns.add_task(stage, default=True)
    ns.add_task(
        WordsTask(list_, name="stage.list", words="name", limit=1, help={**_HELP, "name": "Only this package."})
    )
    ns.add_task(WordsTask(approve, name="stage.approve", words="ids", help=_APPROVE))
    ns.add_task(
        WordsTask(reject, name="stage.reject", words="ids", help={**_DECIDE, "yes": "Don't ask whether it is meant."})
    )
    ns.add_task(
        WordsTask(
            restage,
            name="stage.restage",
            words="names",
            help={
                **_HELP,
                **{key: _DECIDE[key] for key in ("no_commit", "no_push")},
                "names": "Packages, as words after the name too.",
            },
        )
    )
    review.add_to(ns)
    return ns


def list_(c: Context, name: str = "", json: bool = False, debug: bool = False) -> None:
    """List what is staged, as npm and as staged.json know it.

    Example: invoke stage.list
    """
    with session(c, "stage.list", json=json, debug=debug) as opened:
        from vis_tasks.services.stage_list import listing

        run = opened.run()
        found = listing(run, name or None)
        now = run.tools.clock.now()
        for item in found.items:
            opened.console.line(item.line())
            if about := item.about(now):
                opened.console.detail(about)
        _say_unreadable(opened, found)
        if not found.items and not found.unreadable:
            opened.console.line(f"nothing of {name} is staged" if name else "nothing is staged")
        opened.result({"stages": [_as_json(item) for item in found.items], "unreadable": list(found.unreadable)})


def approve(
    c: Context,
    ids: str = "",
    *,
    all: bool = False,  # noqa: A002  (the flag is --all)
    tag: bool = False,
    no_tag: bool = False,
    no_commit: bool = False,
    no_push: bool = False,
    ignore_dependencies: bool = False,
    code: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Approve staged versions with 2FA, dependencies first; then tag and release them.

    Example: invoke stage.approve 8814c851 @acme/core@1.2.0
    """
    with session(c, "stage.approve", json=json, debug=debug) as opened:
        if tag and (no_tag or no_commit or no_push):
            raise UsageError("--tag needs what --no-tag, --no-commit and --no-push forbid", hint="give one of them")
        from vis_tasks.services.desk import decide, failure
        from vis_tasks.services.desk_tag import tag_approved
        from vis_tasks.wiring import build_person

        run, person = opened.run(), build_person()
        chosen = _choose(opened, run, ids, everything=all)
        made = decide(
            run,
            "approve",
            [item.entry for item in chosen],
            person,
            commit=not no_commit,
            push=not no_push,
            ignore_dependencies=ignore_dependencies,
            by_code=code,
        )
        approved = [decision.entry for decision in made if decision.done]
        opened.partial_result(lambda: _document(made, run))
        if approved:
            may_ask = not (no_tag or no_commit or no_push or json)
            if tag or (may_ask and person.agrees(f"Tag and release {len(approved)} version(s) now?", default=True)):
                tag_approved(run, approved)
                opened.console.success(f"Tags created: {len(run.report.tags)} (pushed)")
                _tell(opened, run)
            else:
                opened.console.line("`invoke release` makes the tags; the next CI run does it too.")
        if error := failure(made, "approve"):
            raise error
        opened.result(_document(made, run))


def restage(
    c: Context,
    names: str = "",
    *,
    no_commit: bool = False,
    no_push: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Let the next release stage a rejected version again, under the same number.

    Example: invoke stage.restage @acme/core
    """
    with session(c, "stage.restage", json=json, debug=debug) as opened:
        from vis_tasks.services.restage import restage as again

        specs = again(opened.run(), names.replace(",", " ").split(), commit=not no_commit, push=not no_push)
        opened.console.success(f"no longer rejected: {', '.join(specs)}")
        opened.console.line("`invoke release` packs and stages it again; the next CI run does it too.")
        opened.result({"restaged": list(specs)})


def reject(
    c: Context,
    ids: str = "",
    *,
    all: bool = False,  # noqa: A002
    yes: bool = False,
    no_commit: bool = False,
    no_push: bool = False,
    code: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Reject staged versions with 2FA; record and tarball are deleted for good.

    Example: invoke stage.reject 8814c851
    """
    with session(c, "stage.reject", json=json, debug=debug) as opened:
        from vis_tasks.services.desk import decide, failure
        from vis_tasks.services.orphans import orphan_sections
        from vis_tasks.services.run import Outcome
        from vis_tasks.wiring import build_person

        run, person = opened.run(), build_person()
        chosen = _choose(opened, run, ids, everything=all)
        if chosen and not yes:
            _show_what_dies(opened, run, chosen)
            if not person.agrees("Delete them for good?", default=False):
                raise Refused(
                    "nothing was rejected",
                    code="NOT_CONFIRMED",
                    hint="" if person.here else "nobody is here to ask; scripts say --yes",
                )
        entries = [item.entry for item in chosen]
        made = decide(run, "reject", entries, person, commit=not no_commit, push=not no_push, by_code=code)
        orphans = orphan_sections(run, [decision.entry for decision in made if decision.done])
        for orphan in orphans:
            opened.console.warning(orphan.line)
        opened.partial_result(lambda: _document(made, run))
        for decision in made:
            if decision.done:
                run.report.put(Outcome(*decision.entry.key, "skipped", "stage-rejected", stage_id=decision.entry.id))
        _tell(opened, run)
        if error := failure(made, "reject"):
            raise error
        opened.result({**_document(made, run), "orphans": [asdict(orphan) for orphan in orphans]})


def _choose(opened: Session, run: Run, ids: str, *, everything: bool) -> tuple[Listed, ...]:
    from vis_tasks.services.stage_list import choose, listing, nothing_pending

    found = listing(run)
    _say_unreadable(opened, found)
    chosen = choose(found, ids.replace(",", " ").split(), everything=everything)
    if not chosen:
        opened.console.line(nothing_pending(found))
    return chosen


def _tell(opened: Session, run: Run) -> None:
    """Tell the channels what was decided here; what was approved and not tagged is told by the run that tags it."""
    from vis_tasks.services.notify import tell_end

    run.tell = opened.teller()
    tell_end(run, None)


def _show_what_dies(opened: Session, run: Run, chosen: Sequence[Listed]) -> None:
    from vis_tasks.services.stage_needs import dependents_of

    now = run.tools.clock.now()
    entries = [item.entry for item in chosen]
    others = [entry for entry in run.state.pending().pending if entry.key not in {mine.key for mine in entries}]
    opened.console.line(f"{len(chosen)} staged version(s), their records and their tarballs:")
    for item in chosen:
        opened.console.line(f"  {item.line()}")
        if about := item.about(now):
            opened.console.detail(f"  {about}")
        for spec in dependents_of(run, item.entry, others):
            opened.console.detail(f"  {spec}, staged too, needs it")


def _say_unreadable(opened: Session, found: Listing) -> None:
    for why in found.unreadable:
        opened.console.warning(f"the stage list can't be read: {why}; only what staged.json holds is known")


def _as_json(item: Listed) -> dict[str, Any]:
    return {
        "id": item.entry.id,
        "name": item.entry.name,
        "version": item.entry.version,
        "tag": item.entry.tag,
        "reason": None if item.mark == "npm-only" else item.entry.reason,
        "stagedAt": item.entry.staged_at or None,
        "mark": item.mark or None,
        "actor": item.actor,
        "review": item.page,
        "registry": item.entry.registry,
    }


def _document(made: Sequence[Decision], run: Run) -> dict[str, Any]:
    return {
        "decided": [
            {
                "id": decision.entry.id,
                "name": decision.entry.name,
                "version": decision.entry.version,
                "outcome": decision.outcome,
                "why": decision.why,
                "live": decision.live,
            }
            for decision in made
        ],
        "tags": run.report.tags,
        "commits": run.report.commits,
    }
