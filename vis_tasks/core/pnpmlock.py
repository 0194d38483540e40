"""What pnpm-lock.yaml says about the members, read line by line (the whole file as YAML would cost seconds)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.model import DEPENDENCY_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.core.model import Workspace

__all__ = ["specifiers_match"]

_IMPORTER, _TABLE, _NAME, _FIELD = 2, 4, 6, 8


def specifiers_match(text: str, workspace: Workspace) -> bool:
    """Whether the lock file's importers ask for members exactly as the package.json files do.

    pnpm's lock file doesn't hold the members' versions, only these specifiers; where they agree it has nothing to refresh.
    False whenever the file doesn't look as expected.
    """
    locked = {(importer, table, name): spec for importer, table, name, spec in _specifiers(text)}
    names = workspace.by_name
    members = {"." if package.path == "." else package.path for package in workspace.packages}
    importers = [(package.path, package) for package in workspace.packages]
    if workspace.root_package is not None:
        importers.append((".", workspace.root_package))
        members.add(".")
    wanted = {
        (path, table, name): spec
        for path, package in importers
        for table in DEPENDENCY_TABLES
        for name, spec in package.table(table).items()
        if name in names and table != "peerDependencies"
    }
    return wanted == {key: spec for key, spec in locked.items() if key[2] in names and key[0] in members}


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _specifiers(text: str) -> Iterator[tuple[str, str, str, str]]:
    inside = False
    importer = table = name = ""
    for line in text.splitlines():
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            inside = line.startswith("importers:")
        elif not inside:
            continue
        elif indent == _IMPORTER:
            importer = _unquoted(line.strip().removesuffix("{}").strip().removesuffix(":"))
        elif indent == _TABLE:
            table = _unquoted(line.strip().removesuffix(":"))
        elif indent == _NAME:
            name = _unquoted(line.strip().removesuffix(":"))
        elif indent == _FIELD and line.strip().startswith("specifier:"):
            yield importer, table, name, _unquoted(line.strip().removeprefix("specifier:"))
