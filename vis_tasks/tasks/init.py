"""``init``: the files that a release needs, from what the repository is and from the tool that releases it today."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.tasks import Task

from vis_tasks.errors import Refused, UsageError
from vis_tasks.tasks.edge import dry, session

if TYPE_CHECKING:
    from invoke.collection import Collection
    from invoke.context import Context

    from vis_tasks.ports import Console, Person
    from vis_tasks.services.init.files import FileChange
    from vis_tasks.services.init.plan import InitPlan
    from vis_tasks.tasks.edge import Session

__all__ = ["add_to"]

_HELP = {
    "plan-only": "Show what would be written, and write nothing.",
    "yes": "Write without asking, for scripts.",
    "move-changes": "Move the change files of the tool that is taken over to our folder.",
    "tool": "The tool to take over where several are found; none takes over none.",
    "ci": "Leave the CI files out with --no-ci.",
    "json": "Print one JSON document on stdout, all else on stderr.",
    "debug": "Show tracebacks.",
}
_SHOWN = 80
_TOO_LONG = 1 << 14


def add_to(ns: Collection) -> None:
    """Add the task to a namespace."""
    ns.add_task(Task(init, name="init", auto_shortflags=False, help=_HELP))


def init(
    c: Context,
    plan_only: bool = False,
    yes: bool = False,
    move_changes: bool = False,
    tool: str = "",
    ci: bool = True,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Set a repository up: vis.toml, tasks.py, .gitignore, CI files; takes over the settings of the tool used so far.

    Shows everything first and never overwrites.

    Example: vis-tasks init --plan-only
    """
    with session(c, "init", json=json, debug=debug) as opened:
        from vis_tasks.services.init.plan import apply, make_plan
        from vis_tasks.tasks.namespace import release_namespace
        from vis_tasks.wiring import build_init_tools, build_person

        look_only = plan_only or dry(c)
        person = build_person()
        may_ask = person.here and not json
        root = _root(opened)
        tools = build_init_tools(root)
        names = frozenset(release_namespace(root).task_names)
        opened.console.step("looking at the repository, and at what CI jobs are to install")
        if not move_changes and may_ask and not yes and not look_only:
            move_changes = _wants_them_moved(make_plan(tools, tool=tool, ci=False, tasks=names), person)
        plan = make_plan(tools, tool=tool, move=move_changes, ci=ci, tasks=names)
        _show(plan, opened.console)
        document = _document(plan)
        opened.partial_result(lambda: document)
        written: tuple[str, ...] = ()
        if plan.writes and not look_only:
            if not (yes or may_ask):
                raise UsageError(
                    "nothing was written: there is no terminal to ask on",
                    code="NO_TERMINAL",
                    hint="--yes writes it without asking; --plan-only only shows it",
                )
            if not yes and plan.files and not person.agrees(f"Write {len(plan.files)} file(s)?", default=True):
                raise Refused("nothing was written", code="DECLINED", hint="`--plan-only` shows it again")
            written = apply(plan, tools, ci=bool(plan.ci_paths) and (yes or _wants_ci(plan, person)))
        _end(plan, opened.console, written, look_only=look_only)
        opened.result({**document, "written": list(written)})


def _root(opened: Session) -> Path:
    """The workspace root, but none outside the repository we stand in: an outer workspace isn't ours to set up."""
    from vis_tasks.wiring import repository_top

    here = Path.cwd()
    top = repository_top(here)
    if top is None or opened.root.is_relative_to(top) or not here.is_relative_to(top):
        return opened.root
    inside = [folder for folder in (here, *here.parents) if folder.is_relative_to(top)]
    return next((folder for folder in inside if (folder / "package.json").is_file()), top)


def _wants_them_moved(plan: InitPlan, person: Person) -> bool:
    changes = plan.migration.changes if plan.migration else None
    if changes is None or changes.kept or not changes.paths:
        return False
    question = f"Move {len(changes.paths)} change file(s) to {plan.config.release.changes_dir}?"
    return person.agrees(question, default=True)


def _wants_ci(plan: InitPlan, person: Person) -> bool:
    return person.agrees(f"Write {len(plan.ci_paths)} CI file(s): {', '.join(plan.ci_paths)}?", default=True)


