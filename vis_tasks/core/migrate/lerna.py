"""From lerna and lerna-lite: ``lerna.json``.

Keys: lerna's ``schemas/lerna-schema.json`` and the pages of its ``version`` and ``publish``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vis_tasks.core.migrate.document import Code
from vis_tasks.core.migrate.mapping import Mapper

if TYPE_CHECKING:
    from collections.abc import Callable

    from vis_tasks.core.migrate.document import Document
    from vis_tasks.core.migrate.mapping import Migration, Repository

__all__ = ["CONFIG_PATHS", "migrate"]

CONFIG_PATHS = ("lerna.json", "lerna.jsonc", "lerna.json5")
_SILENT = (
    "$schema", "$id", "npmClient", "npmClientArgs", "useNx", "useWorkspaces", "useLegacyPackages", "lerna", "loglevel",
    "progress", "maxBuffer", "sort", "nx", "init", "bootstrap", "reject", "rejectCycles", "stream",
    "verifyAccess", "verifyRegistry", "yes", "since",
    "ignoreScripts", "commitHooks", "gitReset", "noGranularPathspec", "granularPathspec", "requireScripts", "gitHead",
    "summaryFile", "tempTag", "noPrefix", "prefix", "includeMergedTags",
)  # fmt: skip
_GLOB = frozenset("*?[{!")


def migrate(document: Document, repository: Repository) -> Migration:
    """Map the configuration: the top, ``command.version`` and ``command.publish``; of two the later one wins."""
    mapper = Mapper("lerna", document)
    data = document.value if isinstance(document.value, dict) else {}
    mapper.set("release.base-branch", repository.default_branch)
    _version(mapper, data.get("version"), repository)
    known = _known(mapper, repository)
    rest = {key: value for key, value in data.items() if key not in {"version", "packages", "command"}}
    mapper.each(rest, known, silent=_SILENT)
    if isinstance(data.get("packages"), list):
        _packages(mapper, data["packages"], repository)
    commands = data.get("command")
    for name, options in commands.items() if isinstance(commands, dict) else ():
        if name in {"version", "publish"} and isinstance(options, dict):
            mapper.each(options, known, silent=_SILENT, at=("command", name), prefix=f"command.{name}.")
    if not any(
        _asks_for_release(table) for table in (data, *(commands.values() if isinstance(commands, dict) else ()))
    ):
        # lerna makes releases on a forge only when it is told to.
        mapper.set("release.forge.provider", "none")
    return mapper.result((document.path,))


def _asks_for_release(table: Any) -> bool:
    return isinstance(table, dict) and bool(table.get("createRelease"))


def _version(mapper: Mapper, value: Any, repository: Repository) -> None:
    if value == "independent" or repository.single:
        return
    if isinstance(value, Code) or not isinstance(value, str):
        mapper.wrong("version", 'a version or "independent"', "version")
        return
    mapper.set("release.fixed", [["*"]], "version")
    mapper.left(
        "one tag for all packages",
        f"lerna tagged the whole repository (v{value}); here every package gets a tag of its own",
        "old tags stay as they are; `tag-pattern` says what new ones look like",
        "version",
    )


def _packages(mapper: Mapper, value: list[Any], repository: Repository) -> None:
    """Lerna's own list counts only without workspaces of the package manager; ours reads theirs."""
    if len(repository.packages) == 1 and repository.packages[0].path == ".":
        mapper.left(
            "packages",
            "members are read from package.json or pnpm-workspace.yaml",
            f'add "workspaces": {[each for each in value if isinstance(each, str)]} to package.json'.replace("'", '"'),
            "packages",
        )


