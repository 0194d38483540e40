"""Which other tools release this repository today, read and mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.config.durations import format_duration
from vis_tasks.core.changesets import CONFIG_PATH as CHANGESETS
from vis_tasks.core.migrate import beachball, bumpy, changesets, lerna, release_please, semantic_release, vis
from vis_tasks.core.migrate.document import Document
from vis_tasks.core.migrate.literal import read_json, read_module
from vis_tasks.core.migrate.mapping import Leftover, Repository
from vis_tasks.core.suggest import nearest
from vis_tasks.errors import ConfigError, UsageError
from vis_tasks.patterns import regex
from vis_tasks.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vis_tasks.core.migrate.mapping import Migration
    from vis_tasks.services.init.facts import Facts, InitTools

__all__ = ["TOOLS", "find_tools", "workflows"]

TOOLS = ("vis", "changesets", "bumpy", "beachball", "release-please", "semantic-release", "lerna")
"""In the order in which they are believed when a repository has traces of several: lerna often only runs tasks."""

_MODULE = regex(r"\.[cm]?[jt]s$")
_CALLS = regex(
    r"changesets/action|\bchangeset (?:publish|version)|\bsemantic-release\b|\blerna(?:-lite)? (?:publish|version)|"
    r"release-please|\bbeachball (?:publish|bump)|\bbumpy (?:ci|publish|version)|\bvis release\b|\bnpm publish\b|\bpnpm publish\b"
)


def find_tools(tools: InitTools, facts: Facts, *, only: str = "", move: bool = False) -> tuple[Migration, ...]:
    """Every tool that left a configuration here, the most believable first.

    Args:
        tools: the outside.
        facts: the repository.
        only: read this tool alone; ``none`` reads nothing.
        move: change files are to move to our folder.

    Raises:
        UsageError: code ``TOOL``: there is no such tool, or it has no configuration here.
        ConfigError: code ``FOREIGN_CONFIG``: a configuration can't be read, with file and line.
    """
    if only and only not in {*TOOLS, "none"}:
        close = nearest(only, TOOLS)
        hint = f"did you mean {close}?" if close else f"one of {', '.join(TOOLS)}, or none"
        raise UsageError(f"--tool={only} is unknown", code="TOOL", hint=hint)
    readers: Mapping[str, Callable[[], Migration | None]] = {
        "vis": lambda: _vis(tools, repository),
        "changesets": lambda: _changesets(tools, facts, repository, move=move),
        "bumpy": lambda: _json_tool(tools, bumpy.CONFIG_PATH, lambda document: bumpy.migrate(document, repository)),
        "beachball": lambda: _beachball(tools, facts, repository),
        "release-please": lambda: _release_please(tools, repository),
        "semantic-release": lambda: _semantic_release(tools, facts, repository),
        "lerna": lambda: _first(tools, lerna.CONFIG_PATHS, lambda document: lerna.migrate(document, repository)),
    }
    repository = Repository(
        packages=facts.workspace.packages,
        branches=facts.footing.branches,
        default_branch=facts.footing.default_branch or "main",
        files=tools.names,
    )
    found = tuple(
        migration for name, read in readers.items() if only in {"", name} and (migration := read()) is not None
    )
    if only not in {"", "none"} and not found:
        raise UsageError(f"there is no configuration of {only} here", code="TOOL", hint="leave --tool out")
    return found


def _text(tools: InitTools, path: str) -> str | None:
    content = tools.files.read(path)
    if content is None:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: the file is not UTF-8", code="FOREIGN_CONFIG", hint="save it as UTF-8"
        ) from None


def _read(tools: InitTools, path: str) -> Document | None:
    text = _text(tools, path)
    if text is None:
        return None
    if _MODULE.search(path):
        return read_module(path, text)
    if path.endswith((".yaml", ".yml")) or (path.endswith("rc") and not text.lstrip().startswith("{")):
        return _yaml(path, text)
    return read_json(path, text)


def _yaml(path: str, text: str) -> Document:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ConfigError(
            f"{path}:{line}: the file is not YAML", code="FOREIGN_CONFIG", hint="mend the file, then run init again"
        ) from None
    lines: dict[tuple[str | int, ...], int] = {}
    _yaml_lines(node, (), lines)
    return Document(path, value, lines)


def _yaml_lines(node: Any, at: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[*at, str(key.value)] = key.start_mark.line + 1
            _yaml_lines(value, (*at, str(key.value)), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[*at, index] = value.start_mark.line + 1
            _yaml_lines(value, (*at, index), lines)


def _first(tools: InitTools, paths: Sequence[str], migrate: Callable[[Document], Migration]) -> Migration | None:
    for path in paths:
        document = _read(tools, path)
        if document is not None:
            return migrate(document)
    return None


def _json_tool(tools: InitTools, path: str, migrate: Callable[[Document], Migration]) -> Migration | None:
    return _first(tools, (path,), migrate)


def _in_manifest(tools: InitTools, facts: Facts, key: str) -> Document | None:
    """A key of the root's package.json, which has been read without an error before."""
    top = facts.workspace.root_package or next((each for each in facts.workspace.packages if each.path == "."), None)
    if top is None or not isinstance(top.manifest.get(key), dict):
        return None
    return read_json("package.json", _text(tools, "package.json") or "{}").below(key)


