"""A builder for whole worlds: a workspace with a bare remote, a registry, and a home with npm credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.adapters.repositories import GIT_CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from vis_tasks.registry.run import Registry
    from vis_tasks.registry.stages import StageItem

__all__ = ["Finished", "World", "build_world"]

_PATIENCE = 60.0
_CONFIG = """[release.publish.stage]
timeout = "{timeout}"
poll-interval = "1s"
settle = "1s"
"""
_DROPPED = ("CI", "GITHUB_", "GITLAB_", "NPM_TOKEN", "npm_config_", "GIT_", "VIS_")


@dataclass(frozen=True)
class Finished:
    """A release process that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """What ``--json`` printed."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.stdout + self.stderr


@dataclass
class World:
    """One workspace and all that is around it."""

    folder: Path
    root: Path
    remote: Path
    registry: Registry
    env: dict[str, str]
    packages: dict[str, str] = field(default_factory=dict)
    client: str = "auto"

    # --- files and git ----------------------------------------------------------------------------------------------

    def write(self, path: str, text: str) -> World:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return self

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def configure(self, *, timeout: str = "60s", extra: str = "") -> World:
        client = "" if self.client == "auto" else f'[release.publish]\nclient = "{self.client}"\n\n'
        return self.write("vis.toml", client + _CONFIG.format(timeout=timeout) + extra)

    def package(self, name: str, version: str = "1.0.0", **manifest: Any) -> World:
        folder = name.rpartition("/")[2]
        data = {"name": name, "version": version, "main": "index.js", **manifest}
        self.write(f"packages/{folder}/package.json", json.dumps(data, indent=2) + "\n")
        self.write(f"packages/{folder}/index.js", f"module.exports = {name!r}\n")
        self.packages[name] = f"packages/{folder}"
        if not manifest.get("private"):
            self.registry.seed(name, version, manifest=data, maintainers=("alice", "ci"))
        return self

    def change(self, file: str, text: str = "A change.", **levels: str) -> World:
        """A change file; package names are given with ``_`` for ``-`` unless ``levels`` come from a dict."""
        front = "".join(f'"{name}": {level}\n' for name, level in levels.items())
        return self.write(f".vis/release/{file}.md", f"---\n{front}---\n\n{text}\n")

    def git(self, *argv: str, check: bool = True) -> str:
        done = subprocess.run(["git", *argv], cwd=self.root, env=self.env, capture_output=True, text=True, check=False)
        if check and done.returncode:
            msg = f"git {' '.join(argv)}: {done.stderr}"
            raise AssertionError(msg)
        return done.stdout.strip()

    def commit(self, message: str = "work") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def subjects(self, since: str = "") -> list[str]:
        """Subjects on the remote's main, newest first."""
        span = f"{since}..main" if since else "main"
        return self.git("--git-dir", str(self.remote), "log", "--format=%s", span).splitlines()

    def remote_tags(self) -> dict[str, str]:
        """Tags on the remote and the commits they point at."""
        tags = {}
        for line in self.git("ls-remote", "--tags", "origin").splitlines():
            commit, _, ref = line.partition("\t")
            tags[ref.removeprefix("refs/tags/").removesuffix("^{}")] = commit
        return tags

    def remote_file(self, path: str) -> str | None:
        """A file on the remote's main."""
        done = subprocess.run(
            ["git", "--git-dir", str(self.remote), "show", f"main:{path}"],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout if done.returncode == 0 else None

    def staged_json(self) -> dict[str, Any] | None:
        """staged.json as the remote's main has it."""
        text = self.remote_file(".vis/release/staged.json")
        return None if text is None else json.loads(text)

    # --- the release ------------------------------------------------------------------------------------------------

    def run(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Finished:
        """Run vis-tasks to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "vis_tasks", *argv],
            cwd=cwd or self.root,
            env=self.env | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=_PATIENCE * 2,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def running(self, *argv: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
        """Run vis-tasks while the test acts; the block's end waits for it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "vis_tasks", *argv],
            cwd=self.root,
            env=self.env | dict(env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running = Running(process)
        try:
            yield running
            stdout, stderr = process.communicate(timeout=_PATIENCE * 2)
            running.finished = Finished(process.returncode, stdout, stderr)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def staged(self, count: int, running: Running) -> list[StageItem]:
        """Wait until so many versions are staged, oldest first."""
        until(lambda: len(self.registry.stages()) >= count or running.process.poll() is not None)
        items = list(reversed(self.registry.stages()))
        assert len(items) == count, f"{len(items)} staged, {count} expected"
        return items

    def until_committed(self, subject: str, running: Running) -> None:
        """Wait until a commit with this subject stands on the remote's main."""
        until(lambda: subject in self.subjects() or running.process.poll() is not None)
        assert subject in self.subjects(), f"never committed: {subject}"

    def npm(self, *argv: str, as_user: str = "alice", env: Mapping[str, str] | None = None) -> Finished:
        """The real npm, as a maintainer."""
        npmrc = self.folder / f".npmrc-{as_user}"
        if not npmrc.exists():
            npmrc.write_text(
                "\n".join(self.registry.npmrc_lines(self.registry.token(as_user))) + "\n", encoding="utf-8"
            )
        done = subprocess.run(
            ["npm", *argv],
            cwd=self.folder,
            env=self.env | {"npm_config_userconfig": str(npmrc)} | dict(env or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def npm_approve(self, stage_id: str) -> None:
        done = self.npm("stage", "approve", stage_id, env={"npm_config_otp": self.registry.otp("alice")})
        assert done.code == 0, done.text

    def npm_reject(self, stage_id: str) -> None:
        done = self.npm("stage", "reject", stage_id, env={"npm_config_otp": self.registry.otp("alice")})
        assert done.code == 0, done.text

    def live(self, name: str) -> set[str]:
        return set(self.registry.versions(name))


@dataclass
class Running:
    """A release under way."""

    process: subprocess.Popen[str]
    finished: Finished | None = None

    @property
    def done(self) -> Finished:
        assert self.finished is not None, "still running"
        return self.finished


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process, with a deadline."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)  # another process can't be waited for in any other way


def build_world(folder: Path, registry: Registry) -> World:
    """An npm workspace without packages, its bare remote, and a home whose npm may stage."""
    root, remote, home = folder / "work", folder / "remote.git", folder / "home"
    root.mkdir()
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    env |= {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "npm_config_userconfig": str(home / ".npmrc"),
        "npm_config_globalconfig": str(home / "none"),
        "npm_config_cache": str(home / "cache"),
        "npm_config_update_notifier": "false",
        "NO_COLOR": "1",
    }
    (home / ".gitconfig").write_text(
        f"[include]\n\tpath = {GIT_CONFIG}\n[user]\n\tname = Tester\n\temail = tester@localhost\n", encoding="utf-8"
    )
    registry.add_user("alice", two_factor=True)
    registry.add_user("ci", two_factor=False)
    token = registry.token("ci", kind="read-write")
    (home / ".npmrc").write_text("\n".join(registry.npmrc_lines(token)) + "\n", encoding="utf-8")
    world = World(folder, root, remote, registry, env)
    world.write(
        "package.json", json.dumps({"name": "w", "private": True, "workspaces": ["packages/*"]}, indent=2) + "\n"
    )
    world.write(".gitignore", "node_modules/\n.vis/release/.state.json\n.vis/release/.lock\n.vis/release/dist/\n")
    world.configure()
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True, env=env)
    world.git("init", "--quiet", "--initial-branch=main")
    world.git("remote", "add", "origin", str(remote))
    return world
