"""What a repository is, as `init` finds it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from vis_tasks.core.remotes import forge_on, parse_remote
from vis_tasks.errors import Refused
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.config.model import Config
    from vis_tasks.core.changesets import Engine
    from vis_tasks.core.model import Package, Workspace
    from vis_tasks.core.remotes import Remote
    from vis_tasks.ports import Files
    from vis_tasks.services.ci_files import CiTools

__all__ = ["Facts", "Footing", "InitTools", "gather"]

_PATTERNS = ("{name}@{version}", "{name}@v{version}", "{name}-v{version}", "{name}/v{version}", "{name}_v{version}")
_ALONE = ("v{version}", "{version}")


@dataclass(frozen=True)
class Footing:
    """What git knows.

    Attributes:
        remote: name of the remote that releases are pushed to; empty when there is none.
        url: its address.
        branch: the branch that is checked out; empty for a detached HEAD.
        default_branch: the remote's default branch; without a remote the one that is checked out.
        branches: names of all branches, here and on the remote.
        tags: names of all tags.
    """

    remote: str
    url: str
    branch: str
    default_branch: str
    branches: frozenset[str]
    tags: frozenset[str]


class ReadTop(Protocol):
    """Reads what git knows."""

    def __call__(self) -> Footing | None:
        """None outside a repository."""
        ...


@dataclass(frozen=True)
class InitTools:
    """What `init` needs from outside.

    Attributes:
        root: the workspace root.
        files: the files below it.
        top: the files below the repository's top.
        names: names of the files in a folder below the root; empty for a missing one.
        top_names: the same below the repository's top.
        footing: reads git.
        ignored: which of some paths git ignores.
        read_workspace: reads the packages.
        engine: which changesets the repository plans with, from its workspace and configuration.
        ci: what making CI files needs; raises `MissingExtra` when the templates' engine isn't installed.
    """

    root: Path
    files: Files
    top: Callable[[], Files]
    names: Callable[[str], Sequence[str]]
    top_names: Callable[[str], Sequence[str]]
    footing: ReadTop
    ignored: Callable[[Sequence[str]], frozenset[str]]
    read_workspace: Callable[[Path], Workspace]
    engine: Callable[[Workspace, dict[str, object]], Engine]
    ci: Callable[[Config], CiTools]


@dataclass(frozen=True)
class Facts:
    """A repository.

    Attributes:
        workspace: its packages.
        manager_source: how the package manager is known.
        footing: what git knows.
        address: the remote, taken apart; None for a local one or none.
        forge: ``github``, ``gitlab`` or an empty string.
        forge_source: how the forge is known: ``host``, ``files`` or an empty string.
        tag_pattern: what the tags that exist look like; empty when nothing can be said.
        build: whether the root has a build script.
    """

    workspace: Workspace
    manager_source: str
    footing: Footing
    address: Remote | None
    forge: str
    forge_source: str
    tag_pattern: str
    build: bool

    @property
    def single(self) -> bool:
        """Whether one package is all there is."""
        return len(self.workspace.packages) == 1

    @property
    def publishable(self) -> tuple[Package, ...]:
        """Packages that npm would take."""
        return tuple(package for package in self.workspace.packages if not package.private)

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes of the packages that can be published."""
        names = (package.name for package in self.publishable if package.name.startswith("@"))
        return tuple(dict.fromkeys(name.partition("/")[0] for name in names))


def gather(tools: InitTools) -> Facts:
    """Look at everything; nothing is changed.

    About eight processes of git, one of them over the network when the remote's default branch isn't known here.

    Raises:
        Refused: code ``NO_REPOSITORY``: this is no git repository.
        vis_tasks.errors.UsageError: code ``WORKSPACE``: a package.json can't be read (with file and line), or there is none.
    """
    footing = tools.footing()
    if footing is None:
        raise Refused(
            f"{tools.root} is not inside a git repository: versions, tags and what is pending are kept in git",
            code="NO_REPOSITORY",
            hint="git init && git add . && git commit -m 'First commit', then run init again",
        )
    workspace = tools.read_workspace(tools.root)
    address = parse_remote(footing.url)
    forge, source = (forge_on(address.host) if address else ""), "host"
    if not forge:
        forge, source = _forge_by_files(tools), "files"
    top = workspace.root_package or next((each for each in workspace.packages if each.path == "."), None)
    manifest = top.manifest if top else {}
    scripts = manifest.get("scripts")
    return Facts(
        workspace=workspace,
        manager_source=_manager_source(tools.files, manifest, workspace.manager),
        footing=footing,
        address=address,
        forge=forge,
        forge_source=source if forge else "",
        tag_pattern=_tag_pattern(workspace, footing.tags),
        build=isinstance(scripts, dict) and bool(scripts.get("build")),
    )


def _forge_by_files(tools: InitTools) -> str:
    if ".gitlab-ci.yml" in tools.top_names(""):
        return "gitlab"
    return "github" if tools.top_names(".github/workflows") else ""


def _manager_source(files: Files, manifest: Mapping[str, object], manager: str) -> str:
    if manager == "pnpm" and files.read("pnpm-workspace.yaml") is not None:
        return "pnpm-workspace.yaml"
    declared = manifest.get("packageManager")
    if isinstance(declared, str) and declared.startswith(f"{manager}@"):
        return f"packageManager {declared.partition('+')[0]}"
    locks = {
        "npm": ("package-lock.json", "npm-shrinkwrap.json"),
        "pnpm": ("pnpm-lock.yaml",),
        "yarn": ("yarn.lock",),
        "bun": ("bun.lock", "bun.lockb"),
    }
    return next((name for name in locks[manager] if files.read(name) is not None), "no lock file")


def _tag_pattern(workspace: Workspace, tags: frozenset[str]) -> str:
    """The pattern that most of the current versions are tagged by; of a lone package also by any version's tag."""
    found: Counter[str] = Counter()
    alone = len(workspace.packages) == 1
    for pattern in (*_PATTERNS, *(_ALONE if alone else ())):
        for package in workspace.packages:
            tag = pattern.replace("{name}", package.name)
            if alone:
                expression = re.escape(tag).replace(re.escape("{version}"), r"\d+\.\d+\.\d+\S*")
                found[pattern] += any(re.fullmatch(expression, each) for each in tags)
            else:
                found[pattern] += tag.replace("{version}", package.version) in tags
    best = max(found, key=lambda pattern: found[pattern], default="")
    return best if found[best] else ""