def _vis(tools: InitTools, repository: Repository) -> Migration | None:
    for path in vis.CONFIG_PATHS:
        document = _read(tools, path)
        if document is None:
            continue
        if isinstance(document.value, dict):
            if "release" not in document.value:
                continue
            document = document.below("release")
        found = vis.migrate(document, repository, format_duration)
        return replace(found, notes=(*found.notes, "change files have the same form and stay where they are"))
    return None


def _changesets(tools: InitTools, facts: Facts, repository: Repository, *, move: bool) -> Migration | None:
    document = _read(tools, CHANGESETS)
    if document is None:
        return None
    if not isinstance(document.value, dict):
        raise ConfigError(f"{CHANGESETS}:1: it must hold an object", code="FOREIGN_CONFIG", hint="mend the file")
    return changesets.migrate(document, repository, tools.engine(facts.workspace, document.value), move=move)


def _beachball(tools: InitTools, facts: Facts, repository: Repository) -> Migration | None:
    document = _in_manifest(tools, facts, "beachball")
    if document is not None:
        return beachball.migrate(document, repository)
    return _first(tools, beachball.CONFIG_PATHS, lambda found: beachball.migrate(found, repository))


def _release_please(tools: InitTools, repository: Repository) -> Migration | None:
    manifest = _read(tools, release_please.MANIFEST_PATH)
    return _json_tool(
        tools,
        release_please.CONFIG_PATH,
        lambda document: release_please.migrate(document, manifest, repository),
    )


def _semantic_release(tools: InitTools, facts: Facts, repository: Repository) -> Migration | None:
    document = _in_manifest(tools, facts, "release")
    if document is not None:
        return semantic_release.migrate(document, repository)
    return _first(tools, semantic_release.CONFIG_PATHS, lambda found: semantic_release.migrate(found, repository))


def workflows(tools: InitTools) -> tuple[Leftover, ...]:
    """CI files that release by other means: two tools must not release one repository."""
    top, folder = tools.top(), ".github/workflows"
    names = [name for name in tools.top_names(folder) if name.endswith((".yml", ".yaml"))]
    paths = [".gitlab-ci.yml", *(f"{folder}/{name}" for name in names)]
    found = []
    for path in paths:
        text = (top.read(path) or b"").decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            call = _CALLS.search(line)
            if call and not line.lstrip().startswith("#") and "Made by vis-tasks" not in text[:200]:
                why = "two tools must not release one repository"
                do = "take that job out when vis-tasks takes over"
                found.append(Leftover(f"a CI job calls {call[0]}", f"{path}:{number}", why, do))
                break
    return tuple(found)
