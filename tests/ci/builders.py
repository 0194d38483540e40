"""Workspaces for CI files, and every combination of options worth looking at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import yaml

from vis_tasks.adapters.files import RootFiles
from vis_tasks.adapters.merge import merge_texts
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.adapters.templates import Templates, read_pins
from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.config.load import load_config
from vis_tasks.services.ci_context import context_for
from vis_tasks.services.ci_files import CiTools, generate, render
from vis_tasks.services.ci_lock import plan_locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from vis_tasks.core.ci.context import Context
    from vis_tasks.services.ci_files import Generated

__all__ = ["Finished", "Repo", "every_combination", "load"]

_LOCKS = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock", "bun": "bun.lock"}


@dataclass(frozen=True)
class Finished:
    code: int
    text: str


@dataclass
class Repo:
    """A workspace in a git repository, whose CI files are made."""

    top: Path
    folder: str = ""
    version: str = "1.0.0"
    pins: Mapping[str, Any] = field(default_factory=read_pins)
    lock: Callable[[str], str] = field(default=lambda requirement: f"{requirement} --hash=sha256:{'0' * 64}\n")

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        if not (self.root / "package.json").exists():
            self.manager("npm").configure("")

    @property
    def root(self) -> Path:
        return self.top / self.folder if self.folder else self.top

    def manager(self, name: str, version: str = "") -> Repo:
        data = {"name": "w", "version": "1.0.0"}
        if version:
            data["packageManager"] = f"{name}@{version}"
        self.write("package.json", json.dumps(data))
        for lock in _LOCKS.values():
            (self.root / lock).unlink(missing_ok=True)
        return self.write(_LOCKS[name], "")

    def write(self, path: str, text: str) -> Repo:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
        return self

    def configure(self, toml: str) -> Repo:
        return self.write("vis.toml", toml)

    def read(self, path: str) -> str:
        return (self.top / path).read_bytes().decode()

    def edit(self, path: str, old: str, new: str) -> Repo:
        text = self.read(path)
        assert old in text
        (self.top / path).write_bytes(text.replace(old, new, 1).encode())
        return self

    def exists(self, path: str) -> bool:
        return (self.top / path).exists()

    def git(self) -> Repo:
        subprocess.run(["git", "init", "--quiet", str(self.top)], check=True)
        return self

    @cached_property
    def tools(self) -> CiTools:
        runner = SubprocessRunner()
        return CiTools(
            top=RootFiles(self.top),
            root=RootFiles(self.root),
            prefix=f"{self.folder}/" if self.folder else "",
            templates=Templates(self.root),
            pins=self.pins,
            merge=lambda current, base, fresh: merge_texts(runner, current, base, fresh),
            version=self.version,
            audience=lambda: "npm:registry.test",
            lock=self.lock,
        )

    def generated(self, **options: Any) -> Generated:
        config = load_config(self.root, {}).config
        return generate(config, read_workspace(self.root), self.tools, **options)

    def context(self) -> Context:
        config = load_config(self.root, {}).config
        locks = plan_locks(config.ci, self.version, self.tools.root, None)
        return context_for(config, read_workspace(self.root), self.tools, locks, providers=("github", "gitlab"))

    def files(self, context: Context | None = None) -> dict[str, str]:
        """Every file of both providers."""
        return render(context or self.context(), self.tools, providers=("github", "gitlab"))

    def run(self, *argv: str, module: str = "vis_tasks") -> Finished:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "GITHUB_", "VIS_"))}
        done = subprocess.run(
            [sys.executable, "-m", module, *argv],
            cwd=self.root,
            env=env | {"NO_COLOR": "1", "UV_NO_INDEX": "1"},  # nothing is looked up outside this machine
            capture_output=True,
            text=True,
            check=False,
        )
        return Finished(done.returncode, done.stdout + done.stderr)


def load(text: str) -> Any:
    """YAML, by the fast parser."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


def every_combination() -> Iterator[tuple[str, dict[str, str]]]:
    """Name and options: ``manager`` and ``folder``, and the text of vis.toml."""
    choices = product(
        ("split", "single"),
        ("npm", "pnpm@10.20.0", "yarn@4.11.0", "yarn@1.22.22", "bun"),
        ("", "js/app one"),
        ("wait", "detached"),
        ("plain", "rich", "bare"),
    )
    for layout, manager, folder, mode, taste in choices:
        ci = {
            "plain": "",
            "rich": 'auth = "token"\napp = true\nbuild = "npm run build -- --mode=\'a b\'"\nrunners = ["self-hosted", "linux"]\n'
            'tags = ["linux"]\nrequirements = ".vis/requirements.txt"\n',
            "bare": 'check = false\nenvironment = ""\ncomment = false\ninstall = ["make", "deps"]\nvis-tasks = "./vis.whl"\n',
        }[taste]
        channels = '[release.channels.next]\ntag = "next"\n' if taste == "rich" else ""
        own = {
            "plain": "",
            "rich": '[release]\nremote = "upstream"\n[release.hooks]\nafter-tag = "./announce"\n',
            "bare": '[release.targets.smoke]\nneeds = ["pack"]\nbefore = ["stage"]\nrun = "./smoke"\n'
            '[release.targets.deploy]\nneeds = ["tag"]\nbefore = ["release"]\nrun = "./deploy"\n',
        }[taste]
        toml = f'{own}[release.publish.stage]\nmode = "{mode}"\n{channels}[ci]\nlayout = "{layout}"\n{ci}'
        yield (
            f"{layout}-{manager}-{folder or 'top'}-{mode}-{taste}",
            {"manager": manager, "folder": folder, "toml": toml},
        )
