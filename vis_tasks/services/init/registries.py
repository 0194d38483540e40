"""Registries that other package managers are configured with, and npm isn't: uploads go by npm's configuration.

Keys: Yarn's ``.yarnrc.yml``, pnpm's ``pnpm-workspace.yaml`` (``registries``) and Bun's ``bunfig.toml``, from their documentation.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.mapping import Leftover, Setting
from vis_tasks.errors import UsageError
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.core.model import Workspace
    from vis_tasks.ports import Files

__all__ = ["registry_settings"]

_FILES = {"yarn": ".yarnrc.yml", "pnpm": "pnpm-workspace.yaml", "bun": "bunfig.toml"}
_IN_NPMRC = regex(r"^\s*((?:@[^:=\s]+:)?registry)\s*=", re.MULTILINE)


def registry_settings(files: Files, workspace: Workspace) -> tuple[tuple[Setting, ...], tuple[Leftover, ...]]:
    """Settings that make npm's side of the house go where the package manager goes.

    Args:
        files: the files below the workspace root; two are read.
        workspace: whose manager counts.

    Raises:
        UsageError: code ``WORKSPACE``: the file can't be read.
    """
    path = _FILES.get(workspace.manager, "")
    content = files.read(path) if path else None
    if content is None:
        return (), ()
    npmrc = (files.read(".npmrc") or b"").decode("utf-8", errors="replace")
    told_npm = set(_IN_NPMRC.findall(npmrc))
    data = _parse(path, content)
    found: dict[tuple[str, ...], Setting] = {}
    at: tuple[str, ...]
    for scope, address in _addresses(workspace.manager, data):
        if scope and f"{scope}:registry" not in told_npm:
            for package in workspace.packages:
                if package.name.startswith(f"{scope}/") and not package.private:
                    at = ("release", "packages", package.name, "registry")
                    found.setdefault(at, Setting(at, address, path))
        elif not scope and "registry" not in told_npm:
            at = ("release", "publish", "registry")
            found.setdefault(at, Setting(at, address, path))
    leftovers: tuple[Leftover, ...] = ()
    if _holds_token(data):
        leftovers = (
            Leftover(
                "credentials",
                path,
                "they are read from npm's configuration and NPM_TOKEN",
                "`npm login`, or set NPM_TOKEN; in CI trusted publishing needs neither",
            ),
        )
    return tuple(found.values()), leftovers


def _parse(path: str, content: bytes) -> dict[str, Any]:
    text = content.decode("utf-8", errors="replace")
    try:
        if path.endswith(".toml"):
            return tomllib.loads(text)
        import yaml

        value = yaml.safe_load(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}", code="WORKSPACE", hint="mend the file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise UsageError(f"{path}:{line}: the file is not YAML", code="WORKSPACE", hint="mend the file") from None
    return value if isinstance(value, dict) else {}


def _addresses(manager: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Scope (empty for all others) and address; the one for publishing first."""
    if manager == "yarn":
        scopes = data.get("npmScopes")
        tables = {
            "": data,
            **({f"@{name}": table for name, table in scopes.items()} if isinstance(scopes, dict) else {}),
        }
        for scope, table in tables.items():
            for key in ("npmPublishRegistry", "npmRegistryServer"):
                if isinstance(table, dict) and isinstance(table.get(key), str):
                    yield scope, table[key]
    elif manager == "pnpm":
        listed = data.get("registries")
        for scope, address in listed.items() if isinstance(listed, dict) else ():
            if isinstance(address, str):
                yield ("" if scope == "default" else scope), address
    else:
        install = data.get("install")
        install = install if isinstance(install, dict) else {}
        scopes = install.get("scopes")
        tables = {"": install.get("registry"), **(scopes if isinstance(scopes, dict) else {})}
        for scope, table in tables.items():
            address = table.get("url") if isinstance(table, dict) else table
            if isinstance(address, str):
                yield (scope if not scope or scope.startswith("@") else f"@{scope}"), address


def _holds_token(value: Any) -> bool:
    if isinstance(value, dict):
        return any(
            (isinstance(key, str) and re.search("token|authident|password", key, re.IGNORECASE)) or _holds_token(each)
            for key, each in value.items()
        )
    return False
