"""Repositories for whole releases: a bare remote, clones of it, and a home with npm's and git's settings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.rig.remote import Remote
from vis_tasks.registry.run import Settings, start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vis_tasks.registry.run import Registry

__all__ = ["Sandbox", "quick_folder"]

_MEMORY = Path("/dev/shm")  # Linux keeps it in memory: making and removing folders and fsync cost next to nothing there

_DROPPED = ("CI", "GITHUB_", "GITLAB_", "NPM_", "npm_config_", "GIT_", "VIS_")
_IGNORED = "node_modules/\n.vis/release/.state.json\n.vis/release/.lock\n.vis/release/dist/\n"
CONFIG = """[release.publish]
client = "direct"
concurrency = {concurrency}

[release.publish.stage]
timeout = "20s"
poll-interval = "5s"
settle = "1s"
"""


class _LongAgo:
    """The registry's time when its first versions went live: before any clock of a test begins."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def pause(self, seconds: float) -> None:
        """Nobody waits here."""


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder for many small repositories, in memory where there is such a place; removed at the end."""
    where = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="vis-rig-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Sandbox:
    """A folder with ``remote.git``, ``home``, ``registry`` and clones."""

    folder: Path

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @cached_property
    def view(self) -> Remote:
        """A look into the remote."""
        return Remote(self.remote, self.env)

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def env(self) -> dict[str, str]:
        """The environment of a release here."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
        return env | {
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": str(self.home / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "NO_COLOR": "1",
        }

    @classmethod
    def build(cls, folder: Path, packages: Mapping[str, Mapping[str, Any]], *, config: str) -> Sandbox:
        """An npm workspace at version 1.0.0 of everything, committed and pushed."""
        box = cls(folder)
        box.home.mkdir(parents=True)
        (box.home / ".gitconfig").write_text(
            "[user]\n\tname = Tester\n\temail = tester@localhost\n[gc]\n\tauto = 0\n[advice]\n\tdetachedHead = false\n",
            encoding="utf-8",
        )
        box.git(folder, "init", "--quiet", "--template=", "--bare", "--initial-branch=main", str(box.remote))
        box.git(folder, "init", "--quiet", "--template=", "--initial-branch=main", str(box.work))
        box.git(box.work, "remote", "add", "origin", "../remote.git")
        root = {"name": "w", "private": True, "workspaces": ["packages/*"]}
        box.write("package.json", json.dumps(root, indent=2) + "\n")
        box.write(".gitignore", _IGNORED)
        box.write("vis.toml", config)
        for name, more in packages.items():
            data = {"name": name, "version": "1.0.0", "main": "index.js", **more}
            box.write(f"packages/{name}/package.json", json.dumps(data, indent=2) + "\n")
            box.write(f"packages/{name}/index.js", f"module.exports = {name!r}\n")
        box.commit(box.work, "feat: begin")
        return box

    def furnish(self, packages: Mapping[str, Mapping[str, Any]]) -> None:
        """A registry for these packages, each live as 1.0.0: a maintainer, alice, and CI, whose token is kept beside it."""
        with start_registry(self.folder / "registry", settings=Settings(clock=_LongAgo())) as registry:
            registry.add_user("alice")
            registry.add_user("ci", two_factor=False)
            for name in packages:
                registry.seed(name, "1.0.0", maintainers=("alice", "ci"))
            token = registry.token("ci", "read-write", bypass_2fa=True)
        (self.folder / "token").write_text(token, encoding="utf-8")

    @property
    def token(self) -> str:
        """CI's token, which may read and write everything."""
        return (self.folder / "token").read_text(encoding="utf-8")

    def copy(self, folder: Path) -> Sandbox:
        """The same in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Sandbox(folder)

    def connect(self, registry: Registry, token: str | None) -> None:
        """Let npm in this home use a registry."""
        (self.home / ".npmrc").write_text("\n".join(registry.npmrc_lines(token)) + "\n", encoding="utf-8")

    def clone(self, name: str) -> Path:
        """A fresh clone, as another machine has it; it goes on working in a copy of the sandbox."""
        self.git(self.folder, "clone", "--quiet", "--template=", "remote.git", name)
        config = self.folder / name / ".git" / "config"
        config.write_text(
            config.read_text(encoding="utf-8").replace(str(self.remote), "../remote.git"), encoding="utf-8"
        )
        return self.folder / name

    def write(self, path: str, text: str, *, root: Path | None = None) -> None:
        target = (root or self.work) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def change(self, file: str, root: Path | None = None, **levels: str) -> None:
        """A change file."""
        front = "".join(f'"{name}": {level}\n' for name, level in levels.items())
        self.write(f".vis/release/{file}.md", f"---\n{front}---\n\nA change called {file}.\n", root=root)

    def git(self, cwd: Path, *argv: str, check: bool = True) -> str:
        done = subprocess.run(["git", *argv], cwd=cwd, env=self.env, capture_output=True, text=True, check=False)
        if check and done.returncode:
            msg = f"git {' '.join(argv)}: {done.stderr}"
            raise AssertionError(msg)
        return done.stdout.strip()

    def commit(self, root: Path, message: str) -> None:
        self.git(root, "add", "--all")
        self.git(root, "commit", "--quiet", "-m", message)
        self.git(root, "push", "--quiet", "origin", "HEAD:main")
