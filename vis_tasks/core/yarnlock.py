"""Whether a yarn.lock says anything that a release changed. Yarn 1 mentions no members; later ones list what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.model import DEPENDENCY_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.core.model import Workspace

__all__ = ["yarn_lock_holds"]

_FIELD, _ENTRY = 2, 4


def yarn_lock_holds(text: str, workspace: Workspace) -> bool:
    """Whether the lock file asks for members exactly as the package.json files do, so that there is nothing to refresh.

    It doesn't hold the members' versions (``0.0.0-use.local``). False whenever the file doesn't look as expected.

    Args:
        text: the lock file.
        workspace: the packages as they are now.
    """
    if "yarn lockfile v1" in text[:200]:
        return True
    names = workspace.by_name
    packages = [*workspace.packages, *([workspace.root_package] if workspace.root_package is not None else ())]
    wanted: set[tuple[str, bool, str, str]] = set()
    for package in packages:
        for table in DEPENDENCY_TABLES:
            peer = table == "peerDependencies"
            wanted |= {
                (package.path, peer, name, spec.removeprefix("npm:"))
                for name, spec in package.table(table).items()
                if name in names and isinstance(spec, str)
            }
    paths = {package.path for package in packages}
    found = {(path, peer, name, spec) for path, peer, name, spec in _asked(text) if name in names and path in paths}
    return wanted == found


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _asked(text: str) -> Iterator[tuple[str, bool, str, str]]:
    """Path, whether as a peer, name and range of everything that a member asks for."""
    path = table = ""
    for line in text.splitlines():
        words = line.strip()
        indent = len(line) - len(line.lstrip())
        if not words or words.startswith("#"):
            continue
        if indent == 0:
            path = table = ""
        elif indent == _FIELD:
            key, _, value = words.partition(":")
            table = key if not value.strip() else ""
            if key == "resolution":
                path = _unquoted(value).partition("@workspace:")[2]
        elif indent == _ENTRY and path and table in {"dependencies", "peerDependencies"}:
            # A quoted name may hold no colon, but a range does: "npm:^1.2.0", "workspace:^".
            name, _, spec = words.partition(": ")
            yield path, table == "peerDependencies", _unquoted(name), _unquoted(spec).removeprefix("npm:")
