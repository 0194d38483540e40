"""Tasks about change files and the plan they make: add, status, plan, next-version, changelog, check, generate."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from invoke.tasks import Task

from vis_tasks.errors import UsageError
from vis_tasks.tasks.edge import dry, session, write_output

if TYPE_CHECKING:
    from invoke.collection import Collection
    from invoke.context import Context

    from vis_tasks.core.model import Plan
    from vis_tasks.core.notes import Links
    from vis_tasks.ports.history import History
    from vis_tasks.services.run import Run
    from vis_tasks.tasks.edge import Session

__all__ = ["add_to"]

_JSON = {"json": "Print one JSON document on stdout, all else on stderr.", "debug": "Show tracebacks."}
_SINCE = {"since": "Commit, tag or branch to count from, instead of where this branch left the base branch."}
_SNAPSHOT = {"snapshot": "Plan throw-away versions 0.0.0-<this>-<commit> instead."}


def add_to(ns: Collection) -> None:
    """Add the tasks to a namespace."""
    helps: dict[Any, dict[str, str]] = {
        add: {
            "packages": "Packages with levels, such as '@a/b:minor,cli:patch'; without it you are asked.",
            "message": "The text for the changelog.",
            "name": "File name without .md, instead of three words.",
            "empty": "Write an empty change file: this branch releases nothing.",
            "plan_only": "Show the file and write nothing.",
            **_SINCE,
        },
        status: {"why": "Show the whole chain of reasons.", "only": "Packages to show, separated by commas.", **_SINCE},
        plan: {"output": "Write the document to this file too.", **_SNAPSHOT},
        next_version: _SNAPSHOT,
        changelog: {"only": "Packages to show, separated by commas."},
        check: _SINCE,
        generate: {"plan_only": "Show the files and write nothing.", **_SINCE},
    }
    for body, flags in helps.items():
        ns.add_task(Task(body, name=body.__name__.replace("_", "-"), auto_shortflags=False, help={**flags, **_JSON}))


def add(  # noqa: PLR0917  (a task's flags are its parameters)
    c: Context,
    packages: str = "",
    message: str = "",
    name: str = "",
    empty: bool = False,
    since: str = "",
    plan_only: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Write a change file: which packages, how far, and what users should know.

    Example: invoke add --packages '@acme/core:minor,cli:patch' --message 'Tab completion'
    """
    with session(c, "add", json=json, debug=debug) as opened:
        from vis_tasks.services.planning.add import parse_packages, render, write_change_file
        from vis_tasks.services.planning.ask import ask_change

        run = opened.run(plan_only=plan_only or dry(c))
        entries: Any = ()
        if packages:
            entries = parse_packages(packages, run.workspace.by_name)
        elif not empty:
            if json or not sys.stdin.isatty():
                hint = "--packages 'name:patch' --message '…', or --empty"
                raise UsageError("nobody is here to ask for packages", code="PACKAGES", hint=hint)
            entries, message = ask_change(*_choices(opened, run, since), input, opened.console)
        if run.plan_only:
            opened.console.line(render(entries, message).rstrip("\n"))
            opened.result({"path": None, "content": render(entries, message)})
            return
        path = write_change_file(run.tools.files, _folder(run), entries, message, name=name or None)
        opened.console.success(f"wrote {path}")
        opened.result({"path": path, "packages": {entry.name: str(entry.level) for entry in entries}})


def status(
    c: Context,
    since: str = "",
    why: bool = False,
    only: str = "",
    json: bool = False,
    debug: bool = False,
) -> None:
    """Show what would be released, and why.

    Example: invoke status --why
    """
    with session(c, "status", json=json, debug=debug) as opened:
        from vis_tasks.adapters.changesets import read_pre
        from vis_tasks.services.planning.document import PLAN_HEAD, plan_document, plan_rows, waiting, why_lines

        run = opened.run()
        planned = _plan_since(opened, run, since) if since else run.plan
        names = _names(only, run)
        pre = read_pre(opened.root, run.release)
        left = () if since else waiting(planned, run.changes, pre.used if pre else ())
        opened.result({**plan_document(planned, run.workspace), "waiting": list(left)})
        for path in left:
            opened.console.warning(f"{path} waits: every package it names is private, ignored or without a version")
        if not planned.releases:
            opened.console.line("nothing to release")
            return
        if not why:
            opened.console.table(PLAN_HEAD, plan_rows(planned, names))
            return
        for line in why_lines(planned, names):
            opened.console.line(line)


def plan(c: Context, output: str = "", snapshot: str = "", json: bool = False, debug: bool = False) -> None:
    """Print the plan as a JSON document with a versioned schema.

    Example: invoke plan --output plan.json
    """
    with session(c, "plan", json=json, debug=debug) as opened:
        from vis_tasks.services.planning.document import as_text, plan_document

        run = opened.run()
        document = plan_document(_planned(opened, run, snapshot), run.workspace)
        if output:
            opened.console.success(f"wrote {write_output(output, as_text(document), option='output')}")
        opened.result(document)
        if not json and not output:
            opened.console.line(as_text(document).rstrip("\n"))


