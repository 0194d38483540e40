"""From beachball: ``beachball.config.js``, ``.beachballrc``, the ``beachball`` key of package.json.

Keys: its ``BeachballOptions.ts``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vis_tasks.core.globs import matches
from vis_tasks.core.migrate.mapping import ChangeFiles, Mapper

if TYPE_CHECKING:
    from collections.abc import Callable

    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.migrate.mapping import Migration, Repository

__all__ = ["CONFIG_PATHS", "convert", "migrate"]

_NAMES = tuple(f"beachball.config.{kind}" for kind in ("js", "cjs", "mjs", "ts", "cts", "mts"))
_RC = (".beachballrc", ".beachballrc.json", *(f".beachballrc.{kind}" for kind in ("js", "cjs", "mjs", "ts")))
CONFIG_PATHS = (*_NAMES, *_RC, *(f".config/{name}" for name in (*_NAMES, *_RC)))

_LEVELS = ("none", "patch", "minor", "major")
_SILENT = (
    "$schema", "authType", "canaryName", "changeFilePrompt", "changehint", "commit", "depth", "fetch", "fromRef", "gitTimeout",
    "groupChanges", "ignorePatterns", "message", "npmReadConcurrency", "path", "retries", "timeout", "disallowDeletedChangeFiles",
)  # fmt: skip


def migrate(document: Document, repository: Repository) -> Migration:
    """Map the configuration.

    Args:
        document: the repository's configuration.
        repository: where it stands; packages may have a ``beachball`` key of their own.
    """
    mapper = Mapper("beachball", document)
    data = document.value if isinstance(document.value, dict) else {}
    if not isinstance(document.value, dict):
        mapper.unreadable("the whole configuration")
    mapper.set("release.base-branch", repository.default_branch)
    mapper.set("release.tag-pattern", "{name}_v{version}")  # its lib/publish/tagPackages: name_v1.2.3
    mapper.set("release.update-internal-dependents", "patch")  # bumpDeps is on unless told otherwise
    mapper.each(data, _known(mapper, repository), silent=_SILENT)
    for package in repository.packages:
        own = package.manifest.get("beachball")
        if isinstance(own, dict) and package.path != ".":
            _package(mapper, package.name, package.manifest_path, own)
    folder = data.get("changeDir")
    folder = folder if isinstance(folder, str) else "change"
    paths = tuple(f"{folder}/{name}" for name in repository.files(folder) if name.endswith(".json"))
    return mapper.result((document.path,), changes=ChangeFiles(folder, paths))


def _known(mapper: Mapper, repository: Repository) -> dict[str, Callable[[Any, str], None]]:
    def left(why: str, do: str) -> Callable[[Any, str], None]:
        return lambda _value, key: mapper.left(key, why, do, key)

    def unless(why: str, do: str, *, fine: bool) -> Callable[[Any, str], None]:
        return lambda value, key: None if value == fine else mapper.left(key, why, do, key)

    def plain(ours: str) -> Callable[[Any, str], None]:
        return lambda value, key: mapper.set(ours, value, key)

    return {
        "access": plain("release.publish.access"),
        "branch": lambda value, key: _branch(mapper, value, key),
        "tag": plain("release.publish.tag"),
        "defaultNpmTag": lambda value, key: (
            None if mapper.get("release.publish.tag") else mapper.set("release.publish.tag", value, key)
        ),
        "registry": plain("release.publish.registry"),
        "concurrency": plain("release.publish.concurrency"),
        "changeDir": lambda _value, _key: None,
        "bumpDeps": lambda value, key: mapper.set(
            "release.update-internal-dependents", "patch" if value else "out-of-range", key
        ),
        "groups": lambda value, key: _groups(mapper, value, key, repository),
        "scope": lambda value, key: _scope(mapper, value, key, repository),
        "generateChangelog": lambda value, key: _changelog(mapper, value, key),
        "changelog": left("changelogs are written in one of four styles", "choose one with `changelog`"),
        "gitTags": unless("every live version gets its tag here", "nothing", fine=True),
        "getGitTag": left("a function can't name tags here", "look at `tag-pattern`"),
        "hooks": left("functions can't run here", "write commands below [release.hooks], or targets of your own"),
        "transform": left("change files aren't transformed", "write them as they should be"),
        "prereleasePrefix": left(
            "prereleases come from branches here", 'add [release.channels.<branch>] with prerelease = "…"'
        ),
        "identifierBase": left("prereleases are numbered from 0", "nothing"),
        "disallowedChangeTypes": left("any level may be chosen", "look at the level when you review the change file"),
        "publish": unless("publishing is what vis-tasks is for", "run `invoke version` alone", fine=True),
        "push": unless("a release is pushed", "run `invoke release` where it may push", fine=True),
        "bump": unless(
            "`publish` without bumping is `invoke pack stage wait tag`", "call the targets you want", fine=True
        ),
        "keepChangeFiles": unless("change files are used up", "git keeps them", fine=False),
        "packToPath": left("tarballs lie in .vis/release/dist", "`invoke pack` makes them alone"),
    }


def _branch(mapper: Mapper, value: Any, key: str) -> None:
    """``origin/main`` names the remote too."""
    remote, slash, branch = str(value).partition("/")
    if slash and remote in {"origin", "upstream"}:
        mapper.set("release.remote", remote, key)
    mapper.set("release.base-branch", branch if slash and remote in {"origin", "upstream"} else value, key)


def _at_paths(repository: Repository, patterns: list[str]) -> list[str]:
    return [package.name for package in repository.packages if matches(package.path, patterns)]


def _groups(mapper: Mapper, value: Any, key: str, repository: Repository) -> None:
    groups = []
    for index, group in enumerate(value if isinstance(value, list) else []):
        if not isinstance(group, dict):
            mapper.wrong(key, "a list of groups", key, index)
            continue
        include = group.get("include")
        wanted = ["**"] if include is True else mapper.strings(include, f"{key}.include", key, index, "include")
        away = mapper.strings(group.get("exclude", []), f"{key}.exclude", key, index, "exclude")
        names = _at_paths(repository, [*wanted, *(f"!{each.removeprefix('!')}" for each in away)])
        if names:
            groups.append(names)
        if group.get("disallowedChangeTypes"):
            mapper.left(
                f"{key}.disallowedChangeTypes", "any level may be chosen", "look at it in the review", key, index
            )
    if groups:
        mapper.set("release.fixed", groups, key)


def _scope(mapper: Mapper, value: Any, key: str, repository: Repository) -> None:
    patterns = mapper.strings(value, key, key) if value is not None else []
    if patterns:
        chosen = set(_at_paths(repository, patterns))
        away = [package.name for package in repository.packages if package.name not in chosen]
        if away:
            mapper.set("release.ignore", away, key)


def _changelog(mapper: Mapper, value: Any, key: str) -> None:
    if value in (False, "json"):
        mapper.set("release.changelog", "none", key)
    if value in (True, "json"):
        mapper.left(key, "CHANGELOG.json isn't written", "use CHANGELOG.md", key)


def _package(mapper: Mapper, name: str, path: str, own: dict[str, Any]) -> None:
    for key, value in own.items():
        if key in {"tag", "defaultNpmTag"} and isinstance(value, str):
            mapper.set(("release", "packages", name, "tag"), value)
        elif key == "shouldPublish" and value is False:
            mapper.set("release.ignore", [*(mapper.get("release.ignore") or ()), name])
        elif value is not None:
            mapper.left(f"beachball.{key} in {path}", "vis-tasks has no setting for it", "look at [release.packages]")


def convert(text: str) -> tuple[tuple[str, str, str], ...] | None:
    """A change file of beachball as package, level and sentence; None when a level has no counterpart here.

    Its ``ChangeInfo.ts``: one object, or ``{"changes": [...]}``, each with ``packageName``, ``type`` and ``comment``.
    """
    try:
        data = json.loads(text)
    except ValueError:
        return None
    changes = data.get("changes") if isinstance(data, dict) and "changes" in data else [data]
    found = []
    for change in changes if isinstance(changes, list) else [None]:
        if not isinstance(change, dict) or change.get("type") not in _LEVELS:
            return None
        name, comment = change.get("packageName"), change.get("comment", "")
        if not isinstance(name, str) or not isinstance(comment, str):
            return None
        found.append((name, str(change["type"]), comment))
    return tuple(found)
