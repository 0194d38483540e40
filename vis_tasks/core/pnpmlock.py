"""pnpm-lock.yaml after versions moved, edited line by line where that is provably what pnpm would write.

pnpm's lock file doesn't hold the members' versions, only what each package.json asks for (``specifier``) and where that is
found (``version``): a member is ``link:../core``. Where a range moved and the member still fits it, only the specifier changes.
Asking pnpm instead costs a process, requests, and, when the registry has a higher version of the same name that fits, the link
itself (``preferWorkspacePackages`` is off by default). Reading the whole file as YAML would cost seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vis_tasks.core.model import DEPENDENCY_TABLES
from vis_tasks.core.ranges import satisfies
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from vis_tasks.core.model import Package, Workspace

__all__ = ["NeedsPnpm", "edit_pnpm_lock"]

_IMPORTER, _TABLE, _NAME, _FIELD = 2, 4, 6, 8
# What js-yaml leaves unquoted, and no more than the ranges that a release writes.
_PLAIN = regex(r"(?:workspace:)?[\^~]?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")


class NeedsPnpm:
    """Only pnpm can tell what becomes of the lock file."""


class _Entry(NamedTuple):
    importer: str
    table: str
    name: str
    spec: str
    quote: str
    version: str
    line: int


def edit_pnpm_lock(text: str, workspace: Workspace) -> str | NeedsPnpm:
    """The lock file for the package.json files as they are now; the same text where nothing in it changes.

    Args:
        text: the lock file.
        workspace: the packages as they are now.
    """
    lines = text.splitlines(keepends=True)
    packages = {package.path: package for package in workspace.packages}
    if workspace.root_package is not None:
        packages["."] = workspace.root_package
    names = workspace.by_name
    seen: set[tuple[str, str, str]] = set()
    for entry in _entries(lines):
        package = packages.get(entry.importer)
        if package is None or entry.name not in names:
            continue
        table, spec = _asked(package, entry)
        if spec is None:
            return NeedsPnpm()
        seen.add((entry.importer, table, entry.name))
        if spec != entry.spec:
            edited = _edit(lines[entry.line], entry, spec, names[entry.name].version)
            if edited is None:
                return NeedsPnpm()
            lines[entry.line] = edited
    return "".join(lines) if _all_of(packages, names.keys()) <= seen else NeedsPnpm()


def _all_of(packages: dict[str, Package], names: Collection[str]) -> set[tuple[str, str, str]]:
    return {
        (path, table, name)
        for path, package in packages.items()
        for table in DEPENDENCY_TABLES
        if table != "peerDependencies"
        for name in package.table(table)
        if name in names
    }


def _asked(package: Package, entry: _Entry) -> tuple[str, str | None]:
    """What the package.json asks for: in the same table, or as a peer (``autoInstallPeers`` lists those as dependencies)."""
    for table in (entry.table, "peerDependencies"):
        spec = package.table(table).get(entry.name)
        if isinstance(spec, str):
            return table, spec
    return entry.table, None


def _edit(line: str, entry: _Entry, spec: str, version: str) -> str | None:
    """The specifier's line with another range; None where pnpm might write something else."""
    if not entry.version.startswith("link:"):
        return None
    range_ = spec.removeprefix("workspace:")
    if not satisfies(version, range_):
        return None
    if not entry.quote and not (_PLAIN.fullmatch(spec) and _PLAIN.fullmatch(entry.spec)):
        return None
    if entry.quote and spec[:1] != entry.spec[:1]:
        return None
    head, tail = line[: line.index("specifier:")], line[len(line.rstrip("\r\n")) :]
    return f"{head}specifier: {entry.quote}{spec}{entry.quote}{tail}"


def _unquoted(text: str) -> tuple[str, str]:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return (text[1:-1], text[0]) if quoted else (text, "")


def _entries(lines: Sequence[str]) -> Iterator[_Entry]:
    inside = False
    importer = table = name = ""
    spec: tuple[str, str, int] | None = None
    for number, line in enumerate(lines):
        words = line.strip()
        if not words:
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            inside = line.startswith("importers:")
        elif not inside:
            continue
        elif indent == _IMPORTER:
            importer = _unquoted(words.removesuffix("{}").strip().removesuffix(":"))[0]
        elif indent == _TABLE:
            table = _unquoted(words.removesuffix(":"))[0]
        elif indent == _NAME:
            name, spec = _unquoted(words.removesuffix(":"))[0], None
        elif indent == _FIELD and words.startswith("specifier:"):
            spec = (*_unquoted(words.removeprefix("specifier:")), number)
        elif indent == _FIELD and words.startswith("version:") and spec is not None:
            yield _Entry(importer, table, name, spec[0], spec[1], _unquoted(words.removeprefix("version:"))[0], spec[2])
