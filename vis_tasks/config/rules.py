"""Named checks of single values, and how each tells people what it wants.

A rule sees one string (of a list: each). Values are never shown by a rule: an address may hold a password.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True)
class Rule:
    """One check.

    Attributes:
        allowed: what the value must be, to end the sentence "must be …".
        test: whether a value is fine.
        pattern: the part of the check that a regular expression can say, for the JSON schema.
    """

    allowed: str
    test: Callable[[str], bool]
    pattern: str = "."


def _by_pattern(allowed: str, pattern: str) -> Rule:
    compiled = regex(pattern)
    return Rule(allowed, lambda value: compiled.fullmatch(value) is not None, f"^(?:{pattern})$")


def _url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # a port that is no number raises here
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and not parts.query


def _ref(value: str) -> bool:
    """Whether git takes it as a ref name (`git check-ref-format`, rules 1 and 3 to 10; a lone name is fine)."""
    forbidden = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|[/.]$|^[-./]", value)
    return bool(value) and value != "@" and forbidden is None


def _tag_pattern(value: str) -> bool:
    if "{version}" not in value:
        return False
    filled = value.replace("{version}", "1.0.0").replace("{name}", "@scope/name")
    return "{" not in filled and "}" not in filled and _ref(filled)


def _dist_tag(value: str) -> bool:
    """Whether npm takes it: no semver range (npm's `lib/commands/dist-tag.js` refuses those), nothing to be escaped in a URL."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9._~-]*", value) is None:
        return False
    from vis_tasks.core.ranges import is_range

    return not is_range(value)


def _inside(value: str) -> bool:
    parts = value.split("/")
    plain = value.isprintable() and "\\" not in value and ":" not in value and value[:1] != "/"
    return bool(value) and plain and ".." not in parts and ".git" not in [part.lower() for part in parts]


def _at_least(*lowest: int) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        if re.fullmatch(r"\d+(\.\d+){0,2}", value, re.ASCII) is None:
            return False
        numbers = tuple(int(part) for part in value.split("."))
        return numbers >= lowest[: len(numbers)]

    return test


def _cron() -> str:
    """Five fields, as POSIX and GitHub (`on.schedule`) have them."""

    def field(number: str, *names: str) -> str:
        spelled = [each for name in names for each in (name, name.upper(), name.capitalize())]
        value = f"(?:{'|'.join([number, *spelled])})"
        part = rf"(?:\*|{value}(?:-{value})?)(?:/[1-9][0-9]*)?"
        return f"{part}(?:,{part})*"

    months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    days = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
    return " ".join(
        (
            field("[0-5]?[0-9]"),
            field("[01]?[0-9]|2[0-3]"),
            field("0?[1-9]|[12][0-9]|3[01]"),
            field("0?[1-9]|1[0-2]", *months),
            field("[0-6]", *days),
        )
    )


def _with_placeholders(*known: str) -> Rule:
    """Text with none but these in braces: a slip of the pen would stand in every release."""
    listed = ", ".join(f"{{{name}}}" for name in known)
    pattern = rf"(?![\s\S]*\{{(?!(?:{'|'.join(known)})\}})[A-Za-z_]*\}})[\s\S]*\S[\s\S]*"
    return _by_pattern(f"text with no other placeholders than {listed}", pattern)


def _npm(value: str) -> bool:
    return value.count(".") == 2 and _at_least(11, 15, 0)(value)


RULES: Mapping[str, Rule] = {
    "text": Rule("text that isn't empty", lambda value: bool(value.strip()), r"\S"),
    "url": Rule(
        "an http:// or https:// address without credentials or a query; credentials belong in npm's or the CI's "
        "configuration",
        _url,
        "^https?://[^@?]+$",
    ),
    "dist-tag": Rule('a dist-tag such as "latest" or "next": not a version range, no spaces', _dist_tag),
    "prerelease": _by_pattern('an identifier of letters, digits and dashes such as "next"', "(?![0-9]+$)[0-9A-Za-z-]+"),
    "inside": Rule('a relative path with "/" that stays inside the workspace', _inside, r"^[^/\\:][^\\:]*$"),
    "variable": _by_pattern(
        "the name of an environment variable, not the address itself (an address there is a secret)",
        "[A-Za-z_][A-Za-z0-9_]*",
    ),
    "branch": Rule("a name git accepts", _ref),
    "ci-name": _by_pattern(
        "a name of letters, digits, spaces, and -_./: inside", "[A-Za-z0-9](?:[A-Za-z0-9 _./:-]*[A-Za-z0-9])?"
    ),
    "ci-environment": _by_pattern(
        "a name of letters, digits, spaces, and -_./ inside; or empty for none",
        "(?:[A-Za-z0-9](?:[A-Za-z0-9 _./-]*[A-Za-z0-9])?)?",
    ),
    "image": _by_pattern("an image name, with a tag or a digest", "[A-Za-z0-9][A-Za-z0-9_./:@-]*"),
    "cron": _by_pattern(
        'five fields of cron such as "*/15 * * * *": minute 0-59, hour 0-23, day 1-31, month 1-12 or JAN-DEC, weekday 0-6 or '
        "SUN-SAT",
        _cron(),
    ),
    "release-title": _with_placeholders("tag", "name", "version", "date", "count"),
    "review-page": _with_placeholders("name", "version", "id"),
    "tag-pattern": Rule(
        'text with {version} in it, optionally {name}, that makes a tag git accepts, such as "{name}@{version}"',
        _tag_pattern,
        r"\{version\}",
    ),
    "node-version": Rule(
        'a Node version, 22.14 or newer, such as "24" or "24.11.0"', _at_least(22, 14), r"^\d+(\.\d+){0,2}$"
    ),
    "npm-version": Rule(
        'an exact npm version, 11.15.0 or newer (staged publishing begins there), such as "11.19.1"',
        _npm,
        r"^\d+\.\d+\.\d+$",
    ),
}
"""Every rule by the name that ``metadata["rule"]`` uses."""
