"""From release-please: ``release-please-config.json`` and its manifest.

Keys: its ``schemas/config.json`` and ``docs/manifest-releaser.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.mapping import Mapper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.migrate.mapping import Migration, Repository
    from vis_tasks.core.model import Package

__all__ = ["CONFIG_PATH", "MANIFEST_PATH", "migrate"]

CONFIG_PATH = "release-please-config.json"
MANIFEST_PATH = ".release-please-manifest.json"

_PULL_REQUEST = "versions are made on the branch, not in a release pull request"
_COMMITS = "commits don't decide here, change files do"
_GENERATE = "`invoke generate` writes change files from conventional commits"
_LEFT: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "pull-request-title-pattern",
            "pull-request-header",
            "pull-request-footer",
            "separate-pull-requests",
            "label",
            "draft-pull-request",
            "extra-label",
            "release-label",
            "group-pull-request-title-pattern",
            "always-update",
        ),
        (_PULL_REQUEST, "nothing; the plan is shown as a comment on pull requests (`[ci] comment`)"),
    ),
    **dict.fromkeys(("changelog-sections", "versioning", "last-release-sha", "bootstrap-sha"), (_COMMITS, _GENERATE)),
    "changelog-type": ("changelogs are written in one of four styles", "choose one with `changelog`"),
    "changelog-host": ("links go to the forge of the remote", 'changelog = "links"'),
    "changelog-path": ("changelogs are called CHANGELOG.md", "rename the file"),
    "extra-files": ("only package.json and the lock file are written", "write the others in hooks.after-version"),
    "exclude-paths": ("change files say what changed, not paths", "write none for such changes"),
    "release-as": ("a change file can name the exact version", "releaseAs in a change file"),
    "prerelease-type": ("prereleases come from branches", 'add [release.channels.<branch>] with prerelease = "…"'),
    "prerelease": ("a release on the forge counts as prerelease when its version is one", "nothing"),
    "initial-version": ("the version in package.json counts", "write it there"),
    "version-file": ("the version stands in package.json", "nothing"),
    "signoff": ("commits aren't signed off", "use a git hook"),
    "component": ("packages go by their npm names", "nothing"),
    "package-name": ("packages go by their npm names", "nothing"),
}
_SILENT = (
    "$schema", "packages", "plugins", "release-type", "snapshot-label", "skip-snapshot", "sequential-calls",
    "release-search-depth", "commit-search-depth", "always-link-local", "include-component-in-tag", "include-v-in-tag",
    "tag-separator",
)  # fmt: skip


def migrate(document: Document, manifest: Document | None, repository: Repository) -> Migration:
    """Map the configuration.

    Args:
        document: ``release-please-config.json``.
        manifest: ``.release-please-manifest.json``: versions by path.
        repository: where they stand.
    """
    mapper = Mapper("release-please", document)
    data = document.value if isinstance(document.value, dict) else {}
    mapper.set("release.base-branch", repository.default_branch)
    listed: dict[str, Any] = _table(data.get("packages"))
    by_path = {package.path: package for package in repository.packages}
    ours = {path: by_path[path.strip("/") or "."] for path in listed if (path.strip("/") or ".") in by_path}
    _options(mapper, data, ())
    for path, own in listed.items():
        if path not in ours:
            kind = own.get("release-type", data.get("release-type", "node")) if isinstance(own, dict) else "node"
            why = f"it is no member of the workspace (release-type {kind})"
            mapper.left(f"packages.{path}", why, "go on releasing it with release-please", "packages", path)
        elif isinstance(own, dict):
            _options(mapper, own, ("packages", path))
    away = [package.name for package in repository.packages if package not in ours.values() and not package.private]
    if listed and away:
        mapper.set("release.ignore", away, "packages")
    _tags(mapper, data, listed, list(ours.values()), repository)
    _plugins(mapper, data.get("plugins", []), ours, listed)
    _versions(mapper, manifest, ours)
    return mapper.result([document.path, *([manifest.path] if manifest else [])])


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _options(mapper: Mapper, table: Mapping[str, Any], at: tuple[str | int, ...]) -> None:
    prefix = "".join(f"{key}." for key in at)
    own = bool(at)

    def switch(ours: str) -> Any:
        def take(value: Any, key: str) -> None:
            if not own:
                mapper.set(ours, value, key)
            elif value != (mapper.get(ours) or False):
                mapper.left(f"{prefix}{key}", "it holds for all packages here", "decide for all of them", *at, key)

        return take

    def skip_release(value: Any, key: str) -> None:
        if value is True and not own:
            mapper.set("release.forge.provider", "none", key)
        elif value is True:
            mapper.left(f"{prefix}{key}", "releases are made for all packages or none", "decide for all", *at, key)

    mapper.each(
        table,
        {
            "bump-minor-pre-major": switch("release.major-before-1-is-minor"),
            "bump-patch-for-minor-pre-major": switch("release.minor-before-1-is-patch"),
            "draft": switch("release.forge.draft"),
            "skip-github-release": skip_release,
            "skip-changelog": lambda value, key: (
                mapper.set("release.changelog", "none", *at, key) if value is True else None
            ),
            **dict.fromkeys(_LEFT, lambda _value, key: mapper.left(f"{prefix}{key}", *_LEFT[key], *at, key)),
        },
        silent=_SILENT,
        at=at,
        prefix=prefix,
    )


def _tags(
    mapper: Mapper, data: Mapping[str, Any], listed: Mapping[str, Any], ours: list[Package], repository: Repository
) -> None:
    """``component-v1.2.3``: the component of a Node package is its name without the scope (release-please's node strategy)."""
    tables = [data, *(each for each in listed.values() if isinstance(each, dict))]

    def option(name: str, *, default: Any = True) -> Any:
        return next((table[name] for table in reversed(tables) if name in table), default)

    v = "v" if option("include-v-in-tag") else ""
    keys = next((key for key in ("include-component-in-tag", "tag-separator", "packages") if key in data), "packages")
    if not option("include-component-in-tag"):
        if repository.single or len(ours) == 1:
            mapper.set("release.tag-pattern", f"{v}{{version}}", keys)
            return
        mapper.left("include-component-in-tag", "every package gets a tag of its own here", "nothing", keys)
    separator = option("tag-separator", default="-")
    mapper.set("release.tag-pattern", f"{{name}}{separator}{v}{{version}}", keys)
    if any(package.name.startswith("@") for package in ours):
        mapper.left(
            "tags without the scope",
            "tags carry the whole npm name here: @scope/name, not name",
            "old tags stay as they are; `tag-pattern` says what new ones look like",
            keys,
        )


def _plugins(mapper: Mapper, plugins: Any, ours: Mapping[str, Package], listed: Mapping[str, Any]) -> None:
    components: dict[str, Package] = {}
    for path, package in ours.items():
        own = listed[path] if isinstance(listed[path], dict) else {}
        bare = package.name.rpartition("/")[2]
        components |= dict.fromkeys(
            (own.get("component") or bare, own.get("package-name") or bare, package.name), package
        )
    fixed = []
    for index, plugin in enumerate(plugins if isinstance(plugins, list) else []):
        kind = plugin.get("type") if isinstance(plugin, dict) else plugin
        if kind == "node-workspace":
            mapper.set("release.update-internal-dependents", "patch", "plugins", index)
        elif kind == "linked-versions" and isinstance(plugin, dict):
            names = mapper.strings(plugin.get("components", []), "plugins.components", "plugins", index)
            fixed.append([components[name].name for name in names if name in components])
            lost = [name for name in names if name not in components]
            if lost:
                what = f"linked-versions: {', '.join(lost)}"
                mapper.left(what, "no package of the workspace is called so", "add it to `fixed`", "plugins", index)
        elif kind != "sentence-case":
            mapper.left(f"plugins: {kind}", "plugins don't run here", "write a target of your own", "plugins", index)
    if groups := [group for group in fixed if len(group) > 1]:
        mapper.set("release.fixed", groups, "plugins")


def _versions(mapper: Mapper, manifest: Document | None, ours: Mapping[str, Package]) -> None:
    """The manifest is release-please's truth about versions; ours is package.json."""
    if manifest is None or not isinstance(manifest.value, dict):
        return
    for path, version in manifest.value.items():
        package = ours.get(path)
        if package and isinstance(version, str) and package.version != version:
            mapper.left(
                f"{path} is {version} in {manifest.path}",
                f"{package.manifest_path} says {package.version or 'nothing'}, which counts here",
                "merge or close the open release pull request first",
            )
