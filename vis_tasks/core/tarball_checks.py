"""What is wrong with a packed package, judged from its facts alone. Pure: the tarball was read elsewhere."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Problem", "Severity", "growth", "problems"]

_TABLES = {"dependencies": True, "optionalDependencies": True, "peerDependencies": True, "devDependencies": False}
# Package managers resolve these when they pack; nobody else can.
_UNRESOLVED = ("workspace:", "catalog:", "link:", "file:", "portal:")
_SECRET_NAMES = frozenset(
    (
        *(".npmrc", ".yarnrc", ".netrc", "_netrc", ".pypirc", ".git-credentials", ".htpasswd"),
        *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"),
    )
)
_SECRET_ENDINGS = (".env", ".p12", ".pfx", ".jks", ".keystore")
_HARMLESS_ENDINGS = (
    *(".example", ".sample", ".template", ".dist", ".defaults", ".schema"),
    *(".d.ts", ".js", ".ts", ".mjs", ".cjs", ".json", ".md"),
)
_TRIED = ("", ".js", ".json", ".node", ".mjs", ".cjs", "/index.js", "/index.json", "/index.node")
_GROWTH_FACTOR = 3
_GROWTH_BYTES = 1024**2
_MEBIBYTE = 1024**2


class Severity(Enum):
    """An error stops the package; a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        severity: whether it stops the package.
        code: a stable name for scripts, such as ``UNRESOLVED_RANGE``.
        text: what, and where in the tarball.
        hint: the way out.
    """

    severity: Severity
    code: str
    text: str
    hint: str = ""


def problems(
    *,
    name: str,
    version: str,
    manifest: Mapping[str, Any],
    files: Sequence[str],
    unpacked_size: int,
    secrets: Sequence[tuple[str, str]] = (),
    last_unpacked_size: int | None = None,
) -> tuple[Problem, ...]:
    """Everything wrong with a packed package, errors first.

    Args:
        name: the name that was to be packed.
        version: the version that was to be packed.
        manifest: the package.json inside the tarball.
        files: paths inside, without ``package/``.
        unpacked_size: bytes of its contents.
        secrets: ``(path, what)`` pairs of files that were seen to hold something secret.
        last_unpacked_size: bytes of the last live version's contents; None when there is none or it isn't known.
    """
    found = [
        *_identity(name, version, manifest),
        *_ranges(manifest),
        *_entry_points(manifest, frozenset(files)),
        *_secrets(files, secrets),
        *growth(unpacked_size, last_unpacked_size),
    ]
    return tuple(sorted(found, key=lambda problem: problem.severity is not Severity.ERROR))


def _error(code: str, text: str, hint: str = "") -> Problem:
    return Problem(Severity.ERROR, code, text, hint)


def _warning(code: str, text: str, hint: str = "") -> Problem:
    return Problem(Severity.WARNING, code, text, hint)


def _identity(name: str, version: str, manifest: Mapping[str, Any]) -> Iterator[Problem]:
    for key, planned in (("name", name), ("version", version)):
        if manifest.get(key) != planned:
            yield _error(
                "WRONG_PACKAGE",
                f"package.json in the tarball says {key} {manifest.get(key)!r}, planned was {planned!r}",
                "A pack script may have changed package.json; pack again: invoke pack",
            )
    if manifest.get("private") is True:
        yield _error("PRIVATE", "package.json in the tarball says private: the registry would not take it")


def _ranges(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    for table, matters in _TABLES.items():
        entries = manifest.get(table)
        for dependency, wanted in entries.items() if isinstance(entries, dict) else ():
            if isinstance(wanted, str) and wanted.startswith(_UNRESOLVED):
                text = f"{table}: {dependency} is still {wanted!r}, which nobody can install"
                protocol = wanted.partition(":")[0]
                hint = f"Pack with the package manager that resolves `{protocol}:` (pnpm or Yarn), or write a version range."
                yield _error("UNRESOLVED_RANGE", text, hint) if matters else _warning("UNRESOLVED_RANGE", text, hint)


def _entry_points(manifest: Mapping[str, Any], files: frozenset[str]) -> Iterator[Problem]:
    hint = "Build before packing, or look at `files` in package.json."
    main = manifest.get("main")
    if isinstance(main, str) and main and not _resolves(main, files):
        text = f"main names {main!r}, which is not in the tarball"
        # Node falls back to index.js when main is missing (with DEP0128).
        yield _warning("MISSING_FILE", text, hint) if "index.js" in files else _error("MISSING_FILE", text, hint)
    for field, target, matters in _named_files(manifest):
        text = f"{field} names {target!r}, which is not in the tarball"
        exact = field.startswith(("bin", "exports"))
        if "*" in target:
            if not any(_matches_pattern(target, file) for file in files):
                yield _warning("MISSING_FILE", f"{field} names {target!r}, and no file in the tarball matches", hint)
        elif not (_has(target, files) if exact else _resolves(target, files)):
            yield _error("MISSING_FILE", text, hint) if matters else _warning("MISSING_FILE", text, hint)


def _named_files(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """``(field, target, whether its absence is an error)``."""
    for field in ("module", "types", "typings"):
        value = manifest.get(field)
        if isinstance(value, str) and value:
            yield field, value, False
    binaries = manifest.get("bin")
    for field, value in binaries.items() if isinstance(binaries, dict) else (("", binaries),):
        if isinstance(value, str) and value:
            yield f"bin.{field}".rstrip("."), value, True
    browser = manifest.get("browser")
    for value in browser.values() if isinstance(browser, dict) else (browser,):
        if isinstance(value, str) and (value.startswith("./") or not isinstance(browser, dict)):
            yield "browser", value, False
    for field, value in _exports(manifest.get("exports"), "exports"):
        yield field, value, True


def _exports(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Targets of ``exports`` (Node's packages page): strings, fallback lists, conditions and subpaths; null hides a path."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        # The first target that is valid counts.
        yield from _exports(next((each for each in value if each is not None), None), place)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _exports(inner, f"{place}[{key!r}]")


def _clean(target: str) -> str:
    return re.sub(r"^(\./|/)+", "", target)


def _has(target: str, files: frozenset[str]) -> bool:
    path = _clean(target)
    if target.endswith("/"):  # a folder mapping of old
        return any(file.startswith(path) for file in files)
    return path in files


def _resolves(target: str, files: frozenset[str]) -> bool:
    """As ``require`` does: the file, with an ending, or the index of a folder; ``.`` is the package's own index."""
    path = _clean(target).rstrip("/")
    if path in {"", "."}:
        return any(f"index{ending}" in files for ending in (".js", ".json", ".node", ".d.ts"))
    endings = (*_TRIED, ".d.ts", "/index.d.ts")
    return any(path + ending in files for ending in endings)


