"""Changes of package.json that matter to who installs the package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.core.review.model import Level, ManifestChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["INSTALL_SCRIPTS", "NEEDED_TABLES", "changed_manifest", "new_dependencies"]

INSTALL_SCRIPTS = ("preinstall", "install", "postinstall")
"""npm runs these on the machine of whoever installs (docs: scripts, Life Cycle Operation Order)."""

NEEDED_TABLES = ("dependencies", "optionalDependencies", "peerDependencies")
"""Tables whose packages are installed along."""

_FIELDS = (
    *("name", "main", "module", "types", "typings", "type", "browser", "exports", "imports", "bin", "man", "engines"),
    *("os", "cpu", "libc", "license", "files", "sideEffects", "bundleDependencies", "bundledDependencies", "overrides"),
    *("repository", "publishConfig", "gypfile"),
)
_LONGEST = 300


def changed_manifest(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[ManifestChange, ...]:
    """What changed, scripts that run at install first, dependencies last.

    Args:
        before: package.json of the live version; empty when there is none.
        after: of the staged one.
    """
    return (*_scripts(before, after), *_plain(before, after), *_dependencies(before, after))


def new_dependencies(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Names that are installed along now and were not before."""
    old = {name for table in NEEDED_TABLES for name in _table(before, table)}
    return tuple(dict.fromkeys(name for table in NEEDED_TABLES for name in _table(after, table) if name not in old))


def _table(manifest: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = manifest.get(key)
    return {str(name): entry for name, entry in value.items()} if isinstance(value, dict) else {}


def _scripts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ManifestChange]:
    old, new = _table(before, "scripts"), _table(after, "scripts")
    for name in INSTALL_SCRIPTS:
        if old.get(name) != new.get(name):
            level = Level.DANGER if name in new else Level.NOTE
            yield ManifestChange(f"scripts.{name}", _json(old.get(name)), _json(new.get(name)), level)


def _plain(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ManifestChange]:
    for field in _FIELDS:
        if before.get(field) != after.get(field) and (before or field in {"bin", "gypfile"}):
            level = Level.WARNING if field in {"bin", "license", "name", "gypfile", "engines"} else Level.NOTE
            yield ManifestChange(field, _json(before.get(field)), _json(after.get(field)), level)


def _dependencies(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ManifestChange]:
    for table in NEEDED_TABLES:
        old, new = _table(before, table), _table(after, table)
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                level = Level.WARNING if name not in old else Level.NOTE
                yield ManifestChange(f"{table}.{name}", _json(old.get(name)), _json(new.get(name)), level)


def _json(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
