"""Real git repositories in temporary folders."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.process import SubprocessRunner

__all__ = ["GIT_CONFIG", "MAIN", "Repository", "bare", "isolated_env"]

MAIN = "HEAD:refs/heads/main"
GIT_CONFIG = Path(__file__).parents[1] / "rig/gitconfig"


def isolated_env(home: Path) -> dict[str, str]:
    """An environment in which git sees no configuration but the repository's own and the tests'."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "CI_", "GITHUB_"))}
    return quiet | {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(GIT_CONFIG),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": "2026-11-21T12:00:00Z",
        "GIT_COMMITTER_DATE": "2026-11-21T12:00:00Z",
    }


class Repository:
    """A work tree; `git` is the adapter under test, `sh` the real program beside it."""

    def __init__(self, top: Path, *, root: str = ".", identity: bool = True, env: dict[str, str] | None = None) -> None:
        self.top = top
        self.root = top / root
        self.root.mkdir(parents=True, exist_ok=True)
        self.env = isolated_env(top.parent)
        if not (top / ".git").exists():
            self.sh("init", "--quiet", "--initial-branch=main")
        if identity:
            with (top / ".git/config").open("a", encoding="utf-8") as config:
                config.write("[user]\n\tname = Ada\n\temail = ada@example.test\n")
        self.git = GitCli(SubprocessRunner(base_env=self.env), self.root, env or {})

    def sh(self, *argv: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *argv], cwd=self.top, env=self.env, capture_output=True, text=True, check=False
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"git {' '.join(argv)}: {done.stderr}")
        return done.stdout.strip()

    def put(self, path: str, text: str = "text\n") -> Path:
        """Write a file, relative to the workspace root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
        return file

    def committed(self, path: str = "file", text: str = "text\n", message: str = "work") -> str:
        """Write a file and commit everything there is."""
        self.put(path, text)
        self.sh("add", "--all")
        self.sh("commit", "--quiet", "--message", message)
        return self.sh("rev-parse", "HEAD")

    def files_of(self, commit: str) -> set[str]:
        """Paths the commit touched, relative to the top."""
        return set(self.sh("show", "--format=", "--name-only", "--no-renames", "-z", commit).strip("\0").split("\0"))

    def clone(self, name: str, **how) -> Repository:
        """Another clone of this one's origin."""
        there = self.top.parent / name
        self.sh("clone", "--quiet", self.sh("remote", "get-url", "origin"), str(there))
        return Repository(there, **how)


def bare(parent: Path, repository: Repository, name: str = "origin") -> Path:
    """A bare remote, added to the repository."""
    remote = parent / f"{name}.git"
    repository.sh("init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    repository.sh("remote", "add", name, str(remote))
    return remote
