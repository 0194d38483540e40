"""Finding the packages of a workspace: npm, pnpm, Yarn and Bun.

Each package.json is read once; folders are listed only where a pattern has a wildcard, and never below node_modules.
"""

from __future__ import annotations

import gc
import os
import re
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.files import read_whole
from vis_tasks.adapters.manifests import parse_manifest, refuse
from vis_tasks.adapters.members import find_members
from vis_tasks.core.edits import needed_files
from vis_tasks.core.jsontext import line_of
from vis_tasks.core.model import Package, Workspace
from vis_tasks.core.ranges import is_range, is_spec
from vis_tasks.core.versions import is_valid
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vis_tasks.core.model import Plan

__all__ = ["read_needed", "read_workspace"]

_LOCK_FILES = (
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
)
_MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the garbage collector still: it would walk thousands of fresh dicts over and over, and none of them is garbage.

    Measured at 5,000 packages: a third of the time of reading them.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_without_collector()
def read_workspace(root: Path) -> Workspace:
    """Read every package of the workspace at ``root``.

    Args:
        root: folder with the root package.json.

    Raises:
        UsageError: code ``WORKSPACE``: no package.json, no packages, broken JSON (line and column), missing or repeated names
            (all files named), a version that isn't one, or a range between members that npm couldn't read.
    """
    root = Path(root).absolute()
    manifest = _read_root(root)
    patterns, manager = _patterns(root, manifest)
    base = os.fspath(root)
    root_package = Package(_text(manifest, "name"), _text(manifest, "version"), ".", manifest)
    if patterns is None:
        if not root_package.name:
            hint = 'name the package, or list the members below "workspaces" (pnpm: "packages" in pnpm-workspace.yaml)'
            raise refuse("package.json has neither workspaces nor a name: there is nothing to release here", hint)
        packages: tuple[Package, ...] = (root_package,)
        workspace = Workspace(root, manager, packages)
    else:
        found = find_members(base, patterns, ordered=manager != "pnpm")
        packages = tuple(_member(path, content, root_package) for path, content in found)
        if manager == "pnpm":
            packages = _without_twins(packages)
        if not packages:
            listed = ", ".join(patterns) or "no pattern"
            raise refuse(
                f"no folder with a package.json fits the workspace patterns ({listed})", "correct the patterns"
            )
        is_member = any(package.path == "." for package in packages)
        workspace = Workspace(root, manager, packages, None if is_member else root_package)
    _check_names(packages)
    _check_values(workspace)
    return workspace


def read_needed(workspace: Workspace, plan: Plan) -> dict[str, bytes]:
    """The bytes of every file that writing the plan has to see; changelogs that don't exist yet are left out."""
    found: dict[str, bytes] = {}
    root = os.fspath(workspace.root)
    for path in needed_files(workspace, plan):
        try:
            found[path] = read_whole(f"{root}/{path}")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise refuse(f"{path}: the file can't be read: {error.strerror}") from None
    return found


def _read_root(root: Path) -> Mapping[str, Any]:
    try:
        content = (root / "package.json").read_bytes()
    except FileNotFoundError:
        hint = "run this in the root of a JavaScript workspace"
        raise refuse(f"there is no package.json in {root}", hint) from None
    except OSError as error:
        raise refuse(f"package.json can't be read: {error.strerror}") from None
    return parse_manifest("package.json", content)


def _text(manifest: Mapping[str, Any], key: str, path: str = "package.json") -> str:
    """A string; empty when there is none."""
    value = manifest.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise refuse(f'{path}: "{key}" must be a string', f'put it in quotes: "{key}": "…"')
    return value


def _member(path: str, content: bytes, root_package: Package) -> Package:
    if path == ".":
        return root_package
    file = f"{path}/package.json"
    manifest = parse_manifest(file, content)
    return Package(_text(manifest, "name", file), _text(manifest, "version", file), path, manifest)


def _patterns(root: Path, manifest: Mapping[str, Any]) -> tuple[list[str] | None, str]:
    """Member patterns (None for a single package) and the package manager."""
    pnpm = root / "pnpm-workspace.yaml"
    if pnpm.is_file():
        listed = _pnpm_packages(pnpm)
        if listed is not None:
            return listed, "pnpm"
    manager = _manager(root, manifest)
    value = manifest.get("workspaces")
    if isinstance(value, dict):  # Yarn 1 and Bun: {"packages": [...], "nohoist"/"catalog": ...}
        value = value.get("packages")
    if value is None:
        return None, manager
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        line = line_of((root / "package.json").read_text(encoding="utf-8"), ("workspaces",))
        raise refuse(
            f'package.json:{line}: "workspaces" must be a list of patterns, or an object with such a list as "packages"'
        )
    return value, manager


