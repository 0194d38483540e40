"""What is played: one provider, one layout, one package manager, and the options that matter to the files."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CASES", "MANAGERS", "Case"]

MANAGERS = {"npm": "", "pnpm": "pnpm@10.20.0", "yarn": "yarn@4.11.0", "bun": "bun@1.3.2"}
"""``packageManager`` of the workspace, by name."""


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        name: on the command line.
        provider: ``github`` or ``gitlab``.
        story: ``release``, ``pending`` (goes on with a wave that nobody decided, and a push meanwhile), ``detached``, ``check``.
        layout: ``split`` or ``single``.
        manager: of the workspace.
        folder: the workspace below the repository's top.
        app: a GitHub App pushes; the job's own token may not.
        remote: what vis.toml calls the remote.
        own: whether the repository has a target before staging, one after tagging, and a hook.
    """

    name: str
    provider: str
    story: str = "release"
    layout: str = "split"
    manager: str = "npm"
    folder: str = ""
    app: bool = False
    remote: str = "origin"
    own: bool = False


CASES = (
    Case("github-split", "github", story="pending", own=True),
    Case("github-single", "github", layout="single"),
    Case("github-pnpm", "github", manager="pnpm", folder="js/app one", app=True),
    Case("github-yarn", "github", manager="yarn", remote="upstream"),
    Case("github-bun", "github", manager="bun"),
    Case("github-detached", "github", story="detached", own=True),
    Case("github-check", "github", story="check"),
    Case("gitlab-split", "gitlab", story="pending", own=True),
    Case("gitlab-single", "gitlab", layout="single"),
    # gitlab-ci-local loses artifacts below a folder with a space in its name.
    Case("gitlab-pnpm", "gitlab", manager="pnpm", folder="js/app"),
    Case("gitlab-yarn", "gitlab", manager="yarn", remote="upstream"),
    Case("gitlab-bun", "gitlab", manager="bun"),
    Case("gitlab-detached", "gitlab", story="detached", own=True),
    Case("gitlab-check", "gitlab", story="check"),
)
