"""Version ranges as npm reads them.

The grammar is npm's (``range.bnf`` and ``classes/range.js`` of the `semver` package inside the npm client): spaces after
operators, ``~>``, x-ranges, hyphens, ``||``, and prereleases that only match a comparator with a prerelease of the same release.
The Python ports of it miss parts of the grammar and cost about 60 µs a check, which a workspace of thousands of packages
feels; the tests hold this one against the client's own code.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from vis_tasks.core.versions import Version, parse
from vis_tasks.patterns import regex

__all__ = ["Comparator", "is_any", "is_range", "is_registry_range", "is_spec", "parse_range", "satisfies"]

_MAX_NUMBER = 9007199254740991
_N = r"(?:0|[1-9][0-9]*)"
_X = rf"(?:{_N}|[xX*])"
_PRE = rf"(?:(?:[0-9]*[a-zA-Z-][0-9a-zA-Z-]*|{_N})(?:\.(?:[0-9]*[a-zA-Z-][0-9a-zA-Z-]*|{_N}))*)"
_PARTIAL = rf"({_X})(?:\.({_X})(?:\.({_X})(?:-({_PRE}))?)?)?"
_BUILD = regex(r"\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*")
_SIMPLE = regex(rf"(~>?|\^|[<>]?=?)(?P<prefix>[v=]*){_PARTIAL}")
_STAR = regex(r"[<>]?=? ?\*")
# What JavaScript's \s is.
_SPACES = regex("[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+")


Comparator = tuple[str, Version]
"""One bound: an operator (``<``, ``<=``, ``>``, ``>=`` or ``=``) and a version."""

_NOTHING: tuple[Comparator, ...] = (("<", Version(0, 0, 0, (0,))),)
_LOWEST = (0,)


class _InvalidError(ValueError):
    pass


def _is_x(part: str | None) -> bool:
    return part is None or part in {"x", "X", "*"}


def _number(part: str | None) -> int:
    value = 0 if part is None or _is_x(part) else int(part)
    if value > _MAX_NUMBER:
        raise _InvalidError
    return value


def _prerelease(text: str | None) -> tuple[int | str, ...]:
    if not text:
        return ()
    return tuple(int(part) if part.isdigit() else part for part in text.split("."))


def _at_least(version: Version) -> Comparator:
    return (">=", version)


def _below(major: int, minor: int = 0, patch: int = 0) -> Comparator:
    if max(major, minor, patch) > _MAX_NUMBER:
        raise _InvalidError
    return ("<", Version(major, minor, patch, _LOWEST))


def _tilde(parts: tuple[str | None, ...], *, pre: bool) -> tuple[Comparator, ...]:
    major, minor, patch, tail = parts
    if _is_x(major):
        return ()
    low = (_number(major), _number(minor), 0 if _is_x(minor) else _number(patch))
    partial = _is_x(minor) or _is_x(patch)
    first = Version(*low, _LOWEST if partial and pre else () if partial else _prerelease(tail))
    return (_at_least(first), _below(low[0] + 1) if _is_x(minor) else _below(low[0], low[1] + 1))


def _caret(parts: tuple[str | None, ...], *, pre: bool) -> tuple[Comparator, ...]:
    major, minor, patch, tail = parts
    if _is_x(major):
        return ()
    one, two, three = _number(major), 0 if _is_x(minor) else _number(minor), 0
    if _is_x(minor):
        return (_at_least(Version(one, 0, 0, _LOWEST if pre else ())), _below(one + 1))
    if _is_x(patch):
        first = Version(one, two, 0, _LOWEST if pre else ())
        return (_at_least(first), _below(one, two + 1) if major == "0" else _below(one + 1))
    three = _number(patch)
    if major != "0":
        end = _below(one + 1)
    elif minor != "0":
        end = _below(one, two + 1)
    else:
        end = _below(one, two, three + 1)
    return (_at_least(Version(one, two, three, _prerelease(tail))), end)


def _x_range(op: str, parts: tuple[str | None, ...], *, pre: bool) -> tuple[Comparator, ...]:
    major, minor, patch, tail = parts
    if (_is_x(major) and not _is_x(minor)) or (_is_x(minor) and patch is not None and not _is_x(patch)):
        raise _InvalidError
    if _is_x(major):
        return _NOTHING if op in {"<", ">"} else ()
    one, two = _number(major), _number(minor)
    if not (_is_x(minor) or _is_x(patch)):
        return ((op or "=", Version(one, two, _number(patch), _prerelease(tail))),)
    floor = _LOWEST if pre else ()
    above = (one + 1, 0) if _is_x(minor) else (one, two + 1)
    if op in {"", "="}:
        return (_at_least(Version(one, two, 0, floor)), _below(*above))
    if op == ">":
        if max(above) > _MAX_NUMBER:
            raise _InvalidError
        return (_at_least(Version(*above, 0, floor)),)
    if op == "<=":
        return (_below(*above),)
    if op == "<":
        return (_below(one, two),)
    return (_at_least(Version(one, two, 0, floor)),)


def _hyphen(low: tuple[str | None, ...], high: tuple[str | None, ...], *, pre: bool) -> tuple[Comparator, ...]:
    bounds: list[Comparator] = []
    if not _is_x(low[0]):
        partial = _is_x(low[1]) or _is_x(low[2])
        tail = _LOWEST if pre and (partial or not low[3]) else () if partial else _prerelease(low[3])
        bounds.append(_at_least(Version(_number(low[0]), _number(low[1]), 0 if partial else _number(low[2]), tail)))
    if not _is_x(high[0]):
        one, two = _number(high[0]), _number(high[1])
        if _is_x(high[1]):
            bounds.append(_below(one + 1))
        elif _is_x(high[2]):
            bounds.append(_below(one, two + 1))
        elif pre and not high[3]:
            bounds.append(_below(one, two, _number(high[2]) + 1))
        else:
            bounds.append(("<=", Version(one, two, _number(high[2]), _prerelease(high[3]))))
    return tuple(bounds)


def _equals_full(prefix: str, parts: list[str | None]) -> bool:
    """An extra ``=`` or ``v`` is taken before a partial version only: ``==1.2`` is a range, ``==1.2.3`` isn't."""
    return prefix not in {"", "v"} and not any(_is_x(part) for part in parts[:3])