def _show(plan: InitPlan, console: Console) -> None:
    console.step("found")
    for line in _found(plan):
        console.line(f"  {line}")
    if plan.files or plan.ci_paths:
        console.step("to write")
    for change in plan.files:
        _show_file(change, console)
    for change in plan.ci_changes:
        _show_file(change, console)
    if plan.ci_changes:
        console.line("  copies of the CI files go to .vis/ci/, so that your edits can be kept later")
    if plan.task_lines:
        console.step("add to tasks.py yourself")
        for line in plan.task_lines:
            console.line(f"    {line}")
    if plan.leftovers:
        console.step("not taken over")
    for left in plan.leftovers:
        console.line(f"  {left.what}{f' ({left.where})' if left.where else ''}: {left.why}")
        if left.do != "nothing":
            console.line(f"    → {left.do}")
    for note in plan.notes:
        console.warning(note)


def _show_file(change: FileChange, console: Console) -> None:
    console.line(f"  {change.state:<8} {change.path}  ({change.why})")
    text = [] if change.after is None or len(change.after) > _TOO_LONG else change.diff().splitlines()
    for line in text[:_SHOWN]:
        console.line(f"    {line}".rstrip())
    if len(text) > _SHOWN:
        console.line(f"    … and {len(text) - _SHOWN} more lines")


def _found(plan: InitPlan) -> list[str]:
    facts = plan.facts
    packages = facts.workspace.packages
    private = sum(package.private for package in packages)
    scopes = f", scope {', '.join(facts.scopes)}" if facts.scopes else ""
    lines = [
        f"{facts.workspace.manager} ({facts.manager_source})",
        f"{len(packages)} package(s), {private} of them private{scopes}",
    ]
    footing = facts.footing
    if facts.address:
        forge = {"github": "GitHub", "gitlab": "GitLab"}.get(facts.forge, "no forge known here")
        lines.append(f"{facts.address.path} on {facts.address.host} ({forge}), remote {footing.remote}")
    elif footing.url:
        lines.append(f"remote {footing.remote}, which is on no forge")
    lines.append(f"releases from {plan.config.release.base_branch}")
    if plan.migration:
        lines.append(f"{plan.migration.tool}: {', '.join(plan.migration.files)}")
        lines += [f"  {note}" for note in plan.migration.notes]
        changes = plan.migration.changes
        if changes.paths:
            stay = " stay where they are" if changes.kept else ""
            lines.append(f"  {len(changes.paths)} change file(s) in {changes.folder}{stay}")
    if plan.others:
        lines.append(f"also here, not looked at: {', '.join(plan.others)} (--tool=… takes that one over)")
    return lines


def _end(plan: InitPlan, console: Console, written: tuple[str, ...], *, look_only: bool) -> None:
    if plan.empty:
        console.success("nothing to do: everything is there")
    elif look_only:
        console.line("nothing was written")
    elif not plan.writes:
        console.success("nothing to write; the lines above are yours to add")
    elif written:
        console.success(f"wrote {len(written)} file(s)")
        console.line("next: look through vis.toml, commit, then")
        for command, does in (
            ("doctor", "is everything there that a release needs?"),
            ("rehearse", "a whole release on copies, nothing real is touched"),
            *((("ci.setup", "what the forge and the registry must be told once"),) if plan.config.ci.providers else ()),
        ):
            console.line(f"  vis-tasks {command:<9} {does}")


def _document(plan: InitPlan) -> dict[str, Any]:
    facts = plan.facts
    migration = plan.migration
    changes = migration.changes if migration else None
    return {
        "found": {
            "manager": facts.workspace.manager,
            "packages": [package.name for package in facts.workspace.packages],
            "remote": facts.footing.remote or None,
            "forge": facts.forge or None,
            "host": facts.address.host if facts.address else None,
            "baseBranch": plan.config.release.base_branch,
            "tool": migration.tool if migration else None,
            "toolFiles": list(migration.files) if migration else [],
            "otherTools": list(plan.others),
            "changeFiles": {"folder": changes.folder, "paths": list(changes.paths), "stay": changes.kept}
            if changes and changes.folder
            else None,
        },
        "settings": [
            {"key": list(setting.path), "value": setting.value, "source": setting.source} for setting in plan.settings
        ],
        "files": [
            *({"path": each.path, "state": each.state, "why": each.why, "diff": each.diff()} for each in plan.files),
            *({"path": each.path, "state": "ci", "why": each.why, "diff": each.diff()} for each in plan.ci_changes),
        ],
        "taskLines": list(plan.task_lines),
        "notTakenOver": [
            {"what": left.what, "where": left.where, "why": left.why, "do": left.do} for left in plan.leftovers
        ],
        "notes": [*(migration.notes if migration else ()), *plan.notes],
    }
