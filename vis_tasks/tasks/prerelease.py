"""Tasks for versions that aren't releases yet: changesets' pre mode (pre.enter, pre.exit), and snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.tasks import Task

from vis_tasks.errors import Refused, UsageError
from vis_tasks.tasks.edge import dry, session
from vis_tasks.tasks.words import WordsTask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from invoke.context import Context

    from vis_tasks.core.edits import FileEdit
    from vis_tasks.services.run import Run
    from vis_tasks.tasks.edge import Session

__all__ = ["add_to"]

_HELP = {
    "plan_only": "Show what would be written and write nothing.",
    "json": "Print one JSON document on stdout, all else on stderr.",
    "debug": "Show tracebacks.",
}


def add_to(ns: Collection) -> None:
    """Add the tasks to a namespace."""
    pre = Collection("pre")
    enter: Any = WordsTask(
        pre_enter,
        name="pre.enter",
        words="tag",
        help={"tag": "Prerelease identifier and dist-tag, such as next.", **_HELP},
    )
    pre.add_task(enter)
    pre.add_task(Task(pre_exit, name="exit", auto_shortflags=False, help=_HELP))
    ns.add_collection(pre, name="pre")
    about = {"tag": "Name of the snapshot, such as a branch or pr-12.", **_HELP}
    made: Any = WordsTask(snapshot, name="snapshot", words="tag", help=about)
    ns.add_task(made)


def pre_enter(c: Context, tag: str = "", plan_only: bool = False, json: bool = False, debug: bool = False) -> None:
    """Begin changesets' pre mode: releases become prereleases until `pre.exit`. Writes .changeset/pre.json.

    Example: invoke pre.enter next
    """
    with session(c, "pre.enter", json=json, debug=debug) as opened:
        from vis_tasks.adapters.changesets import read_pre, read_rules, read_used
        from vis_tasks.core.pre_edits import enter_edits

        run = opened.run(plan_only=plan_only or dry(c))
        _demand_changesets(run)
        wanted = _one_word(tag, "pre.enter", "next")
        if not wanted:
            raise UsageError("pre.enter needs a tag", code="PRE_MODE", hint="`invoke pre.enter next`")
        rules = read_rules(opened.root, run.release, run.workspace)
        pre = read_pre(opened.root, run.release)
        edits = enter_edits(wanted, pre, rules, run.workspace, read_used(opened.root, pre))
        _write(opened, run, edits, f"pre mode begins: the next versions end in -{wanted}.0; commit .changeset/pre.json")


def pre_exit(c: Context, plan_only: bool = False, json: bool = False, debug: bool = False) -> None:
    """End changesets' pre mode with the next release, which makes real versions. Writes .changeset/pre.json.

    Example: invoke pre.exit
    """
    with session(c, "pre.exit", json=json, debug=debug) as opened:
        from vis_tasks.adapters.changesets import read_pre, read_rules, read_used
        from vis_tasks.core.pre_edits import exit_edits

        run = opened.run(plan_only=plan_only or dry(c))
        _demand_changesets(run)
        pre = read_pre(opened.root, run.release)
        edits = exit_edits(pre, read_rules(opened.root, run.release, run.workspace), read_used(opened.root, pre))
        _write(opened, run, edits, "pre mode ends with the next release; commit .changeset/pre.json")


def snapshot(c: Context, tag: str = "", plan_only: bool = False, json: bool = False, debug: bool = False) -> None:
    """Write throw-away versions (`0.0.0-pr-12-1a2b3c4`) into the package.json files, to try out a branch. They are never staged.

    Nothing is committed, and change files and changelogs stay. Publish them yourself, under a dist-tag of their own.

    Example: invoke snapshot pr-12
    """
    with session(c, "snapshot", json=json, debug=debug) as opened:
        from vis_tasks.adapters.planning import plan_snapshot
        from vis_tasks.adapters.workspace import read_needed
        from vis_tasks.core.edits import edits_for
        from vis_tasks.services.planning.snapshot import write_snapshot

        run = opened.run(plan_only=plan_only or dry(c))
        name = _one_word(tag, "snapshot", "pr-12")
        head, now = run.tools.git.head() or "0" * 40, run.tools.clock.now()
        plan = plan_snapshot(opened.root, run.release, run.workspace, run.changes, tag=name, commit=head, now=now)
        files = read_needed(run.workspace, plan)
        edits = edits_for(run.workspace, files, plan, date=now.date(), changelogs=False, keep_changes=True)
        written = () if run.plan_only else write_snapshot(run, edits)
        for release in plan.releases:
            opened.console.line(f"{release.name} {release.old} → {release.new}")
        if not plan.releases:
            opened.console.line("no change file asks for a release: there is nothing to make a snapshot of")
        elif not run.plan_only:
            opened.console.success(f"wrote {len(written)} package.json file(s); nothing is committed")
            dist_tag = name or "snapshot"
            opened.console.line(f"publish each with `npm publish --tag {dist_tag}`; `git restore .` takes them back")
        versions = {release.name: release.new for release in plan.releases}
        opened.result({"versions": versions, "written": list(written)})


def _one_word(given: str, name: str, example: str) -> str:
    if len(given.split()) > 1:
        raise UsageError(f'{name} takes one tag, not "{given}"', code="TAG", hint=f"`invoke {name} {example}`")
    return given.strip()


def _demand_changesets(run: Run) -> None:
    if run.release.rules.startswith("changesets"):
        return
    hint = (
        f'write [release.channels.{run.branch or "next"}] prerelease = "next" into vis.toml: releases of that branch are '
        'prereleases; or set rules = "changesets" to use pre mode'
    )
    raise Refused('pre mode belongs to the rules of changesets, and here rules = "vis"', code="PRE_MODE", hint=hint)


def _write(opened: Session, run: Run, edits: Iterable[FileEdit], said: str) -> None:
    paths = []
    for edit in edits:
        paths.append(edit.path)
        if run.plan_only:
            opened.console.line(f"would {'remove' if edit.content is None else 'write'} {edit.path}")
        elif edit.content is None:
            run.tools.files.delete(edit.path)
        else:
            run.tools.files.write(edit.path, edit.content)
    if not paths:
        opened.console.line("that was said already: nothing to write")
    elif not run.plan_only:
        opened.console.success(said)
    opened.result({"paths": paths})
