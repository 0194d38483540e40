"""From bumpy: ``.bumpy/_config.json``, and the ``bumpy`` key of package.json files.

Keys and defaults: its ``docs/configuration.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.globs import matches
from vis_tasks.core.migrate.mapping import ChangeFiles, Mapper

if TYPE_CHECKING:
    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.migrate.mapping import Migration, Repository

__all__ = ["CONFIG_PATH", "FOLDER", "migrate"]

FOLDER = ".bumpy"
CONFIG_PATH = ".bumpy/_config.json"
_SILENT = ("$schema", "changedFilePatterns", "ignoredPackageJsonFields", "allowCustomCommands", "snapshot")
_CHANGELOGS = {"default": "default", "github": "links"}
_COMMANDS = ("publishCommand", "buildCommand", "checkPublished")


def migrate(document: Document, repository: Repository) -> Migration:
    """Map the configuration."""
    mapper = Mapper("bumpy", document)
    data = document.value if isinstance(document.value, dict) else {}
    mapper.set("release.base-branch", "main")
    mapper.each(
        data,
        {
            "baseBranch": lambda value, key: mapper.set("release.base-branch", value, key),
            "access": lambda value, key: mapper.set("release.publish.access", value, key),
            "changelog": lambda value, key: mapper.changelog(value, key, _CHANGELOGS),
            "fixed": lambda value, key: _groups(mapper, value, key),
            "linked": lambda value, key: _groups(mapper, value, key),
            "ignore": lambda value, key: _ignore(mapper, value, key),
            "include": lambda value, key: _include(mapper, value, key),
            "privatePackages": lambda value, key: _private(mapper, value, key),
            "updateInternalDependencies": lambda value, key: mapper.set(
                "release.update-internal-dependents", value, key
            ),
            "dependencyBumpRules": lambda _value, key: _left_rules(mapper, key),
            "publish": lambda value, key: _publish(mapper, value, key),
            "channels": lambda value, key: _channels(mapper, value, key),
            "packages": lambda value, key: _packages(mapper, value, key, repository),
            "versionPr": lambda _value, key: mapper.left(
                key, "versions are made on the branch, not in a pull request", "`invoke version` does both halves", key
            ),
            "versionCommitMessage": lambda _value, key: mapper.left(
                key, "the commit's words are fixed", "nothing", key
            ),
            "gitUser": lambda _value, key: mapper.left(
                key, "git's own settings say who commits", "git config user.name and user.email on the runner", key
            ),
        },
        silent=_SILENT,
    )
    for package in repository.packages:
        own = package.manifest.get("bumpy")
        if isinstance(own, dict):
            _package(mapper, package.name, own, f"bumpy in {package.manifest_path}", ())
    paths = tuple(
        f"{FOLDER}/{name}" for name in repository.files(FOLDER) if name.endswith(".md") and name.lower() != "readme.md"
    )
    return mapper.result((document.path,), changes=ChangeFiles(FOLDER, paths))


def _groups(mapper: Mapper, value: Any, key: str) -> None:
    if groups := mapper.groups(value, key, key):
        mapper.set(f"release.{key}", groups, key)


def _ignore(mapper: Mapper, value: Any, key: str) -> None:
    if names := mapper.strings(value, key, key):
        mapper.set("release.ignore", [*names, *(mapper.get("release.ignore") or ())], key)


def _include(mapper: Mapper, value: Any, key: str) -> None:
    """There it wins over ``ignore``; here a ``!`` takes away from it."""
    if names := mapper.strings(value, key, key):
        if mapper.get("release.ignore") or "ignore" in mapper.document.value:
            mapper.set("release.ignore", [*(mapper.get("release.ignore") or ()), *(f"!{name}" for name in names)], key)
        mapper.left(
            key,
            "it also brings private packages in, one by one",
            "set private-packages and ignore the others, if some of these are private",
            key,
        )


def _private(mapper: Mapper, value: Any, key: str) -> None:
    if not isinstance(value, dict):
        mapper.wrong(key, "an object", key)
        return
    if value.get("version") is True:
        mapper.on("release.private-packages", key, "version")
    if value.get("tag") is True:
        mapper.left(f"{key}.tag", "private packages get no tags here", "make the tag in a target of your own", key)


def _left_rules(mapper: Mapper, key: str) -> None:
    mapper.left(
        key,
        "a dependent gets a patch, and of a peer out of range the peer's own level",
        "name dependents in the change file where you want more (`cascade`)",
        key,
    )


def _publish(mapper: Mapper, value: Any, key: str) -> None:
    if not isinstance(value, dict):
        mapper.wrong(key, "an object", key)
        return
    mapper.each(
        value,
        {
            "npmStaged": lambda each, inner: mapper.set("release.publish.stage", each, key, inner),
            "provenance": lambda each, inner: (
                mapper.set("release.publish.provenance", each, key, inner) if each is True else None
            ),
            "publishArgs": lambda _each, inner: mapper.left(
                f"{key}.{inner}", "arguments aren't passed on", "npm reads the same settings from .npmrc", key, inner
            ),
            "publishManager": lambda each, inner: (
                None
                if each == "npm"
                else mapper.left(f"{key}.{inner}", "npm or vis-tasks itself uploads", "look at `client`", key, inner)
            ),
        },
        silent=("packManager", "protocolResolution"),  # the workspace's own manager packs, and resolves both protocols
        at=(key,),
        prefix=f"{key}.",
    )


def _channels(mapper: Mapper, value: Any, key: str) -> None:
    if not isinstance(value, dict):
        mapper.wrong(key, "an object", key)
        return
    for name, channel in value.items():
        branch = channel.get("branch") if isinstance(channel, dict) else None
        if not isinstance(branch, str):
            mapper.wrong(f"{key}.{name}", "an object with a branch", key, name)
            continue
        for ours, theirs in (("tag", "tag"), ("prerelease", "preid")):
            mapper.set(("release", "channels", branch, ours), channel.get(theirs, name), key, name, theirs)


def _packages(mapper: Mapper, value: Any, key: str, repository: Repository) -> None:
    if not isinstance(value, dict):
        mapper.wrong(key, "an object", key)
        return
    for pattern, own in value.items():
        if not isinstance(own, dict):
            mapper.wrong(f"{key}.{pattern}", "an object", key, pattern)
            continue
        for package in repository.packages:
            if package.name == pattern or matches(package.name, (pattern,)):
                _package(mapper, package.name, own, f"{key}.{pattern}", (key, pattern))


def _package(mapper: Mapper, name: str, own: dict[str, Any], label: str, at: tuple[str, ...]) -> None:
    for key, value in own.items():
        if key in {"access", "registry"}:
            mapper.set(("release", "packages", name, key), value, *at, key)
        elif key == "managed" and value is False:
            mapper.set("release.ignore", [*(mapper.get("release.ignore") or ()), name], *at, key)
        elif key in _COMMANDS:
            why = "packages are packed and uploaded the same way"
            mapper.left(f"{label}.{key}", why, "write a target of your own: [release.targets.<name>]", *at, key)
        elif key == "skipNpmPublish" and value is True:
            mapper.set("release.ignore", [*(mapper.get("release.ignore") or ()), name], *at, key)
            mapper.left(
                f"{label}.{key}", "what isn't published gets no tag here", "tag it in a target of your own", *at
            )
        elif key not in {"managed", "skipNpmPublish", "changedFilePatterns"}:
            do = "name dependents in the change file (`cascade`)"
            mapper.left(f"{label}.{key}", "vis-tasks has no setting for it", do, *at, key)
