"""CI files: what the configuration gives, compared with what stands in the repository; written, checked, shown."""

from __future__ import annotations

import difflib
import json
import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vis_tasks.core.ci.context import GITLAB_ROOT, Context, Pin, files_for, manager_for
from vis_tasks.core.ci.keep import Fate, base_path, decide, obsolete, template_of, with_header
from vis_tasks.core.ci.quoting import plain_folder
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.config.model import Config
    from vis_tasks.core.ci.context import CiFile
    from vis_tasks.core.ci.keep import Merged, Planned
    from vis_tasks.core.model import Workspace
    from vis_tasks.ports import Files

__all__ = ["CiTools", "Generated", "apply", "context_for", "difference", "generate", "include_lines", "render"]

_INDEX = ".vis/ci/files.json"
_PROVIDERS = ("github", "gitlab")
_AROUND_THE_WAIT = 30
_LOCK_FILES = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"),
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
    "bun": ("bun.lock", "bun.lockb"),
}


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
    """

    top: Files
    root: Files
    prefix: str
    templates: Renderer
    pins: Mapping[str, Any]
    merge: Callable[[str, str, str], Merged]
    version: str
    audience: Callable[[], str]


@dataclass(frozen=True)
class Generated:
    """What generating comes to.

    Attributes:
        planned: every file, in a fixed order.
        notes: what to know about newer templates.
        include: whether the team's own .gitlab-ci.yml still has to include ours.
    """

    planned: tuple[Planned, ...]
    notes: tuple[str, ...] = ()
    include: bool = False


def context_for(config: Config, workspace: Workspace, tools: CiTools, *, providers: Sequence[str]) -> Context:
    """All values of the templates, from the configuration and the workspace.

    Raises:
        vis_tasks.errors.UsageError: a folder that CI files can't name.
    """
    ci, release = config.ci, config.release
    at_root = workspace.root_package or next((each for each in workspace.packages if each.path == "."), None)
    declared = at_root.manifest.get("packageManager") if at_root else None
    locked = any(tools.root.read(name) is not None for name in _LOCK_FILES[workspace.manager])
    manager = manager_for(
        workspace.manager, declared if isinstance(declared, str) else "", tools.pins["managers"], locked=locked
    )
    folder = plain_folder(tools.prefix.rstrip("/"))
    dist = plain_folder(f"{release.changes_dir}/dist")
    stage = release.publish.stage
    waiting = 0 if not stage.enabled or stage.mode == "detached" else math.ceil(stage.timeout.total_seconds() / 60)
    return Context(
        version=tools.version,
        template=max(map(int, tools.pins["notes"])),
        branches=(release.base_branch, *(name for name in release.channels if name != release.base_branch)),
        layout=ci.layout,
        node=ci.node,
        npm=ci.npm,
        manager=manager,
        install=_words(ci.install) or manager.install,
        build=_words(ci.build),
        folder=folder,
        dist=f"{folder}/{dist}" if folder else dist,
        dist_below=dist,
        trusted=ci.auth == "trusted",
        environment=ci.environment,
        runners=ci.runners,
        tags=ci.tags,
        image=ci.image,
        app=ci.app,
        detached=stage.enabled and stage.mode == "detached",
        schedule=ci.schedule,
        check=ci.check,
        comment=ci.comment,
        requirement="" if ci.requirements else (ci.vis_tasks or f"vis-tasks=={tools.version}"),
        requirements=ci.requirements or "",
        minutes=waiting + _AROUND_THE_WAIT,
        audience=tools.audience() if "gitlab" in providers and ci.auth == "trusted" else "",
        actions={name: Pin(**pin) for name, pin in tools.pins["actions"].items()},
        tools=tools.pins["tools"],
    )


def _words(command: tuple[str, ...] | str) -> tuple[str, ...]:
    return tuple(shlex.split(command)) if isinstance(command, str) else command


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
    config: Config, workspace: Workspace, tools: CiTools, *, providers: Sequence[str] = (), layout: str = ""
) -> Generated:
    """What every file would become. Nothing is written.

    Args:
        config: the configuration.
        workspace: for the package manager.
        tools: the outside.
        providers: instead of the configured ones; files of the others are then left alone.
        layout: instead of the configured one.
    """
    from dataclasses import replace

    chosen = tuple(providers) or config.ci.providers
    if layout:
        config = replace(config, ci=replace(config.ci, layout=layout))
    fresh = render(context_for(config, workspace, tools, providers=chosen), tools, providers=chosen)
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
    return Generated(tuple(planned), notes, missing)


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
    _put(tools.root, _INDEX, json.dumps({"files": sorted(index)}, indent=2) + "\n" if index else None)
    return tuple(changed)


def difference(generated: Generated) -> str:
    """A unified diff from what stands there to what generating would write; empty when all is as it should be."""
    parts: list[str] = []
    for plan in generated.planned:
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


def include_lines() -> tuple[str, ...]:
    """What a team's own .gitlab-ci.yml needs."""
    return ("include:", "  - local: .gitlab/vis-release.yml")


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
