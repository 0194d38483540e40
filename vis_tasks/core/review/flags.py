"""What should make a reviewer stop and look. Signs, not proofs: each says what it saw."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from vis_tasks.core.review.files import text_of
from vis_tasks.core.review.manifest import INSTALL_SCRIPTS, new_dependencies
from vis_tasks.core.review.model import Flag, Level
from vis_tasks.core.review.typosquat import looks_like
from vis_tasks.core.tarball_checks import Severity, problems
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

    from vis_tasks.core.review.model import Contents

__all__ = ["DependencyFacts", "risk_flags"]

DependencyFacts = dict[str, "int | str | None"]
"""A new dependency's name → number of maintainers, None when that isn't known, ``"missing"`` when no registry has it."""

_GROWTH = 1.3
_NOTICEABLE = 4096
_PROGRAM_ENDINGS = (".node", ".exe", ".dll", ".so", ".dylib", ".wasm", ".jar", ".bat", ".cmd", ".ps1")
_PROGRAM_STARTS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm")
_SCRIPT_ENDINGS = (".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts")
_DECODERS = r"(?:atob|unescape|decodeURIComponent|Buffer\.from|String\.fromCharCode)"
# What, its pattern (none of them may backtrack over a hostile text), and how often it has to stand there.
_SIGNS: tuple[tuple[str, re.Pattern[str], int], ...] = (
    ("runs decoded text", regex(rf"\b(?:eval|Function|execScript)\s*\(\s*{_DECODERS}"), 1),
    ("names like _0x3fa2, as obfuscators make them", regex(r"\b_0x[0-9a-f]{4,6}\b"), 8),
    ("a long run of escaped characters", regex(r"(?:\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}){40}"), 1),
    ("a long base64 text", regex(r"[\"'`][A-Za-z0-9+/]{1200}"), 1),
)
_STARTS_PROGRAMS = regex(r"[\"'](?:node:)?child_process[\"']")
_HIDDEN = regex("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\U000e0000-\U000e007f]")
_SCANNED = 512 * 1024


def risk_flags(
    before: Contents | None,
    after: Contents,
    *,
    name: str,
    version: str,
    facts: Mapping[str, int | str | None] | None = None,
    known_names: Iterable[str] = (),
) -> tuple[Flag, ...]:
    """Everything to look at, gravest first.

    Args:
        before: the live version; None when there is none.
        after: the staged one.
        name: what the registry says is staged.
        version: likewise.
        facts: what the registry knows about new dependencies, see `DependencyFacts`.
        known_names: package names the workspace uses already.
    """
    old: Mapping[str, Any] = before.manifest if before else {}
    added = [path for path in after.files if before is None or path not in before.files]
    earlier = before.files if before else {}
    touched = [path for path, file in after.files.items() if path not in earlier or earlier[path].digest != file.digest]
    found = [
        *_scripts(old, after, added),
        *_binaries(before, after, added),
        *_packing(after, name, version),
        *_dependencies(old, after.manifest, facts or {}, known_names),
        *_code(before, after, touched),
        *_growth(before, after),
    ]
    order = list(Level)
    return tuple(sorted(dict.fromkeys(found), key=lambda flag: order.index(flag.level)))


def _scripts(old: Mapping[str, Any], after: Contents, added: list[str]) -> Iterator[Flag]:
    before, now = (
        value if isinstance(value, dict) else {} for value in (old.get("scripts"), after.manifest.get("scripts"))
    )
    for script in INSTALL_SCRIPTS:
        if script in now and now[script] != before.get(script):
            how = "new" if script not in before else "changed"
            yield Flag(
                Level.DANGER, "INSTALL_SCRIPT", f"{how} install script: {script} runs {str(now[script])[:200]!r}"
            )
    if "binding.gyp" in added and "install" not in now:
        yield Flag(
            Level.DANGER,
            "INSTALL_SCRIPT",
            "new binding.gyp: npm compiles it at install, without any script in package.json",
        )


def _binaries(before: Contents | None, after: Contents, added: list[str]) -> Iterator[Flag]:
    for path in added:
        data = after.files[path].data or b""
        if path.lower().endswith(_PROGRAM_ENDINGS) or data.startswith(_PROGRAM_STARTS):
            level = Level.DANGER if before else Level.WARNING
            yield Flag(level, "BINARY", f"{'new ' if before else ''}program or compiled code: {path}")
    maps = [path for path in added if path.endswith(".map")]
    if maps:
        more = f" and {len(maps) - 1} more" if len(maps) > 1 else ""
        yield Flag(Level.WARNING, "SOURCE_MAP", f"source maps, which may hold your sources: {maps[0]}{more}")
    bins = after.manifest.get("bin")
    known = before.manifest.get("bin") if before else None
    for command in bins if isinstance(bins, dict) else ():
        if not isinstance(known, dict) or command not in known:
            yield Flag(Level.WARNING, "NEW_COMMAND", f"new command on the PATH of who installs it: {command}")


def _packing(after: Contents, name: str, version: str) -> Iterator[Flag]:
    for problem in problems(
        name=name,
        version=version,
        manifest=after.manifest,
        files=tuple(after.files),
        unpacked_size=after.unpacked_size,
        secrets=after.secrets,
    ):
        level = Level.DANGER if problem.severity is Severity.ERROR else Level.WARNING
        yield Flag(level, problem.code, problem.text)


def _dependencies(
    old: Mapping[str, Any], new: Mapping[str, Any], facts: Mapping[str, int | str | None], known: Iterable[str]
) -> Iterator[Flag]:
    used = frozenset(known)
    for dependency in new_dependencies(old, new):
        twin = looks_like(dependency, used)
        if twin:
            text = f"new dependency {dependency} looks like {twin}: is it the one that is meant?"
            yield Flag(Level.DANGER, "TYPOSQUAT", text)
        fact = facts.get(dependency)
        if fact == "missing":
            yield Flag(
                Level.DANGER,
                "NO_SUCH_DEPENDENCY",
                f"new dependency {dependency} is at no registry: anybody may claim it",
            )
        elif fact == 0:
            yield Flag(Level.DANGER, "NO_MAINTAINER", f"new dependency {dependency} has no maintainer")
        elif old:
            yield Flag(Level.WARNING, "NEW_DEPENDENCY", f"new dependency {dependency}")


def _code(before: Contents | None, after: Contents, touched: list[str]) -> Iterator[Flag]:
    for path in touched:
        text = text_of(after.files[path].data)
        if text is None:
            continue
        text = text[:_SCANNED]
        earlier = text_of(before.files[path].data) if before and path in before.files else None
        if _HIDDEN.search(text) and not _HIDDEN.search(earlier or ""):
            yield Flag(Level.DANGER, "HIDDEN_TEXT", f"{path} holds invisible or direction-changing characters")
        if not path.endswith(_SCRIPT_ENDINGS):
            continue
        for what, pattern, times in _SIGNS:
            if _count(pattern, text, times) >= times > _count(pattern, earlier or "", times):
                yield Flag(Level.DANGER, "OBFUSCATED", f"{path}: {what}")
        if before and _STARTS_PROGRAMS.search(text) and not _STARTS_PROGRAMS.search(earlier or ""):
            yield Flag(Level.WARNING, "STARTS_PROGRAMS", f"{path} uses child_process now")


def _count(pattern: re.Pattern[str], text: str, most: int) -> int:
    return sum(1 for _ in islice(pattern.finditer(text), most))


def _growth(before: Contents | None, after: Contents) -> Iterator[Flag]:
    if before is None:
        return
    for what, one, two in (
        ("unpacked", before.unpacked_size, after.unpacked_size),
        ("packed", before.size, after.size),
    ):
        if one and two > one * _GROWTH and two - one > _NOTICEABLE:
            yield Flag(Level.WARNING, "GREW", f"{what} {round(100 * (two - one) / one)} % larger than the live version")
