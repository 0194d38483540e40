"""What may be called what: package names, versions, dist-tags.

The rules for names are those of npm's validate-npm-package-name for new packages.
"""

from __future__ import annotations

import re

import semver

from vis_tasks.registry.problems import bad_request

__all__ = ["PLACEHOLDER_VERSION", "check_name", "check_tag", "check_version", "is_name", "tarball_name"]

PLACEHOLDER_VERSION = "0.0.0-stage"
MAX_NAME = 214
PART = r"[a-z0-9-][a-z0-9._-]*"
NAME = re.compile(rf"(?:@{PART}/)?{PART}", re.ASCII)
RESERVED = frozenset({"node_modules", "favicon.ico"})
TAG = re.compile(r"[A-Za-z0-9!~*'()._-]{1,128}", re.ASCII)  # what encodeURIComponent leaves alone


def is_name(name: str) -> bool:
    """Whether a new package could have this name."""
    return len(name) <= MAX_NAME and NAME.fullmatch(name) is not None and name not in RESERVED and name != "-"


def check_name(name: object) -> str:
    """The name, when it is one; 400 otherwise."""
    if not isinstance(name, str) or not is_name(name):
        raise bad_request(f"invalid package name {str(name)[:80]!r}")
    return name


def check_version(version: object) -> str:
    """The version, when it is exactly a semantic version; 400 otherwise."""
    if not isinstance(version, str) or len(version) > 256 or not semver.Version.is_valid(version):
        raise bad_request(f"invalid version {str(version)[:80]!r}")
    return version


def check_tag(tag: object) -> str:
    """The dist-tag, when it can't be mistaken for a version range; 400 otherwise."""
    import nodesemver

    if not isinstance(tag, str) or not TAG.fullmatch(tag) or nodesemver.valid_range(tag, loose=False) is not None:
        raise bad_request(f"invalid dist-tag {str(tag)[:80]!r}")
    return tag


def tarball_name(name: str, version: str) -> str:
    """The last part of a tarball's address: ``pkg-1.0.0.tgz``, without the scope."""
    return f"{name.rpartition('/')[2]}-{version}.tgz"
