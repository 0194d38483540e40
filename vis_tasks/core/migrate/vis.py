"""From vis (`@visulima/vis`): the ``release`` block of ``vis.config.ts``.

Keys and defaults: its ``vis-release-config.schema.json``.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.mapping import Mapper
from vis_tasks.core.shell import as_command
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.migrate.mapping import Migration, Repository

__all__ = ["CONFIG_PATHS", "migrate"]

CONFIG_PATHS = tuple(f"vis.config.{kind}" for kind in ("ts", "mts", "cts", "js", "mjs", "cjs", "json"))

_SILENT = (
    "$schema", "acknowledgeUnstable", "changedFilePatterns", "allowCustomCommands", "include", "defaultManaged", "snapshot",
    "httpProxy", "formatChangedFiles", "currentVersionResolver",
)  # fmt: skip
_HOOKS = {
    "preVersionCommand": "before-version",
    "postVersionCommand": "after-version",
    "prePublishCommand": "before-pack",
    "postPublishCommand": "after-tag",
}
_CHANGELOGS = {"default": "default", "github": "links", "keep-a-changelog": "keep-a-changelog"}
_VARIABLE = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


def migrate(document: Document, repository: Repository, duration: Callable[[timedelta], str]) -> Migration:
    """Map the configuration.

    Args:
        document: the ``release`` block.
        repository: where it stands; packages may have a ``vis-release`` key of their own.
        duration: writes a duration as TOML holds it.
    """
    mapper = Mapper("vis", document)
    data = document.value if isinstance(document.value, dict) else {}
    if not isinstance(document.value, dict):
        mapper.unreadable("the whole release block")
    mapper.set("release.base-branch", "main")
    mapper.each(data, _known(mapper, duration), silent=_SILENT)
    _managed(mapper, data, repository)
    return mapper.result((document.path,))


def _known(mapper: Mapper, duration: Callable[[timedelta], str]) -> dict[str, Callable[[Any, str], None]]:
    def plain(ours: str) -> Callable[[Any, str], None]:
        return lambda value, key: mapper.set(ours, value, key)

    def left(why: str, do: str) -> Callable[[Any, str], None]:
        return lambda value, key: None if value is False else mapper.left(key, why, do, key)

    def hook(value: Any, key: str) -> None:
        if value:
            mapper.set(f"release.hooks.{_HOOKS[key]}", as_command(value) if isinstance(value, str) else value, key)

    signing = left("git's own settings sign", "git config commit.gpgsign true, tag.gpgsign true and user.signingkey")
    return {
        "baseBranch": plain("release.base-branch"),
        "access": plain("release.publish.access"),
        "changesDir": plain("release.changes-dir"),
        "changelog": lambda value, key: mapper.changelog(value, key, _CHANGELOGS),
        "workspaceChangelog": lambda value, key: _workspace_changelog(mapper, value, key),
        "fixed": lambda value, key: _groups(mapper, value, key),
        "linked": lambda value, key: _groups(mapper, value, key),
        "ignore": lambda value, key: mapper.set("release.ignore", mapper.strings(value, key, key), key),
        "privatePackages": lambda value, key: _private(mapper, value, key),
        "bumpMinorPreMajor": plain("release.major-before-1-is-minor"),
        "bumpPatchForMinorPreMajor": plain("release.minor-before-1-is-patch"),
        "updateInternalDependencies": plain("release.update-internal-dependents"),
        "releaseTagPattern": lambda value, key: _tag_pattern(mapper, value, key),
        "channels": lambda value, key: _channels(mapper, value, key),
        "provider": plain("release.forge.provider"),
        "githubHost": lambda value, key: _host(mapper, "github", value, key),
        "gitlabHost": lambda value, key: _host(mapper, "gitlab", value, key),
        "publish": lambda value, key: _publish(mapper, value, key, duration),
        "packages": lambda value, key: _packages(mapper, value, key),
        "notifications": lambda value, key: _notifications(mapper, value, key),
        **dict.fromkeys(_HOOKS, hook),
        "groupPreVersionCommands": left("hooks run once for a release", "look at [release.hooks]"),
        "dependencyBumpRules": left(
            "a dependent gets a patch, and of a peer out of range the peer's own level",
            "name dependents in the change file where you want more (`cascade`)",
        ),
        "bumpDevDependencies": left("dev dependencies release nobody", "name the package in the change file"),
        "detectCatalogChanges": left("a catalog's change releases nobody", "name the package in the change file"),
        "gitSignCommits": signing,
        "signing": signing,
        "gitUser": left("git's own settings say who commits", "git config user.name and user.email on the runner"),
        "versionPr": left("versions are made on the branch, not in a pull request", "nothing"),
        "aggregateRelease": left("every version has a release of its own", "the workspace changelog tells of the wave"),
        "aggregateReleaseTagPattern": left("every version has a tag of its own", "nothing"),
        "floatingMajorTag": left("tags never move here", "move it in a target of your own after `tag`"),
        "oneCommitPerPackage": left("a wave has one version commit", "nothing"),
        "successWalk": left("issues aren't commented on", "[release.notify] tells people"),
        "releaseNoteTemplate": left("a release carries the changelog entry", "nothing"),
        "plugins": left("plugins don't run here", "write targets of your own"),
    }


def _workspace_changelog(mapper: Mapper, value: Any, key: str) -> None:
    if value is False:
        mapper.off("release.workspace-changelog", key)
    elif isinstance(value, dict) and value.get("file", "CHANGELOG.md") != "CHANGELOG.md":
        mapper.left(f"{key}.file", "it is called CHANGELOG.md", "rename the file", key)


def _groups(mapper: Mapper, value: Any, key: str) -> None:
    if names := mapper.groups(value, key, key):
        mapper.set(f"release.{key}", names, key)
    groups = value if isinstance(value, list) else ()
    if any(isinstance(group, dict) and group.get("changelog") for group in groups):
        mapper.left(f"{key}.changelog", "every package has a changelog of its own", "nothing", key)


def _private(mapper: Mapper, value: Any, key: str) -> None:
    if isinstance(value, dict) and value.get("version") is True:
        mapper.on("release.private-packages", key, "version")
    if isinstance(value, dict) and value.get("tag") is True:
        mapper.left(f"{key}.tag", "private packages get no tags here", "make the tag in a target of your own", key)


def _tag_pattern(mapper: Mapper, value: Any, key: str) -> None:
    if isinstance(value, str) and not set(re.findall(r"\{(\w+)\}", value)) - {"name", "version"}:
        mapper.set("release.tag-pattern", value, key)
    else:
        mapper.left(key, "tags are made of {name} and {version}", "look at `tag-pattern`", key)


def _channels(mapper: Mapper, value: Any, key: str) -> None:
    base = str(mapper.document.value.get("baseBranch", "main"))
    for branch, channel in value.items() if isinstance(value, dict) else ():
        own = channel if isinstance(channel, dict) else {}
        if set(branch) & set("*?[{+("):
            why = "a channel is one branch here, not a pattern"
            mapper.left(f"{key}.{branch}", why, "add [release.channels.<branch>] for each", key, branch)
            continue
        tag = branch if own.get("tag") == "branch-name" else own.get("tag")
        if branch != base or tag not in {None, "latest"} or own.get("prerelease"):
            mapper.set(("release", "channels", branch, "tag"), tag or "latest", key, branch)
        if own.get("prerelease"):
            mapper.set(("release", "channels", branch, "prerelease"), own["prerelease"], key, branch)
        if own.get("range"):
            why = "maintenance branches have no range here"
            mapper.left(f"{key}.{branch}.range", why, "keep major changes off that branch", key, branch)
        if own.get("mode") == "version-pr":
            why = "versions are made on the branch, not in a pull request"
            mapper.left(f"{key}.{branch}.mode", why, "nothing", key, branch)


def _host(mapper: Mapper, provider: str, value: Any, key: str) -> None:
    path = {"github": "/api/v3", "gitlab": "/api/v4"}[provider]
    mapper.set("release.forge.provider", provider, key)
    mapper.set("release.forge.url", f"https://{value}{path}", key)


def _publish(mapper: Mapper, value: Any, key: str, duration: Callable[[timedelta], str]) -> None:
    if not isinstance(value, dict):
        mapper.wrong(key, "an object", key)
        return

    def left(why: str, do: str) -> Callable[[Any, str], None]:
        return lambda each, inner: None if each is False else mapper.left(f"{key}.{inner}", why, do, key, inner)

    mapper.each(
        value,
        {
            "registry": lambda each, inner: mapper.set("release.publish.registry", each, key, inner),
            "stage": lambda each, inner: _stage(mapper, each, (key, inner), duration),
            "draftRelease": lambda each, inner: mapper.set("release.forge.draft", each, key, inner),
            "noRelease": lambda each, inner: mapper.set("release.forge.provider", "none", key, inner) if each else None,
            "publishArgs": lambda each, inner: _arguments(mapper, each, key, inner),
            "cleanPackageJson": left("package.json is published as it is", "clean it in `prepack`"),
            "extraFiles": left("only package.json and the lock file are written", "write them in hooks.after-version"),
            "discussionCategory": left("a release carries the changelog entry", "nothing"),
            "releaseAssets": left("a release carries the changelog entry", "write a target of your own"),
            "addReleases": left("a release carries the changelog entry", "nothing"),
        },
        # What its guards look for is always looked for here; packing and protocols are the package manager's.
        silent=(
            "packManager", "protocolResolution", "catalogResolution", "publishStrategy", "guards", "lockInGit",
            "preferStaticToken",
        ),
        at=(key,),
        prefix=f"{key}.",
    )  # fmt: skip


def _stage(mapper: Mapper, value: Any, keys: tuple[str, str], duration: Callable[[timedelta], str]) -> None:
    if isinstance(value, bool):
        mapper.set("release.publish.stage", value, *keys)
        return
    for theirs, ours in (("timeoutMs", "timeout"), ("pollIntervalMs", "poll-interval")):
        number = value.get(theirs) if isinstance(value, dict) else None
        if isinstance(number, int | float) and not isinstance(number, bool) and number > 0:
            text = duration(timedelta(milliseconds=int(number)))
            mapper.set(f"release.publish.stage.{ours}", text, *keys, theirs)
        elif number is not None:
            mapper.unreadable(f"{'.'.join(keys)}.{theirs}", *keys, theirs)


def _arguments(mapper: Mapper, value: Any, key: str, inner: str) -> None:
    rest = []
    for argument in mapper.strings(value, f"{key}.{inner}", key, inner):
        if argument in {"--provenance", "--provenance=true"}:
            mapper.on("release.publish.provenance", key, inner)
        else:
            rest.append(argument)
    if rest:
        why = "arguments aren't passed on"
        mapper.left(f"{key}.{inner}", why, "npm reads the same settings from .npmrc", key, inner)


def _packages(mapper: Mapper, value: Any, key: str) -> None:
    for name, own in value.items() if isinstance(value, dict) else ():
        _package(mapper, name, own if isinstance(own, dict) else {}, f"{key}.{name}", (key, name))


def _package(mapper: Mapper, name: str, own: dict[str, Any], label: str, at: tuple[str, ...]) -> None:
    for key, value in own.items():
        if key == "registry":
            mapper.set(("release", "packages", name, "registry"), value, *at, key)
        elif key == "skipNpmPublish" and value is True:
            mapper.set("release.ignore", [*(mapper.get("release.ignore") or ()), name], *at, key)
            mapper.left(
                f"{label}.{key}", "what isn't published gets no tag here", "tag it in a target of your own", *at
            )
        elif key not in {"managed", "changedFilePatterns", "skipNpmPublish", "additionalPaths"} and value != "npm":
            do = "write a target of your own: [release.targets.<name>]"
            mapper.left(f"{label}.{key}", "vis-tasks has no setting for it", do, *at, key)


def _managed(mapper: Mapper, data: dict[str, Any], repository: Repository) -> None:
    """Packages are opted in one by one unless ``defaultManaged`` is true."""
    packages = data.get("packages")
    listed: dict[str, Any] = packages if isinstance(packages, dict) else {}
    chosen, away = [], []
    for package in repository.packages:
        own = package.manifest.get("vis-release")
        own = own if isinstance(own, dict) else {}
        _package(mapper, package.name, own, f"vis-release in {package.manifest_path}", ())
        there = listed.get(package.name)
        merged = {**(there if isinstance(there, dict) else {}), **own}
        if merged.get("managed", data.get("defaultManaged", False)) is True:
            chosen.append(package.name)
        elif merged.get("managed") is False:
            away.append(package.name)
    if data.get("defaultManaged") is True:
        if away:
            mapper.set("release.ignore", [*(mapper.get("release.ignore") or ()), *away], "packages")
    elif chosen:
        include = mapper.strings(data.get("include", []), "include", "include")
        mapper.set("release.include", [*chosen, *(name for name in include if name not in chosen)], "packages")


def _notifications(mapper: Mapper, value: Any, key: str) -> None:
    for channel, own in value.items() if isinstance(value, dict) else ():
        address = own.get("webhook" if channel != "webhook" else "url") if isinstance(own, dict) else None
        variable = _VARIABLE.fullmatch(address) if isinstance(address, str) else None
        if channel in {"slack", "discord", "webhook"} and variable:
            mapper.set(f"release.notify.{channel}", variable[1], key, channel)
        elif channel != "skipPrerelease":
            why = "an address is a secret: the file names the environment variable that holds it"
            mapper.left(f"{key}.{channel}", why, 'slack = "SLACK_WEBHOOK_URL" below [release.notify]', key, channel)