def _matches_pattern(target: str, file: str) -> bool:
    before, _, after = _clean(target).partition("*")
    return file.startswith(before) and file.endswith(after.rpartition("*")[2]) and len(file) > len(before) + len(after)


def _secrets(files: Sequence[str], seen: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    hint = "Take it out with `files` in package.json or .npmignore; a secret that was ever pushed or published must be replaced."
    for path in files:
        base = path.rpartition("/")[2].lower()
        secret = base in _SECRET_NAMES or base.startswith(".env.") or base.endswith(_SECRET_ENDINGS)
        if secret and not base.endswith(_HARMLESS_ENDINGS):
            yield _error("SECRET_FILE", f"{path} is in the tarball", hint)
    for path, what in seen:
        yield _error("SECRET", f"{path} holds what looks like a secret: {what}", hint)


def growth(size: int, last: int | None) -> Iterator[Problem]:
    """A warning when the contents are much larger than those of the last live version.

    Args:
        size: bytes now.
        last: bytes then; None when that isn't known.
    """
    if last and size > _GROWTH_FACTOR * last and size - last > _GROWTH_BYTES:
        now, before = size / _MEBIBYTE, last / _MEBIBYTE
        yield _warning(
            "GREW",
            f"it unpacks to {now:.1f} MiB, {size / last:.1f} times the last live version ({before:.1f} MiB)",
            "Look for files that don't belong: npm pack --dry-run",
        )
