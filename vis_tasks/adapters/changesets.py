"""The files of a repository that uses changesets: configuration, pre mode, and which engine its lock file holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.core.changesets import (
    CONFIG_PATH,
    ENGINE_2,
    ENGINE_3,
    PRE_PATH,
    Engine,
    engine_from,
    pre_from,
    rules_from_changesets,
)
from vis_tasks.core.rules import Rules, rules_from
from vis_tasks.errors import ConfigError
from vis_tasks.patterns import regex
from vis_tasks.records import replace

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.config.model import ReleaseConfig
    from vis_tasks.core.model import Workspace
    from vis_tasks.core.pre import PreState

__all__ = ["find_engine", "read_pre", "read_rules", "read_snapshot", "read_used"]

_PACKAGES = ("@changesets/assemble-release-plan", "@changesets/cli")
_LOCK_FILES = ("pnpm-lock.yaml", "yarn.lock", "bun.lock", "package-lock.json", "npm-shrinkwrap.json")
# After the name: "@6.0.5'" (pnpm 6+, bun), "/5.2.3" (older pnpm), or a range and then, soon, a version line (Yarn, npm).
_VERSION = regex(r"""(?:[@/]|["\s]*:?\s*\{?\s*"version":\s*"|@[^\n]*:\s*\n\s+version:?\s+"?)(\d+\.\d+\.\d+[-+.\w]*)""")


def read_rules(root: Path, config: ReleaseConfig, workspace: Workspace) -> Rules:
    """The rules of this repository.

    With a ``changesets`` rule set ``.changeset/config.json`` says the rest where it exists: groups, ignored and private packages,
    and how ranges move. ``rules = "changesets"`` takes the engine that the lock file holds.

    Raises:
        ConfigError: the configuration of changesets can't be read.
    """
    if not config.rules.startswith("changesets"):
        return rules_from(config)
    document = _json(root, CONFIG_PATH)
    if document is None:
        return rules_from(config)
    if not isinstance(document, dict):
        raise ConfigError(f"{CONFIG_PATH} must be an object")
    engine = {"changesets-2": ENGINE_2, "changesets-3": ENGINE_3}.get(config.rules) or find_engine(
        root, workspace, document
    )
    names = [package.name for package in workspace.packages]
    rules = rules_from_changesets(document, names, engine)
    return replace(
        rules,
        ignore=(*rules.ignore, *config.ignore),
        include=tuple(config.include),
        caret_leaves=rules.caret_leaves or config.bump_workspace_caret,
    )


def find_engine(root: Path, workspace: Workspace, document: dict[str, Any] | None = None) -> Engine:
    """Which engine the repository plans with: by its own packages, lock file, package.json, or the configuration's schema."""
    locked = {name: workspace.by_name[name].version for name in _PACKAGES if name in workspace.by_name} or _locked(root)
    top = workspace.root_package or next((each for each in workspace.packages if each.path == "."), None)
    cli_range = None
    if top is not None:
        cli_range = top.table("devDependencies").get(_PACKAGES[1]) or top.table("dependencies").get(_PACKAGES[1])
    schema = (document or {}).get("$schema")
    return engine_from(locked, cli_range=cli_range, schema=schema if isinstance(schema, str) else None)


def read_pre(root: Path, config: ReleaseConfig) -> PreState | None:
    """The state of pre mode; None outside it, or when changesets' rules aren't in force.

    Raises:
        ConfigError: pre.json can't be read.
    """
    if not config.rules.startswith("changesets"):
        return None
    document = _json(root, PRE_PATH)
    return None if document is None else pre_from(document)


def read_used(root: Path, pre: PreState | None) -> dict[str, bytes]:
    """The change files that pre.json calls used and that still lie beside it, as 2.x leaves them; one read each."""
    found: dict[str, bytes] = {}
    for id_ in pre.used if pre is not None else ():
        path = f"{CONFIG_PATH.partition('/')[0]}/{id_}.md"
        try:
            found[path] = (root / path).read_bytes()
        except OSError:
            continue
    return found


def read_snapshot(root: Path, config: ReleaseConfig) -> tuple[str | None, bool]:
    """How changesets' configuration wants snapshots called.

    Returns:
        The template (None leaves it to us), and whether the planned version stands in front of it instead of 0.0.0.

    Raises:
        ConfigError: the configuration can't be read.
    """
    document = _json(root, CONFIG_PATH) if config.rules.startswith("changesets") else None
    options = document.get("snapshot") if isinstance(document, dict) else None
    if options is None:
        return None, False
    template = options.get("prereleaseTemplate") if isinstance(options, dict) else options
    if not isinstance(options, dict) or not isinstance(template, str | None):
        raise ConfigError(f'{CONFIG_PATH}: "snapshot" must hold "useCalculatedVersion" and "prereleaseTemplate"')
    return template or None, options.get("useCalculatedVersion") is True


def _json(root: Path, path: str) -> Any:
    try:
        return json.loads((root / path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}:{error.colno}: the file is not JSON: {error.msg}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from None


def _locked(root: Path) -> dict[str, str]:
    for file in _LOCK_FILES:
        try:
            text = (root / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return {name: version for name in _PACKAGES if (version := _version_in(text, name)) is not None}
    return {}


def _version_in(text: str, name: str) -> str | None:
    at = text.find(name)
    while at >= 0:
        match = _VERSION.match(text, at + len(name))
        if match is not None:
            return match[1].partition("(")[0]
        at = text.find(name, at + 1)
    return None
