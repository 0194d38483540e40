"""The stage set: the repository as it stands (HEAD plus working tree) in a temporary folder, with a bare remote of its own."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.ports import Runner

__all__ = ["Stage", "copy_repository", "isolated_environment"]

_SECRETS = re.compile(
    r"token|secret|password|passwd|_auth|credential|apikey|api_key|^npm_config_|^ACTIONS_|^CI_|^GIT_|^SSH_|^VIS_",
    re.IGNORECASE,
)
_CI = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "CIRCLECI",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_OUTPUT",
    "GITHUB_REF_NAME",
    "GITHUB_REF_TYPE",
)
_REGISTRY_LINE = re.compile(r"^\s*(?:@[^:=\s]+:)?registry\s*=|^\s*//|^\s*_auth|^\s*always-auth", re.IGNORECASE)


@dataclass(frozen=True)
class Stage:
    """Where the rehearsal plays.

    Attributes:
        folder: the temporary folder that holds everything.
        work: the work tree's top.
        root: the workspace root in it.
        remote: the bare repository.
        home: HOME of every process.
        base: the commit the rehearsal starts from.
    """

    folder: Path
    work: Path
    root: Path
    remote: Path
    home: Path
    base: str


def isolated_environment(env: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment of every process of a rehearsal: no credentials, no CI, no configuration of the user's.

    Args:
        env: the real environment.
        home: an empty folder.
    """
    kept = {name: value for name, value in env.items() if not _SECRETS.search(name) and name not in _CI}
    npmrc = home / ".npmrc"
    return kept | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "npm_config_userconfig": str(npmrc),
        "npm_config_globalconfig": str(home / "npmrc-global"),
        "npm_config_cache": str(home / "npm-cache"),
        "npm_config_update_notifier": "false",
        "PYTHONUNBUFFERED": "1",
    }


class _Git:
    """git with one environment; returns what it printed."""

    def __init__(self, runner: Runner, env: Mapping[str, str]) -> None:
        self._runner = runner
        self._env = env

    def __call__(self, *argv: str, cwd: Path, check: bool = True) -> str:
        return self._runner.run(["git", *argv], cwd=cwd, env=self._env, check=check).stdout


def copy_repository(real: Runner, isolated: Runner, root: Path, folder: Path, *, home: Path, branch: str) -> Stage:
    """Clone what is committed, then lay what isn't on top and commit it in the copy.

    Nothing is written below ``root``, its git index included, and its remotes aren't asked. ``.npmrc`` files lose their registry
    and credential lines in the copy.

    Args:
        real: starts git in the real repository, for reading only.
        isolated: starts git in the copy.
        root: the workspace root in the real repository.
        folder: an empty temporary folder.
        home: HOME of everything that runs in the copy.
        branch: the branch the release will stand on.

    Raises:
        vis_tasks.errors.Refused: no repository, or no commit.
    """
    # Without optional locks `git status` doesn't refresh the index file (git(1), GIT_OPTIONAL_LOCKS).
    reading = _Git(real, {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"})
    git = _Git(isolated, {})
    top_text = reading("rev-parse", "--show-toplevel", cwd=root, check=False).strip()
    if not top_text:
        raise Refused(
            f"{root} is not in a git repository",
            code="NO_REPOSITORY",
            hint="a rehearsal plays on a copy of your repository: `git init` and commit first",
        )
    if not reading("rev-parse", "--verify", "--quiet", "HEAD", cwd=root, check=False).strip():
        raise Refused("the repository has no commit yet", code="NO_COMMIT", hint="commit your packages first")
    top = Path(top_text)
    remote, work = folder / "remote.git", folder / "work"
    _clone(reading, git, top, remote, work, branch)
    _overlay(reading, top, work)
    _quieten(work)
    git("add", "--all", cwd=work)
    git(
        "commit",
        "--quiet",
        "--allow-empty",
        "--no-verify",
        "--message",
        "rehearsal: the working tree as it stands",
        cwd=work,
    )
    git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}", cwd=work)
    base = git("rev-parse", "HEAD", cwd=work).strip()
    inside = root.resolve().relative_to(top.resolve())
    return Stage(folder, work, work / inside, remote, home, base)


def _clone(reading: _Git, git: _Git, top: Path, remote: Path, work: Path, branch: str) -> None:
    git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(remote), cwd=remote.parent)
    head = reading("rev-parse", "HEAD", cwd=top).strip()
    shallow = reading("rev-parse", "--is-shallow-repository", cwd=top).strip() == "true"
    git("clone", "--quiet", "--no-hardlinks", "--no-checkout", str(top), str(work), cwd=remote.parent)
    git("remote", "set-url", "origin", str(remote), cwd=work)
    if shallow:
        # A shallow clone has no history to push: the copy starts one with the same tree, and tags have nothing to point at.
        for tag in git("tag", "--list", cwd=work).split():
            git("tag", "--delete", tag, cwd=work)
        tree = git("rev-parse", f"{head}^{{tree}}", cwd=work).strip()
        head = git("commit-tree", tree, "-m", "rehearsal: history cut off here", cwd=work).strip()
    git("checkout", "--quiet", "-B", branch, head, cwd=work)
    if shallow:
        (work / ".git" / "shallow").unlink(missing_ok=True)
    git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}", cwd=work)
    if git("tag", "--list", cwd=work).strip():
        git("push", "--quiet", "origin", "--tags", cwd=work)


def _overlay(reading: _Git, top: Path, work: Path) -> None:
    listing = reading("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", cwd=top)
    for item in listing.split("\0"):
        path = item[3:]
        source, target = top / path, work / path
        if not path or (source.is_dir() and not source.is_symlink()):
            continue
        target.unlink(missing_ok=True)
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _quieten(work: Path) -> None:
    """Take registries and credentials out of the copy's .npmrc files."""
    for path in work.rglob(".npmrc"):
        if "node_modules" in path.parts or not path.is_file():
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        path.write_text("\n".join(line for line in lines if not _REGISTRY_LINE.search(line)) + "\n", encoding="utf-8")