def _manager(root: Path, manifest: Mapping[str, Any]) -> str:
    declared = str(manifest.get("packageManager")).partition("@")[0]
    if declared in _MANAGERS:
        return declared
    return next((name for file, name in _LOCK_FILES if (root / file).is_file()), "npm")


# A file with nothing but `packages:` and a block of strings that YAML reads as they stand: loading YAML takes longer than all the
# rest of reading a workspace. A string without quotes must hold a slash, so that it is no number, word or date.
_PLAIN_FILE = regex(
    r"""(?:[ ]*(?:\#.*)?\n)*packages:[ ]*(?:[ ]\#.*)?\n(?P<items>(?:(?:[ ]*(?:\#.*)?|[ ]*-[ ].*)\n)+)"""
)
_PLAIN_ITEM = regex(
    r"""(?P<indent>[ ]*)-[ ]+"""
    r"""(?:"(?P<d>[\w@./*!{},-]+)"|'(?P<s>[\w@./*!{},-]+)'|(?P<p>[A-Za-z_][\w.*-]*/[\w./*-]*))[ ]*(?:[ ]\#.*)?""",
    re.ASCII,
)


def _plain_packages(content: bytes) -> list[str] | None:
    """The patterns of a plain file; None for one that YAML has to read."""
    try:
        file = _PLAIN_FILE.fullmatch(content.decode("ascii").replace("\r\n", "\n").rstrip("\n") + "\n")
    except UnicodeDecodeError:
        return None
    lines = (
        [line for line in file["items"].splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if file
        else []
    )
    items = [match for line in lines if (match := _PLAIN_ITEM.fullmatch(line))]
    if len(items) != len(lines) or len({item["indent"] for item in items}) != 1:
        return None
    return [item["d"] or item["s"] or item["p"] for item in items]


def _pnpm_packages(path: Path) -> list[str] | None:
    content = path.read_bytes()
    if (plain := _plain_packages(content)) is not None:
        return plain
    import yaml

    try:
        value = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise refuse(f"{path.name}:{line}: the file is not YAML: {getattr(error, 'problem', error)}") from None
    listed = value.get("packages") if isinstance(value, dict) else None
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise refuse(f'{path.name}:1: "packages" must be a list of patterns')
    return listed


def _without_twins(packages: tuple[Package, ...]) -> tuple[Package, ...]:
    """Leave out private packages whose name another one has: pnpm takes them (test fixtures, most often), npm and Yarn don't."""
    counts = Counter(package.name for package in packages)
    if len(counts) == len(packages):
        return packages
    keeper: dict[str, Package] = {}
    for package in packages:
        if package.name not in keeper or (keeper[package.name].private and not package.private):
            keeper[package.name] = package
    return tuple(
        package for package in packages if not package.name or not package.private or keeper[package.name] is package
    )


def _check_names(packages: Sequence[Package]) -> None:
    nameless = [package.manifest_path for package in packages if not package.name]
    if nameless:
        raise refuse(f"no name in {', '.join(nameless)}", 'add "name" (private packages need one too)', files=nameless)
    seen: dict[str, Package] = {}
    for package in packages:
        other = seen.setdefault(package.name, package)
        if other is not package:
            files = [other.manifest_path, package.manifest_path]
            what = f'two packages are called "{package.name}": {files[0]} and {files[1]}'
            raise refuse(what, "rename one of them, or take its folder out of the workspace", files=files)


def _check_values(workspace: Workspace) -> None:
    fine: set[str] = set()
    for package in workspace.packages:
        if package.version and package.version not in fine:
            if not is_valid(package.version):
                where = _where(workspace, package, ("version",))
                raise refuse(f'{where}: "{package.version}" is not a version', "write it as 1.2.3")
            fine.add(package.version)
    fine.clear()
    for package, table, mentioned in workspace.mentions:
        entries = package.manifest[table]
        for name in mentioned:
            spec = entries[name]
            if isinstance(spec, str) and spec in fine:
                continue
            if not isinstance(spec, str) or not _is_readable(spec):
                where = _where(workspace, package, (table, name))
                raise refuse(f'{where}: "{spec}" is not a version range for "{name}"', 'write it as "^1.2.3"')
            fine.add(spec)


def _is_readable(spec: str) -> bool:
    inner = spec.removeprefix("workspace:")
    return inner in {"*", "^", "~"} or is_range(inner) or is_spec(spec)


def _where(workspace: Workspace, package: Package, keys: tuple[str, ...]) -> str:
    text = (workspace.root / package.manifest_path).read_text(encoding="utf-8")
    return f"{package.manifest_path}:{line_of(text, keys)}"
