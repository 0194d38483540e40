"""CI files: what the configuration gives, compared with what stands in the repository; written, checked, shown."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any, Protocol

from vis_tasks.core.ci.context import GITLAB_ROOT, files_for
from vis_tasks.core.ci.keep import Fate, base_path, decide, obsolete, template_of, with_header
from vis_tasks.errors import Refused
from vis_tasks.records import dataclass, replace
from vis_tasks.services.ci_context import context_for
from vis_tasks.services.ci_lock import plan_locks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.config.model import Config
    from vis_tasks.core.ci.context import CiFile, Context
    from vis_tasks.core.ci.keep import Merged, Planned
    from vis_tasks.core.model import Workspace
    from vis_tasks.ports import Files

__all__ = [
    "CiTools",
    "Generated",
    "apply",
    "difference",
    "drift",
    "generate",
    "include_lines",
    "render",
    "unlocked_note",
]

_INDEX = ".vis/ci/files.json"
_PROVIDERS = ("github", "gitlab")


class Renderer(Protocol):
    """Templates."""

    def render(self, file: CiFile, context: Context) -> str:
        """One file's text."""
        ...


@dataclass(frozen=True)
class CiTools:
    """What this needs from outside.

    Attributes:
        top: the files below the repository's top, where the CI files are.
        root: the files below the workspace root, where their bases are kept.
        prefix: the workspace root below the top: empty, or a path that ends in a slash.
        templates: renders.
        pins: `pins.toml`.
        merge: three-way merge of current, base, fresh.
        version: of vis-tasks.
        audience: of GitLab's id token; asked for only when GitLab's files need it.
        lock: resolves a requirement to lines with hashes.
    """

    top: Files
    root: Files
    prefix: str
    templates: Renderer
    pins: Mapping[str, Any]
    merge: Callable[[str, str, str], Merged]
    version: str
    audience: Callable[[], str]
    lock: Callable[[str], str]


@dataclass(frozen=True)
class Generated:
    """What generating comes to.

    Attributes:
        planned: every file, in a fixed order.
        notes: what to know about newer templates.
        include: whether the team's own .gitlab-ci.yml still has to include ours.
        locks: requirements files with hashes, from the workspace root.
        unlocked: why jobs install vis-tasks by its version only, though hashes were wanted.
    """

    planned: tuple[Planned, ...]
    notes: tuple[str, ...] = ()
    include: bool = False
    locks: tuple[Planned, ...] = ()
    unlocked: str = ""


def render(context: Context, tools: CiTools, *, providers: Sequence[str]) -> dict[str, str]:
    """Path → text, with header, of every file that these providers need."""
    return {
        file.path: with_header(
            tools.templates.render(file, context), version=context.version, template=context.template
        )
        for provider in _PROVIDERS
        if provider in providers
        for file in files_for(provider, context)
    }


def generate(
    config: Config,
    workspace: Workspace,
    tools: CiTools,
    *,
    providers: Sequence[str] = (),
    layout: str = "",
    locking: str = "",
) -> Generated:
    """What every file would become. Nothing is written.

    Args:
        config: the configuration.
        workspace: for the package manager.
        tools: the outside.
        providers: instead of the configured ones; files of the others are then left alone.
        layout: instead of the configured one.
        locking: ``missing`` resolves what has no current requirements file, ``all`` everything; empty takes what is there.
    """
    chosen = tuple(providers) or config.ci.providers
    if layout:
        config = replace(config, ci=replace(config.ci, layout=layout))
    locks = plan_locks(config.ci, tools.version, tools.root, tools.lock if locking else None, anew=locking == "all")
    fresh = render(context_for(config, workspace, tools, locks, providers=chosen), tools, providers=chosen)
    index = _read_index(tools)
    # GitLab reads one root file; a team's own is theirs, and only has to include ours.
    theirs = _text(tools.top, GITLAB_ROOT)
    include = GITLAB_ROOT in fresh and GITLAB_ROOT not in index and theirs is not None and not template_of(theirs)
    if include:
        del fresh[GITLAB_ROOT]
    planned = [
        decide(
            path, current=_text(tools.top, path), base=_text(tools.root, base_path(path)), fresh=text, merge=tools.merge
        )
        for path, text in fresh.items()
    ]
    gone = [path for path in index if path not in fresh and _provider(path) in (chosen if providers else _PROVIDERS)]
    planned += [obsolete(path, current=_text(tools.top, path)) for path in gone]
    before = [found for plan in planned if (found := template_of(plan.before)) is not None]
    notes = tuple(
        f"templates {number}: {note}"
        for number, note in tools.pins["notes"].items()
        if before and int(number) > min(before)
    )
    missing = include and ".gitlab/vis-release.yml" not in (theirs or "")
    return Generated(tuple(planned), notes, missing, locks.planned, locks.trouble)


