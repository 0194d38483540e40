"""What the templates are given: plain values, the same for every provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GITLAB_ROOT", "CiFile", "Context", "Install", "Manager", "Pin", "files_for", "manager_for", "unattended"]


GITLAB_ROOT = ".gitlab-ci.yml"
"""GitLab reads this file and no other."""


@dataclass(frozen=True)
class Pin:
    """A tool that the files name, at one version.

    Attributes:
        name: ``owner/name`` of an action.
        commit: forty hexadecimal digits.
        version: the tag that commit had.
    """

    name: str
    commit: str
    version: str


@dataclass(frozen=True)
class Manager:
    """The workspace's package manager.

    Attributes:
        name: ``npm``, ``pnpm``, ``yarn`` or ``bun``.
        package: what npx is to fetch, such as ``pnpm@10.20.0``; empty for npm, which is there anyway.
        binary: how it is called.
        install: installs what the lock file says.
    """

    name: str
    package: str
    binary: str
    install: tuple[str, ...]


@dataclass(frozen=True)
class Install:
    """How a job gets vis-tasks; one of the two.

    Attributes:
        requirement: such as ``vis-tasks==1.0.0``.
        file: a requirements file with hashes, from the workspace root.
    """

    requirement: str = ""
    file: str = ""


@dataclass(frozen=True)
class Context:
    """All values of all templates.

    Attributes:
        version: of vis-tasks.
        template: version of the templates, raised with each change that users should know about.
        branches: those that release.
        layout: ``split`` or ``single``.
        node: its version.
        npm: its version.
        manager: the workspace's.
        install: command that installs dependencies.
        build: command that builds; may be empty.
        folder: the workspace root below the repository's top; empty, or a path without slashes around it.
        dist: where tarballs lie, from the repository's top.
        dist_below: the same from the workspace root.
        trusted: whether jobs use trusted publishing; else they are given NPM_TOKEN.
        environment: of the job that may publish; empty for none.
        runners: labels on GitHub.
        tags: tags on GitLab.
        image: on GitLab.
        app: whether a GitHub App pushes.
        detached: whether a schedule takes over after staging.
        schedule: cron.
        check: whether pull requests are checked.
        comment: whether that check comments.
        tool: vis-tasks for the jobs of a release.
        check_tool: vis-tasks for the check of pull requests, which also needs templates.
        minutes: how long the job that waits may take.
        remote: what the remote is called.
        goals: the user's targets that the job which packs makes too.
        after: whether a job follows the one that tags: the repository has commands for then.
        after_always: whether it follows also when nothing was tagged.
        audience: of GitLab's id token for npm.
        actions: pinned actions by short name.
        tools: pinned tools by name.
    """

    version: str
    template: int
    branches: tuple[str, ...]
    layout: str
    node: str
    npm: str
    manager: Manager
    install: tuple[str, ...]
    build: tuple[str, ...]
    folder: str
    dist: str
    dist_below: str
    trusted: bool
    environment: str
    runners: tuple[str, ...]
    tags: tuple[str, ...]
    image: str
    app: bool
    detached: bool
    schedule: str
    check: bool
    comment: bool
    tool: Install
    check_tool: Install
    minutes: int
    remote: str = "origin"
    goals: tuple[str, ...] = ()
    after: bool = False
    after_always: bool = False
    audience: str = ""
    actions: Mapping[str, Pin] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)

    @property
    def unattended(self) -> str:
        """The environment of jobs that write state but publish nothing: one without reviewers."""
        return unattended(self.environment)


@dataclass(frozen=True)
class CiFile:
    """One file to make.

    Attributes:
        provider: ``github`` or ``gitlab``.
        template: its path below the templates.
        path: from the repository's top, with ``/``.
    """

    provider: str
    template: str
    path: str


def unattended(environment: str) -> str:
    """Name of the environment beside the one that may publish."""
    return f"{environment}-unattended" if environment else ""


def files_for(provider: str, context: Context) -> tuple[CiFile, ...]:
    """What a provider needs for these options; the first file is the release itself."""
    if provider == "gitlab":
        jobs = CiFile(provider, "gitlab/jobs.yml.j2", ".gitlab/vis-release-jobs.yml")
        return (
            CiFile(provider, "gitlab/release.yml.j2", ".gitlab/vis-release.yml"),
            *([jobs] if context.layout == "split" else []),
            CiFile(provider, "gitlab/root.yml.j2", GITLAB_ROOT),
        )
    names = ["release", *(["check"] if context.check else []), *(["reconcile"] if context.detached else [])]
    return tuple(CiFile(provider, f"github/{name}.yml.j2", f".github/workflows/vis-{name}.yml") for name in names)


def manager_for(name: str, declared: str, defaults: Mapping[str, str], *, locked: bool) -> Manager:
    """The package manager, how npx fetches it, and how it installs.

    Args:
        name: as the workspace was read.
        declared: ``packageManager`` of the root's package.json, such as ``pnpm@10.20.0+sha512.…``; may be empty.
        defaults: versions for managers whose version nobody declared.
        locked: whether there is a lock file to be true to.
    """
    kind, _, version = declared.partition("@")
    version = version.partition("+")[0] if kind == name and version else defaults.get(name, "")
    if name == "npm":
        return Manager("npm", "", "npm", ("npm", "ci") if locked else ("npm", "install", "--no-package-lock"))
    if name == "yarn":
        classic = version.startswith("1.")
        # Yarn 2 and newer is published as @yarnpkg/cli-dist; `yarn` itself ends at 1.22.
        package = f"yarn@{version}" if classic else f"@yarnpkg/cli-dist@{version}"
        frozen = "--frozen-lockfile" if classic else "--immutable"
        return Manager("yarn", package, "yarn", ("yarn", "install", *([frozen] if locked else [])))
    frozen_install = (name, "install", *(["--frozen-lockfile"] if locked else []))
    return Manager(name, f"{name}@{version}", name, frozen_install)