def _simple(token: str, *, pre: bool) -> tuple[Comparator, ...]:
    match = _SIMPLE.fullmatch(token)
    if match is None:
        return _with_stars(token)
    op, prefix, *parts = match.groups()
    if op.startswith("~"):
        return _tilde(tuple(parts), pre=pre)
    if op == "^":
        return _caret(tuple(parts), pre=pre)
    if _equals_full(prefix, parts):
        raise _InvalidError
    return _x_range(op, tuple(parts), pre=pre)


def _with_stars(token: str) -> tuple[Comparator, ...]:
    """What the client makes of a token that is no partial version: it takes one star away, and a full version may be left."""
    rest = _STAR.sub("", token, count=1)
    if not rest:
        return ()
    match = _SIMPLE.fullmatch(rest)
    if match is None or rest == token:
        raise _InvalidError
    op, prefix, *parts = match.groups()
    if op[:1] in {"~", "^"} or any(_is_x(part) for part in parts[:3]) or _equals_full(prefix, parts):
        raise _InvalidError
    return _x_range(op, tuple(parts), pre=False)


@cache
def _for_spaces() -> tuple[re.Pattern[str], tuple[tuple[re.Pattern[str], str], ...]]:
    """What reads a hyphen range, and what takes spaces away; compiled at the first range that has any, for few do.

    An operator keeps hold of the version after it, over spaces: "> 1.2" and "~ 1.2" are one comparator. These are the client's
    COMPARATORTRIM, TILDETRIM and CARETTRIM, one after the other, because "~ >= 1.2" becomes "~>=1.2" by the first two.
    """
    word = "(?:[0-9]*[a-zA-Z-][0-9a-zA-Z-]*|[0-9]+)"
    full = rf"[v= ]*[0-9]+\.[0-9]+\.[0-9]+(?:-?{word}(?:\.{word})*)?"
    return re.compile(rf" ?([v= ]*){_PARTIAL} - ([v= ]*){_PARTIAL} ?"), (
        (re.compile(rf"( ?)([<>]?=?) ?({full}|[v= ]*{_PARTIAL})"), r"\1\2\3"),
        (re.compile(r"~>? "), "~"),
        (re.compile(r"\^ "), "^"),
    )


