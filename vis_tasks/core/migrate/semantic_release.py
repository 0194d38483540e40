"""From semantic-release: ``.releaserc``, ``release.config.js``, the ``release`` key of package.json.

Keys: its ``docs/usage/configuration.md`` and ``docs/usage/workflow-configuration.md``, and the README of each plugin.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.document import Code
from vis_tasks.core.migrate.mapping import Mapper
from vis_tasks.core.shell import as_command
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.migrate.mapping import Migration, Repository

__all__ = ["CONFIG_PATHS", "migrate"]

_KINDS = ("js", "cjs", "mjs", "ts", "cts", "mts")
CONFIG_PATHS = (
    ".releaserc", ".releaserc.json", ".releaserc.yaml", ".releaserc.yml", *(f".releaserc.{kind}" for kind in _KINDS),
    *(f"release.config.{kind}" for kind in _KINDS),
)  # fmt: skip
_DEFAULT_BRANCHES = [
    "master",
    "main",
    "next",
    "next-major",
    {"name": "beta", "prerelease": True},
    {"name": "alpha", "prerelease": True},
]
_DEFAULT_PLUGINS = ["@semantic-release/npm", "@semantic-release/github"]
_RANGE = regex(r"\d+(\.\d+)?\.x|\d+\.x\.x|.*[*?+(\[{].*")
_COMMITS = "commits don't decide here, change files do"
_GENERATE = "`invoke generate` writes change files from conventional commits"


def migrate(document: Document, repository: Repository) -> Migration:
    """Map the configuration."""
    mapper = Mapper("semantic-release", document)
    data = document.value if isinstance(document.value, dict) else {}
    if not isinstance(document.value, dict):
        mapper.unreadable("the whole configuration")
    mapper.left("commits", _COMMITS, _GENERATE)
    unset = [package for package in repository.packages if package.version.startswith("0.0.0") and not package.private]
    for package in unset:
        mapper.left(
            f"version {package.version} of {package.name}",
            f"semantic-release kept versions in tags alone; here {package.manifest_path} says them",
            "write the last released version there before the first release",
        )
    if "branches" not in data and "branch" not in data:
        known = [each for each in _DEFAULT_BRANCHES if _name(each) in repository.branches]
        _branches(mapper, known, "branches", repository, told=False)
    if "tagFormat" not in data:
        _tag_format(mapper, "v${version}", "tagFormat", repository)
    if "plugins" not in data and isinstance(document.value, dict):
        _plugins(mapper, _DEFAULT_PLUGINS, "plugins")
    mapper.each(
        data,
        {
            "branches": lambda value, key: _branches(mapper, value, key, repository),
            "branch": lambda value, key: _branches(mapper, value, key, repository),
            "tagFormat": lambda value, key: _tag_format(mapper, value, key, repository),
            "plugins": lambda value, key: _plugins(mapper, value, key),
            "extends": lambda _value, key: mapper.left(
                key, "shared configurations are modules, which only Node reads", "carry over what they set by hand", key
            ),
            "repositoryUrl": lambda _value, key: mapper.left(key, "the git remote counts", "look at `remote`", key),
            "preset": lambda _value, key: mapper.left(key, _COMMITS, _GENERATE, key),
        },
        silent=("$schema", "ci", "dryRun", "debug", "noCi"),
    )
    return mapper.result((document.path,))


def _name(branch: Any) -> Any:
    return branch.get("name") if isinstance(branch, dict) else branch


def _branches(mapper: Mapper, value: Any, key: str, repository: Repository, *, told: bool = True) -> None:
    """The first plain branch releases latest; those behind it, and prereleases, are channels named after them."""
    base = ""
    at: tuple[str | int, ...]
    for index, branch in enumerate(value if isinstance(value, list) else [value]):
        name, at = _name(branch), (key, index) if told else ()
        own: Mapping[str, Any] = branch if isinstance(branch, dict) else {}
        if not isinstance(name, str) or any(isinstance(each, Code) for each in own.values()):
            mapper.unreadable(f"{key}[{index}]", *at)
        elif _RANGE.fullmatch(name) or own.get("range"):
            why = "maintenance branches have no range here"
            mapper.left(f"{key}: {name}", why, "add [release.channels.<branch>] with a dist-tag for each of them", *at)
        elif own.get("prerelease"):
            word = own["prerelease"] if isinstance(own["prerelease"], str) else name
            mapper.set(("release", "channels", name, "tag"), own.get("channel") or name, *at)
            mapper.set(("release", "channels", name, "prerelease"), word.replace("${name}", name), *at)
        elif not base:
            base = name
            mapper.set("release.base-branch", name, *at)
        else:
            mapper.set(("release", "channels", name, "tag"), own.get("channel") or name, *at)
    if not base:
        mapper.set("release.base-branch", repository.default_branch)


def _tag_format(mapper: Mapper, value: Any, key: str, repository: Repository) -> None:
    if not isinstance(value, str):
        mapper.wrong(key, "a string", key)
        return
    pattern = re.sub(r"\$\{\s*(version|name)\s*\}", r"{\1}", value)
    pattern = re.sub(r"<%=\s*(version|name)\s*%>", r"{\1}", pattern)
    if "{name}" in pattern or repository.single:
        mapper.set("release.tag-pattern", pattern, key)
    elif repository.packages and repository.packages[0].name in pattern:
        mapper.set("release.tag-pattern", pattern.replace(repository.packages[0].name, "{name}"), key)
    else:
        mapper.left(f"{key} {value}", "every package gets a tag of its own here", "look at `tag-pattern`", key)


def _plugins(mapper: Mapper, value: Any, key: str) -> None:
    names = set()
    for index, entry in enumerate(value if isinstance(value, list) else []):
        name = entry[0] if isinstance(entry, list) and entry else entry
        given = entry[1] if isinstance(entry, list) and len(entry) > 1 else {}
        if isinstance(name, str):
            names.add(name)
            _plugin(mapper, name, given if isinstance(given, dict) else {}, key, index)
        else:
            mapper.unreadable(f"{key}[{index}]", key, index)
    if not names & {"@semantic-release/github", "@semantic-release/gitlab"}:
        mapper.set("release.forge.provider", "none", key)


def _plugin(mapper: Mapper, name: str, options: Mapping[str, Any], key: str, index: int) -> None:
    def told(what: str, why: str, do: str) -> None:
        mapper.left(f"{name}: {what}" if what else name, why, do, key, index)

    short = name.removeprefix("@semantic-release/")
    if short in {"github", "gitlab"}:
        _forge(mapper, short, options, key, index)
    elif short == "npm":
        _npm(mapper, options, key, index)
    elif short == "exec":
        _exec(mapper, options, key, index)
    elif short in {"commit-analyzer", "release-notes-generator"}:
        if set(options) - {"preset", "presetConfig", "parserOpts", "writerOpts"}:
            told(", ".join(options), _COMMITS, _GENERATE)
    elif short == "changelog":
        if options.get("changelogFile", "CHANGELOG.md") != "CHANGELOG.md":
            told("changelogFile", "changelogs are called CHANGELOG.md", "rename the file")
    elif short != "git":
        told("", "plugins don't run here", "[release.notify] tells people; anything else can be a target of your own")
    elif options:
        why = "the version commit holds what a release writes, and its words are fixed"
        told(", ".join(options), why, "write other files in hooks.after-version")


def _forge(mapper: Mapper, name: str, options: Mapping[str, Any], key: str, index: int) -> None:
    url, prefix = options.get(f"{name}Url"), options.get(f"{name}ApiPathPrefix")
    if isinstance(url, str):
        path = prefix if isinstance(prefix, str) else {"github": "/api/v3", "gitlab": "/api/v4"}[name]
        mapper.set("release.forge.provider", name, key, index)
        mapper.set("release.forge.url", f"{url.rstrip('/')}/{path.strip('/')}".rstrip("/"), key, index)
    if options.get("draftRelease") is True:
        mapper.on("release.forge.draft", key, index)
    for option in options:
        if option not in {f"{name}Url", f"{name}ApiPathPrefix", "draftRelease", "proxy"}:
            why = "releases carry the changelog entry, nothing more"
            mapper.left(f"@semantic-release/{name}: {option}", why, "write a target of your own", key, index)


def _npm(mapper: Mapper, options: Mapping[str, Any], key: str, index: int) -> None:
    told = {
        "npmPublish": ("publishing is what vis-tasks is for", 'mark the package "private": true'),
        "pkgRoot": ("packages are packed from their folders", "set publishConfig.directory (pnpm)"),
        "tarballDir": ("tarballs lie in .vis/release/dist", "nothing"),
    }
    for option, value in options.items():
        if option in told and not (option == "npmPublish" and value is True):
            mapper.left(f"@semantic-release/npm: {option}", *told[option], key, index)


def _exec(mapper: Mapper, options: Mapping[str, Any], key: str, index: int) -> None:
    """Commands without variables of semantic-release's templates have places here."""
    ours = {"prepareCmd": "release.hooks.after-version", "successCmd": "release.hooks.after-tag"}
    for option, value in options.items():
        what = f"@semantic-release/exec: {option}"
        if option in ours and isinstance(value, str) and "${" not in value and "<%" not in value:
            mapper.set(ours[option], as_command(value), key, index)
        else:
            why = "it is called at a moment, or with values, that don't exist here"
            mapper.left(what, why, "write it as a hook, or as a target of your own", key, index)