def apply(generated: Generated, tools: CiTools, *, force: bool = False) -> tuple[Planned, ...]:
    """Write the files and their bases; returns those that were changed.

    Raises:
        vis_tasks.errors.Refused: code ``CI_CONFLICT``, before anything is written, unless forced.
    """
    stuck = [plan for plan in generated.planned if plan.stuck]
    if stuck and not force:
        raise Refused(
            "these CI files are left as they are, and nothing was written:\n"
            + "\n".join(f"  {plan.path}: {plan.fate.value}" for plan in stuck),
            code="CI_CONFLICT",
            hint="`vis-tasks ci.diff` shows what clashes. Mend the files by hand, or let `vis-tasks ci.generate --force` "
            "write them (edits that clash are kept between conflict markers; a file that vis-tasks didn't make is replaced)",
            details={"paths": [plan.path for plan in stuck]},
        )
    index = dict.fromkeys(_read_index(tools))
    changed = []
    for plan in generated.planned:
        after = plan.forced if plan.stuck else plan.after
        if after != plan.before:
            _put(tools.top, plan.path, after)
            changed.append(plan)
        # A replaced file's base is what replaced it; one that is no longer made has none.
        base = after if plan.fate is Fate.FOREIGN else plan.fresh
        _put(tools.root, base_path(plan.path), base)
        if base is None:
            index.pop(plan.path, None)
        else:
            index[plan.path] = None
    for plan in generated.locks:
        _put(tools.root, plan.path, plan.after)
    changed += [plan for plan in generated.locks if plan.after != plan.before]
    _put(tools.root, _INDEX, json.dumps({"files": sorted(index)}, indent=2) + "\n" if index else None)
    return tuple(changed)


def difference(generated: Generated) -> str:
    """A unified diff from what stands there to what generating would write; empty when all is as it should be."""
    parts: list[str] = []
    for plan in (*generated.planned, *generated.locks):
        after = plan.forced if plan.fate is Fate.FOREIGN else plan.after
        if plan.fate is Fate.CONFLICT and plan.fresh is None:
            after = None
        before_lines = (plan.before or "").splitlines(keepends=True)
        after_lines = (after or "").splitlines(keepends=True)
        parts += difflib.unified_diff(
            before_lines,
            after_lines,
            "/dev/null" if plan.before is None else f"a/{plan.path}",
            "/dev/null" if after is None else f"b/{plan.path}",
        )
    return "".join(line if line.endswith("\n") else line + "\n" for line in parts)


def drift(config: Config, workspace: Workspace, tools: CiTools) -> Sequence[str] | None:
    """Paths of the files that aren't what the configuration gives; None when none were ever made."""
    fates = {plan.path: plan.fate for plan in generate(config, workspace, tools).planned}
    if all(fate is Fate.NEW for fate in fates.values()):
        return None
    return [path for path, fate in fates.items() if fate is not Fate.SAME]


def include_lines() -> tuple[str, ...]:
    """What a team's own .gitlab-ci.yml needs."""
    return ("include:", "  - local: .gitlab/vis-release.yml")


def unlocked_note(generated: Generated) -> str:
    """Why jobs install vis-tasks without hashes though they were wanted, and the way out."""
    return (
        f"jobs install vis-tasks by version, without hashes: {generated.unlocked}\n"
        "  with uv (`pip install uv`) and the index in reach, `vis-tasks ci.generate` locks it; `lock = false` under [ci] "
        "accepts this"
    )


def _read_index(tools: CiTools) -> tuple[str, ...]:
    text = _text(tools.root, _INDEX)
    try:
        found = json.loads(text)["files"] if text else []
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, list) or not all(isinstance(path, str) and ".." not in path.split("/") for path in found):
        raise Refused(
            f"{_INDEX} can't be read: it should list the files that vis-tasks made",
            code="CI_INDEX",
            hint="take it back from git; without it, files that no option asks for any more stay",
        )
    return tuple(found)


def _provider(path: str) -> str:
    return "github" if path.startswith(".github/") else "gitlab"


def _text(files: Files, path: str) -> str | None:
    content = files.read(path)
    return None if content is None else content.decode("utf-8-sig", errors="replace")


def _put(files: Files, path: str, text: str | None) -> None:
    now = files.read(path)
    if text is None:
        if now is not None:
            files.delete(path)
    elif now != text.encode():
        files.write(path, text.encode())
