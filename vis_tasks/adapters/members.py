"""Expanding workspace patterns into folders, the way the package managers do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vis_tasks.adapters.files import read_whole
from vis_tasks.adapters.manifests import refuse
from vis_tasks.core.globs import compile_glob, has_magic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["find_members"]

_NEVER = frozenset({"node_modules", ".git"})


def find_members(root: str, patterns: Sequence[str], *, ordered: bool) -> list[tuple[str, bytes]]:
    """Folders that are members, with the bytes of their package.json, sorted by path.

    Wildcards don't match folders that start with a dot, and nothing below node_modules is looked at. A symbolic link to a
    folder is a member by its own path, unless the folder it leads to is one already.

    Args:
        root: absolute path of the workspace root.
        patterns: globs of folders relative to the root; a leading ``!`` takes away.
        ordered: a later pattern wins over an earlier one (npm, Yarn, Bun); else taking away always wins (pnpm).
    """
    cleaned = [_clean(pattern) for pattern in patterns]
    found: dict[str, bool] = {}
    for away, pattern in cleaned:
        if not away:
            for path, linked in _walk(root, pattern.split("/")):
                found.setdefault(path, linked)
    if any(away for away, _ in cleaned):
        found = {path: linked for path, linked in found.items() if _stays(path, cleaned, ordered=ordered)}
    real = {path for path, linked in found.items() if not linked}
    targets: set[str] = set()
    members: list[tuple[str, bytes]] = []
    for path in sorted(found):
        if found[path]:
            target = os.path.relpath(os.path.realpath(f"{root}/{path}"), os.path.realpath(root)).replace(os.sep, "/")
            if target in real or target in targets:
                continue
            targets.add(target)
        content = _read(root, path)
        if content is not None:
            members.append((path, content))
    return members


def _clean(pattern: str) -> tuple[bool, str]:
    bare = pattern.lstrip("!") if not pattern.startswith("!(") else pattern
    away = (len(pattern) - len(bare)) % 2 == 1
    parts = [part for part in bare.replace("\\", "/").split("/") if part not in {"", "."}]
    if ".." in parts:
        raise refuse(f'the workspace pattern "{pattern}" leaves the workspace root', "move the package below the root")
    return away, "/".join(parts) or "."


def _stays(path: str, patterns: Sequence[tuple[bool, str]], *, ordered: bool) -> bool:
    stays = False
    for away, pattern in patterns:
        if compile_glob(pattern).fullmatch(path) is not None or pattern == path:
            if away and not ordered:
                return False
            stays = not away
    return stays


def _read(root: str, path: str) -> bytes | None:
    try:
        return read_whole(f"{root}/{path}/package.json")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refuse(f"{path}/package.json can't be read: {error.strerror}") from None


def _walk(root: str, parts: list[str]) -> Iterator[tuple[str, bool]]:
    """Folders that fit, and whether a symbolic link was on the way to them."""
    if parts == ["."]:
        yield ".", False
        return
    yield from _step(root, "", parts, linked=False)


def _step(root: str, path: str, parts: list[str], *, linked: bool) -> Iterator[tuple[str, bool]]:
    if not parts:
        if path:
            yield path, linked
        return
    part, rest = parts[0], parts[1:]
    if part == "**":
        yield from _step(root, path, rest, linked=linked)
        for name, is_link in _folders(root, path):
            if not is_link:
                yield from _step(root, _join(path, name), parts, linked=linked)
        return
    if not has_magic(part):
        below = _join(path, part)
        is_link = os.path.islink(f"{root}/{below}")  # noqa: PTH114
        yield from _step(root, below, rest, linked=linked or is_link)
        return
    fits = compile_glob(part).fullmatch
    for name, is_link in _folders(root, path):
        if part != "*" and fits(name) is None:
            continue
        if rest:
            yield from _step(root, _join(path, name), rest, linked=linked or is_link)
        else:
            yield _join(path, name), linked or is_link


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _folders(root: str, path: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(f"{root}/{path}" if path else root) as entries:
            return sorted(
                (entry.name, entry.is_symlink())
                for entry in entries
                if entry.name not in _NEVER and not entry.name.startswith(".") and entry.is_dir()
            )
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