def next_version(c: Context, snapshot: str = "", json: bool = False, debug: bool = False) -> None:
    """Print the next version of every package that would be released.

    Example: invoke next-version --snapshot pr-12
    """
    with session(c, "next-version", json=json, debug=debug) as opened:
        run = opened.run()
        planned = _planned(opened, run, snapshot)
        for release in planned.releases:
            opened.console.line(f"{release.name} {release.old} → {release.new}")
        opened.result({"versions": {release.name: release.new for release in planned.releases}})


def changelog(c: Context, only: str = "", json: bool = False, debug: bool = False) -> None:
    """Show the changelog sections that the next release would write; nothing is written.

    Example: invoke changelog --only @acme/core
    """
    with session(c, "changelog", json=json, debug=debug) as opened:
        from vis_tasks.services.planning.document import changelog_sections

        run = opened.run()
        day = run.tools.clock.now().date()
        found = changelog_sections(run.plan, run.workspace, day, run.release.changelog, _links(run))
        chosen = {name: text for name, text in found.items() if name in (_names(only, run) or found)}
        for name, text in chosen.items():
            opened.console.line(f"# {name}\n\n{text}")
        opened.result({"changelogs": chosen})


def check(c: Context, since: str = "", json: bool = False, debug: bool = False) -> None:
    """Refuse when a package that this branch changed has no change file; for hooks and CI.

    Example: invoke check --since origin/main
    """
    with session(c, "check", json=json, debug=debug) as opened:
        from vis_tasks.adapters.changefiles import change_dirs
        from vis_tasks.services.planning.check import cover, demand

        run = opened.run()
        dirs = change_dirs(run.release)
        history = _history(opened, run)
        found = cover(run.workspace, run.changes, run.release, history, since=since or None, change_dirs=dirs)
        demand(found)
        document = {"since": found.since, "changed": list(found.changed), "changes": list(found.changes)}
        opened.result(document)
        count = len(found.changed)
        opened.console.success(f"{count} changed package(s), all with a change file" if count else "no package changed")


def generate(c: Context, since: str = "", plan_only: bool = False, json: bool = False, debug: bool = False) -> None:
    """Write change files from conventional commits; reverted ones cancel out.

    Example: invoke generate --since v1.2.0 --plan-only
    """
    with session(c, "generate", json=json, debug=debug) as opened:
        from vis_tasks.adapters.changefiles import change_dirs
        from vis_tasks.services.planning.generate import drafts, since_when, write_drafts

        run = opened.run(plan_only=plan_only or dry(c))
        history = _history(opened, run)
        commits = history.commits_since(since_when(history, since or None))
        found = drafts(
            commits,
            run.workspace,
            run.release,
            folder=_folder(run),
            change_dirs=change_dirs(run.release),
            existing=run.changes,
        )
        written = () if run.plan_only else write_drafts(run.tools.files, found)
        for draft in found:
            named = ", ".join(f"{entry.name} ({entry.level})" for entry in draft.entries)
            opened.console.line(f"{draft.path}: {named}: {draft.subject}")
        if not found:
            opened.console.line("no commit asks for a release")
        opened.result({"drafts": [draft.path for draft in found], "written": list(written)})


# --- what several of them need ---------------------------------------------------------------------------------------


def _names(only: str, run: Run) -> tuple[str, ...]:
    from vis_tasks.core.suggest import nearest

    names = tuple(name.strip() for name in only.split(",") if name.strip())
    for name in names:
        if name not in run.workspace.by_name:
            close = nearest(name, run.workspace.by_name)
            hint = f'did you mean "{close}"?' if close else ""
            raise UsageError(f'no package of this workspace is called "{name}"', code="PACKAGES", hint=hint)
    return names


def _folder(run: Run) -> str:
    from vis_tasks.adapters.changefiles import write_dir

    return write_dir(run.tools.root, run.release)


def _history(opened: Session, run: Run) -> History:
    from vis_tasks.adapters.history import GitHistory

    return GitHistory(run.tools.runner, opened.root, remote=run.release.remote, base_branch=run.release.base_branch)


def _choices(opened: Session, run: Run, since: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from vis_tasks.adapters.changefiles import change_dirs
    from vis_tasks.core.selection import managed
    from vis_tasks.services.planning.check import changed_packages

    history = _history(opened, run)
    ref = since or history.base()
    files = history.changed_since(ref) if ref else ()
    changed = changed_packages(run.workspace, run.release, files, change_dirs(run.release))
    return tuple(package.name for package in managed(run.workspace, run.release)), changed


def _plan_since(opened: Session, run: Run, since: str) -> Plan:
    from vis_tasks.adapters.planning import plan_on_disk

    files = set(_history(opened, run).changed_since(since))
    changes = [change for change in run.changes if change.path in files]
    return plan_on_disk(opened.root, run.release, run.workspace, changes, branch=run.branch)


def _planned(opened: Session, run: Run, snapshot: str) -> Plan:
    if not snapshot:
        return run.plan
    from vis_tasks.adapters.planning import plan_snapshot

    head = run.tools.git.head() or "0" * 40
    now = run.tools.clock.now()
    return plan_snapshot(opened.root, run.release, run.workspace, run.changes, tag=snapshot, commit=head, now=now)


def _links(run: Run) -> Links | None:
    from vis_tasks.core.notes import links_from

    return links_from(run.tools.git.remote_url(run.release.remote) or "") if run.release.changelog == "links" else None
