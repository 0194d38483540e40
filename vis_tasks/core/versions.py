"""Semantic versions, exactly as npm reads, orders and increments them.

Source: semver.org 2.0.0, and the `semver` package inside the npm client (``classes/semver.js``) for what the standard leaves
open: a leading ``v``, the length limit, the largest number, and how a prerelease is incremented. The `semver` library (which the
embedded registry uses) reads none of the first three as npm does, and sorts five times slower (900 versions: 18 ms to 3.4 ms).
"""

from __future__ import annotations

from functools import lru_cache

from vis_tasks.core.model import Level
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

__all__ = ["Version", "bump", "compare", "highest", "is_prerelease", "is_valid", "parse"]

_MAX_LENGTH = 256
_MAX_NUMBER = 9007199254740991  # Number.MAX_SAFE_INTEGER; npm refuses anything above
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = regex(
    rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PRE}(?:\.{_PRE})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)


@dataclass(frozen=True)
class Version:
    """A parsed version. Versions are ordered by their `key`: build metadata has no order.

    Attributes:
        major: first number.
        minor: second number.
        patch: third number.
        prerelease: identifiers after the ``-``; numbers as int. Empty for a release.
        build: what stands after the ``+``, or an empty string.
    """

    major: int
    minor: int
    patch: int
    prerelease: tuple[int | str, ...] = ()
    build: str = ""

    @property
    def triple(self) -> tuple[int, int, int]:
        """Major, minor, patch."""
        return self.major, self.minor, self.patch

    @property
    def key(self) -> tuple[int, int, int, tuple[tuple[int, int | str], ...]]:
        """Sorts as semver 2.0.0 §11 orders versions."""
        return (self.major, self.minor, self.patch, prerelease_key(self.prerelease))

    def __str__(self) -> str:
        pre = "-" + ".".join(map(str, self.prerelease)) if self.prerelease else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}"


def prerelease_key(prerelease: tuple[int | str, ...]) -> tuple[tuple[int, int | str], ...]:
    """Order of prerelease identifiers: numbers, then words, then (highest) none at all; a longer list beats its prefix."""
    if not prerelease:
        return ((2, 0),)
    return tuple((0, part) if isinstance(part, int) else (1, part) for part in prerelease)


@lru_cache(maxsize=16384)
def _parse(text: str) -> Version | None:
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return None
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    if max(numbers) > _MAX_NUMBER:
        return None
    pre = match[4]
    parts = tuple(int(part) if part.isdigit() else part for part in pre.split(".")) if pre else ()
    return Version(*numbers, parts, match[5] or "")


def parse(version: str) -> Version:
    """Read a version.

    Raises:
        ValueError: npm wouldn't take it as a version.
    """
    parsed = _parse(version)
    if parsed is None:
        msg = f"{version!r} is not a semantic version"
        raise ValueError(msg)
    return parsed


def is_valid(version: str) -> bool:
    """Whether npm takes the text as a version."""
    return _parse(version) is not None


def is_prerelease(version: str) -> bool:
    """Whether the version has prerelease identifiers; false for text that is no version."""
    parsed = _parse(version)
    return parsed is not None and bool(parsed.prerelease)


def compare(left: str, right: str) -> int:
    """-1, 0 or 1, as ``left`` is older than, equal to or newer than ``right``. Build metadata doesn't count.

    Raises:
        ValueError: one of them isn't a version.
    """
    one, two = parse(left).key, parse(right).key
    return (one > two) - (one < two)


def highest(versions: list[str]) -> str:
    """The newest of some versions; the first of equals."""
    return max(versions, key=lambda version: parse(version).key)


def bump(version: str, level: Level, *, prerelease: str | None = None, counter: int | None = None) -> str:
    """The next version, as npm's ``semver.inc`` counts.

    A prerelease already stands for the release it leads to: ``2.0.0-next.3`` becomes ``2.0.0`` by a patch, minor or major.

    Args:
        version: the current version.
        level: how far to move; `Level.NONE` gives the version back.
        prerelease: identifier of a prerelease line, such as ``"next"``: the result is ``<next release>-next.<n>``.
        counter: ``n`` to use; without it, one more than now when the version is on this line for the same release, else 0.

    Raises:
        ValueError: ``version`` isn't a version.
    """
    if level is Level.NONE:
        return version
    current = parse(version)
    target = _release_after(current, level)
    if prerelease is None:
        return str(target)
    if counter is None:
        counter = _next_counter(current, target, prerelease)
    return f"{target}-{prerelease}.{counter}"


def _release_after(current: Version, level: Level) -> Version:
    major, minor, patch = current.triple
    final = not current.prerelease
    if level is Level.MAJOR:
        return Version(major + (final or bool(minor) or bool(patch)), 0, 0)
    if level is Level.MINOR:
        return Version(major, minor + (final or bool(patch)), 0)
    return Version(major, minor, patch + final)


def _next_counter(current: Version, target: Version, prerelease: str) -> int:
    line = tuple(prerelease.split("."))
    same_line = tuple(map(str, current.prerelease[:-1])) == line and current.triple == target.triple
    last = current.prerelease[-1] if current.prerelease else None
    return last + 1 if same_line and isinstance(last, int) else 0
