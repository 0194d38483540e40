"""Moving a dependency's range to a new version while keeping the way it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.ranges import is_any, is_range, satisfies
from vis_tasks.core.versions import is_prerelease, parse
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    import re

__all__ = ["rewrite"]

_OPERATOR = regex(r"\s*(\^|~>?|>=|<=|>|<|=)?\s*")
_WILD = regex(r"v?([0-9]+)(?:\.([0-9xX*]+))?(?:\.([xX*]))?")
_TWO_SIDED = regex(r">=\s*\S+\s+<\s*(\S+)")


def rewrite(spec: str, version: str, *, keep_style: bool) -> str | None:
    """The spec that takes ``version``, or None when the spec is none of our business or already says so.

    Args:
        spec: as written: a range, or one behind ``workspace:``. ``workspace:*``, ``workspace:^`` and ``workspace:~`` follow
            the version by themselves; aliases, catalogs, files, git, URLs and dist-tags are left alone.
        version: the new version.
        keep_style: also keep x-ranges, ``||`` and two-sided ranges; without it only a leading operator, as changesets does.
    """
    inner = spec.removeprefix("workspace:")
    if inner in {"*", "^", "~"} and inner != spec:
        return None
    if not is_range(inner):
        return None
    if is_any(inner) and not is_prerelease(version):
        return None
    moved = _styled(inner, version) if keep_style else _operator(inner, changesets=True) + version
    result = spec[: len(spec) - len(inner)] + moved
    return None if result == spec else result


def _operator(text: str, *, changesets: bool) -> str:
    if changesets:
        return next((each for each in ("^", "~", ">=", "<=", ">") if text.startswith(each)), "")
    match = _OPERATOR.match(text)
    return (match[1] or "") if match else ""


def _styled(text: str, version: str) -> str:
    if "||" in text:
        before, bar, last = text.rpartition("||")
        gap = last[: len(last) - len(last.lstrip())]
        if satisfies(version, text):
            return text
        return f"{before}{bar}{last.rstrip()}{gap}||{gap}{_styled(last.strip(), version)}"
    new = parse(version)
    wild = _WILD.fullmatch(text.strip())
    if wild is not None and not new.prerelease:
        candidate = _wildcard(wild, new.major, new.minor)
        if candidate is not None and satisfies(version, candidate):
            return candidate
    two = _TWO_SIDED.fullmatch(text.strip())
    if two is not None:
        end = f"{new.major}.{new.minor + 1}.0" if new.major == 0 else f"{new.major + 1}.0.0"
        return f">={version} <{end}"
    operator = _operator(text, changesets=False)
    if " " in text.strip()[len(operator) :].strip() or operator in {"<", "<="}:
        return f"^{version}"
    if operator == ">":
        operator = ">="
    return f"{operator}{version}"


def _wildcard(match: re.Match[str], major: int, minor: int) -> str | None:
    second, third = match[2], match[3]
    if second is None:
        return f"{major}"
    if not second.isdigit():
        return f"{major}.{second}" + (f".{third}" if third else "")
    if third is not None:
        return f"{major}.{minor}.{third}"
    return f"{major}.{minor}"