def _all_of(text: str, *, pre: bool) -> tuple[Comparator, ...]:
    text = _BUILD.sub("", text.strip(" "))
    hyphens, trims = _for_spaces() if " " in text else (None, ())
    hyphen = hyphens.fullmatch(text) if hyphens else None
    if hyphen is not None:
        before, *low = hyphen.groups()[:5]
        between, *high = hyphen.groups()[5:]
        if _equals_full(before, low) or (_equals_full(between, high) and not high[3] and not pre):
            raise _InvalidError
        bounds = list(_hyphen(tuple(low), tuple(high), pre=pre))
    else:
        bounds = []
        for trim, kept in trims:
            text = trim.sub(kept, text)
        for token in text.split(" ") if text else ():
            bounds.extend(_simple(token, pre=pre))
    any_version = Version(0, 0, 0, _LOWEST if pre else ())
    left = [bound for bound in bounds if bound != (">=", any_version)]
    return _NOTHING if _NOTHING[0] in left else tuple(dict.fromkeys(left))


@lru_cache(maxsize=16384)
def _parse(range_: str, include_prerelease: bool = False) -> tuple[tuple[Comparator, ...], ...] | None:
    text = _SPACES.sub(" ", range_).strip(" ")
    try:
        sets = tuple(_all_of(part, pre=include_prerelease) for part in text.split("||"))
    except _InvalidError:
        return None
    return ((),) if () in sets else sets


def parse_range(range_: str, *, include_prerelease: bool = False) -> tuple[tuple[Comparator, ...], ...]:
    """A range as a union (outer) of bounds that must all hold (inner); an empty inner tuple is any version.

    Args:
        range_: such as ``"^1.2.0 || >=3 <4"``.
        include_prerelease: read partial versions as starting at their first prerelease.

    Raises:
        ValueError: npm wouldn't take it as a range.
    """
    parsed = _parse(range_, include_prerelease)
    if parsed is None:
        msg = f"{range_!r} is not a version range"
        raise ValueError(msg)
    return parsed


def is_range(range_: str) -> bool:
    """Whether npm reads the text as a version range (a dist-tag such as ``latest`` isn't one)."""
    return _parse(range_) is not None


def is_any(range_: str) -> bool:
    """Whether the range takes every release, as ``*``, ``x``, ``>=0.0.0`` and the empty string do."""
    return _parse(range_) == ((),)


def satisfies(version: str, range_: str, *, include_prerelease: bool = False) -> bool:
    """Whether npm would install ``version`` for ``range_``. False when either can't be read.

    Args:
        version: an exact version.
        range_: a version range; protocols such as ``workspace:`` must be gone.
        include_prerelease: let prereleases match like releases.
    """
    return _satisfies(version, range_, include_prerelease)


@lru_cache(maxsize=65536)
def _satisfies(version: str, range_: str, include_prerelease: bool) -> bool:
    sets = _parse(range_, include_prerelease)
    if sets is None:
        return False
    try:
        found = parse(version)
    except ValueError:
        return False
    return any(_in_set(found, bounds, include_prerelease=include_prerelease) for bounds in sets)


def _in_set(version: Version, bounds: tuple[Comparator, ...], *, include_prerelease: bool) -> bool:
    key = version.key
    for op, bound in bounds:
        other = bound.key
        if op == "=":
            good = key == other
        elif op == ">=":
            good = key >= other
        elif op == "<":
            good = key < other
        elif op == "<=":
            good = key <= other
        else:
            good = key > other
        if not good:
            return False
    if not version.prerelease or include_prerelease:
        return True
    return any(bound.prerelease and bound.triple == version.triple for _, bound in bounds)


def is_registry_range(spec: str) -> bool:
    """Whether a dependency's spec is a plain version range, to be resolved by the registry.

    ``workspace:``, ``catalog:``, ``npm:`` aliases, ``file:``/``link:``, git and URL specs, and dist-tags are not.
    """
    return is_range(spec)


# What encodeURIComponent leaves alone: npm takes any other text for a dist-tag (npm-package-arg, fromRegistry).
_TAG = regex(r"[A-Za-z0-9_.!~*'()-]+")


def is_spec(spec: str) -> bool:
    """Whether npm could read a dependency's spec at all: range, dist-tag, protocol, URL, path or repository shorthand."""
    return is_range(spec) or ":" in spec or "/" in spec or _TAG.fullmatch(spec) is not None