def _known(mapper: Mapper, repository: Repository) -> dict[str, Callable[..., None]]:
    def at(key: str) -> tuple[str | int, ...]:
        return next((path for path in mapper.document.lines if path and path[-1] == key), (key,))

    def plain(ours: str) -> Callable[[Any, str], None]:
        return lambda value, key: mapper.set(ours, value, *at(key))

    def left(why: str, do: str) -> Callable[[Any, str], None]:
        return lambda value, key: None if value is False else mapper.left(key, why, do, *at(key))

    def unless(why: str, do: str, *, fine: bool) -> Callable[[Any, str], None]:
        return lambda value, key: None if value == fine else mapper.left(key, why, do, *at(key))

    commits = left(
        "commits don't decide here, change files do", "`invoke generate` writes change files from conventional commits"
    )
    signing = left("git's own settings sign", "git config commit.gpgsign true, tag.gpgsign true and user.signingkey")
    return {
        "allowBranch": lambda value, key: _branches(mapper, value, *at(key)),
        "gitRemote": plain("release.remote"),
        "registry": plain("release.publish.registry"),
        "distTag": plain("release.publish.tag"),
        "access": plain("release.publish.access"),
        "concurrency": plain("release.publish.concurrency"),
        "createRelease": plain("release.forge.provider"),
        "private": lambda value, key: mapper.on("release.private-packages", *at(key)) if value is True else None,
        "changelog": lambda value, key: None if value else mapper.set("release.changelog", "none", *at(key)),
        "tagVersionPrefix": lambda value, key: _prefix(mapper, value, repository, *at(key)),
        "tagVersionSeparator": lambda value, key: _separator(mapper, value, *at(key)),
        "conventionalCommits": commits,
        "changelogPreset": commits,
        "conventionalBumpPrerelease": commits,
        "conventionalPrerelease": commits,
        "conventionalGraduate": commits,
        "preid": left("prereleases come from branches here", 'add [release.channels.<branch>] with prerelease = "…"'),
        "preDistTag": left("prereleases come from branches here", 'add [release.channels.<branch>] with tag = "…"'),
        "canary": left("canary versions aren't staged", "`invoke plan --snapshot` shows what one would be called"),
        "message": left("the commit's words are fixed", "nothing"),
        "ignoreChanges": left("change files say what changed, not paths", "write none for such changes"),
        "forcePublish": left("packages without a change aren't released", "name them in a change file"),
        "exact": left("ranges keep the style they are written in", "write exact versions in package.json once"),
        "signGitCommit": signing,
        "signGitTag": signing,
        "signoffGitCommit": left("commits aren't signed off", "use a git hook"),
        "push": unless("a release is pushed", "run `invoke release` where it may push", fine=True),
        "gitTagVersion": unless("every live version gets its tag", "nothing", fine=True),
        "contents": left(
            "packages are packed from their folders", "set publishConfig.directory (pnpm), or build into the folder"
        ),
        "otp": left("codes are asked for, never stored", "take it out of the file"),
        "legacyAuth": left("credentials don't belong into the repository", "move them to npm's configuration"),
        "stage": lambda value, key: mapper.set("release.publish.stage", value, *at(key)),
        "provenance": lambda value, key: mapper.set("release.publish.provenance", value, *at(key)),
        "bump": left("change files say how far a version moves", "`invoke add`"),
    }


def _branches(mapper: Mapper, value: Any, *keys: str | int) -> None:
    plain = [name for name in mapper.strings(value, "allowBranch", *keys) if not _GLOB & set(name)]
    others = [name for name in mapper.strings(value, "allowBranch", *keys) if name not in plain[:1]]
    if plain:
        preferred = next((name for name in plain if name == mapper.get("release.base-branch")), plain[0])
        mapper.set("release.base-branch", preferred, *keys)
        others = [name for name in mapper.strings(value, "allowBranch", *keys) if name != preferred]
    if others:
        mapper.left(
            f"allowBranch: {', '.join(others)}",
            "one branch feeds latest; others are channels with a dist-tag of their own",
            "add [release.channels.<branch>] where you need one",
            *keys,
        )


def _prefix(mapper: Mapper, value: Any, repository: Repository, *keys: str | int) -> None:
    if repository.single and isinstance(value, str):
        mapper.set("release.tag-pattern", f"{value}{{version}}", *keys)
    elif value != "v":
        mapper.left("tagVersionPrefix", "it is for one tag for all packages", "look at `tag-pattern`", *keys)


def _separator(mapper: Mapper, value: Any, *keys: str | int) -> None:
    if isinstance(value, str) and value != "@":
        mapper.set("release.tag-pattern", f"{{name}}{value}{{version}}", *keys)
