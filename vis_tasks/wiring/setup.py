"""What sets a repository up: `init` and CI files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from vis_tasks.config.model import Config
    from vis_tasks.services.ci_files import CiTools
    from vis_tasks.services.init.facts import Footing, InitTools

__all__ = ["build_ci_tools", "build_init_tools", "repository_top"]


def build_ci_tools(root: Path, config: Config) -> CiTools:
    """What making CI files needs: one git process; one npm process more for GitLab."""
    from functools import partial
    from urllib.parse import urlsplit

    from vis_tasks.__about__ import __version__
    from vis_tasks.adapters.files import RootFiles
    from vis_tasks.adapters.git import GitCli
    from vis_tasks.adapters.locker import lock_requirement
    from vis_tasks.adapters.merge import merge_texts
    from vis_tasks.adapters.npm.config import committed_registry
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.adapters.templates import Templates, read_pins
    from vis_tasks.services.ci_files import CiTools

    runner = SubprocessRunner()
    git = GitCli(runner, root, os.environ)
    prefix = git.prefix() if git.is_repository() else ""
    top = root.joinpath(*[".."] * prefix.count("/")).resolve() if prefix else root

    def audience() -> str:
        return f"npm:{urlsplit(config.release.publish.registry or committed_registry(runner, root)).hostname}"

    return CiTools(
        top=RootFiles(top),
        root=RootFiles(root),
        prefix=prefix,
        templates=Templates(root),
        pins=read_pins(),
        merge=partial(merge_texts, runner),
        version=__version__,
        audience=audience,
        lock=lambda requirement: lock_requirement(runner, root, requirement),
    )


def repository_top(folder: Path) -> Path | None:
    """The top of the git repository around a folder; None outside one."""
    from vis_tasks.adapters.footing import read_top
    from vis_tasks.adapters.process import SubprocessRunner

    return read_top(SubprocessRunner(), folder)


def build_init_tools(root: Path) -> InitTools:
    """What setting a repository up needs. Starts nothing."""
    from vis_tasks.adapters.changesets import find_engine
    from vis_tasks.adapters.files import RootFiles
    from vis_tasks.adapters.footing import files_in, ignored_by_git, read_top, remote_facts
    from vis_tasks.adapters.process import SubprocessRunner
    from vis_tasks.adapters.workspace import read_workspace
    from vis_tasks.services.init.facts import Footing, InitTools

    runner = SubprocessRunner()

    def top() -> Path:
        return read_top(runner, root) or root

    def footing() -> Footing | None:
        return Footing(*remote_facts(runner, root)) if read_top(runner, root) else None

    return InitTools(
        root=root,
        files=RootFiles(root),
        top=lambda: RootFiles(top()),
        names=lambda folder: files_in(root, folder),
        top_names=lambda folder: files_in(top(), folder),
        footing=footing,
        ignored=lambda paths: ignored_by_git(runner, root, paths),
        read_workspace=read_workspace,
        engine=lambda workspace, document: find_engine(root, workspace, document),
        ci=lambda config: build_ci_tools(root, config),
    )
