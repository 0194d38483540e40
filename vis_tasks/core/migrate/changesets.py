"""From changesets: ``.changeset/config.json`` and ``.changeset/pre.json``.

Keys and defaults: changesets' ``packages/config/schema.json`` and ``docs/config-file-options.md``. With ``rules = "changesets"``
our planning goes on reading that file, so most of it needs no key of ours as long as the change files stay where they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.changesets import CONFIG_PATH, PRE_PATH
from vis_tasks.core.migrate.mapping import ChangeFiles, Mapper

if TYPE_CHECKING:
    from vis_tasks.core.changesets import Engine
    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.migrate.mapping import Migration, Repository

__all__ = ["FOLDER", "migrate"]

FOLDER = ".changeset"
_UNSAFE = "___experimentalUnsafeOptions_WILL_CHANGE_IN_PATCH"
_NOT_CHANGES = frozenset({"README.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md"})
_BY_RULES = ("fixed", "linked", "updateInternalDependencies", "bumpVersionsWithWorkspaceProtocolOnly", _UNSAFE)
_SILENT = ("$schema", "format", "prettier", "changedFilePatterns", "commit", "snapshot")
_CHANGELOGS = {
    "@changesets/cli": "default",
    "@changesets/cli/changelog": "default",
    "@changesets/changelog-git": "default",
    "@changesets/changelog-github": "links",
    "@changesets/changelog-gitlab": "links",
    "@svitejs/changesets-changelog-github-compact": "links",
}


def migrate(document: Document, repository: Repository, engine: Engine, *, move: bool) -> Migration:
    """Map the configuration.

    Args:
        document: ``.changeset/config.json``.
        repository: where it stands.
        engine: which changesets the repository plans with.
        move: the change files are to move to our folder, and the configuration with them.
    """
    mapper = Mapper("changesets", document)
    data = document.value if isinstance(document.value, dict) else {}
    names = repository.files(FOLDER)
    pre = "pre.json" in names
    if pre and move:
        mapper.left(
            "pre mode",
            f"{PRE_PATH} is read from changesets' folder only",
            "the change files stay there; `npx changeset pre exit`, release, then run init --move-changes",
        )
        move = False
    elif pre:
        mapper.left(
            "pre mode",
            f"it goes on: {PRE_PATH} is read at every release",
            "nothing; `npx changeset pre exit` ends it, and [release.channels] can take its place",
        )
    three = engine.base.name == "changesets-3"
    mapper.set("release.rules", ("changesets-3" if three else "changesets-2") if move else "changesets")
    if repository.single and repository.packages[0].path == ".":
        mapper.set("release.tag-pattern", "v{version}")  # its `publish` tags a repository of one package so
    if "baseBranch" not in data:
        mapper.set("release.base-branch", repository.default_branch)
    known = {
        "baseBranch": lambda value, key: mapper.set("release.base-branch", value, key),
        "access": lambda value, key: mapper.set("release.publish.access", value, key),
        "changelog": lambda value, key: mapper.changelog(value, key, _CHANGELOGS),
        "ignore": lambda value, key: _ignore(mapper, value, key),
        "privatePackages": lambda value, key: _private(mapper, value, key, move=move, three=three),
        **{key: (lambda value, key: _rule(mapper, value, key, move=move)) for key in _BY_RULES},
    }
    if "access" not in data:
        # Before publishing, changesets 2 and 3 both fall back on "restricted".
        mapper.set("release.publish.access", "restricted")
    mapper.each(data, known, silent=_SILENT)
    paths = tuple(
        f"{FOLDER}/{name}"
        for name in names
        if name.endswith(".md")
        and not name.startswith(".")
        and name not in _NOT_CHANGES
        and name.lower() != "readme.md"
    )
    obsolete = [CONFIG_PATH, *(f"{FOLDER}/{name}" for name in names if name.lower() == "readme.md")] if move else []
    return mapper.result((document.path,), changes=ChangeFiles(FOLDER, paths, kept=not move), obsolete=obsolete)


def _ignore(mapper: Mapper, value: Any, key: str) -> None:
    # Planning reads changesets' own list; what is published and tagged is chosen by ours.
    if names := mapper.strings(value, "ignore", key):
        mapper.set("release.ignore", names, key)


def _private(mapper: Mapper, value: Any, key: str, *, move: bool, three: bool) -> None:
    versions = value.get("version") if isinstance(value, dict) else value
    if isinstance(value, dict) and value.get("tag") is True:
        mapper.left(
            "privatePackages.tag", "private packages get no tags here", "make the tag in a target of your own", key
        )
    if not move:
        return
    if versions is True:
        mapper.on("release.private-packages", key)
    elif versions is False and not three:
        mapper.left(
            "privatePackages", 'with rules = "changesets-2" private packages are versioned', "ignore them by name", key
        )


def _rule(mapper: Mapper, value: Any, key: str, *, move: bool) -> None:
    if not value:
        return
    if not move:
        mapper.notes.append(f"{key}: read from {mapper.document.path} at every release, as before")
        return
    if key in {"fixed", "linked"}:
        if groups := mapper.groups(value, key, key):
            mapper.set(f"release.{key}", groups, key)
    elif key == _UNSAFE and isinstance(value, dict):
        if value.get("updateInternalDependents") == "always":
            mapper.set("release.update-internal-dependents", "patch", key, "updateInternalDependents")
        if value.get("onlyUpdatePeerDependentsWhenOutOfRange"):
            mapper.left(
                "onlyUpdatePeerDependentsWhenOutOfRange",
                "it is only read from changesets' own file",
                'leave the change files where they are, or take rules = "vis", which works so',
                key,
            )
    elif value not in ("patch", False):
        mapper.left(key, "it is only read from changesets' own file", "leave the change files where they are", key)
