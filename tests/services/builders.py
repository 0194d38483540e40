"""A run over fakes of the ports, with real files and a real git where a test wants them."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.adapters.repositories import Repository, bare
from tests.fakes import FakeClock, FakeMachine, FakeNpm, FakeRegistry, MemoryFiles, RecordingConsole
from tests.planning.builders import package, workspace, write_change, write_workspace
from vis_tasks.adapters.changefiles import read_changes
from vis_tasks.adapters.files import RootFiles
from vis_tasks.adapters.workspace import read_needed, read_workspace
from vis_tasks.config.model import Config, PublishConfig, ReleaseConfig, StageConfig
from vis_tasks.core.edits import edits_for
from vis_tasks.core.pending import Entry, Pending, render
from vis_tasks.core.plan import make_plan
from vis_tasks.ports import Tarball
from vis_tasks.services.run import Run, Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vis_tasks.core.model import Package, Workspace

__all__ = ["World", "build_run", "build_world", "change", "entry", "integrity_of", "package", "tarball_bytes"]


def tarball_bytes(name: str, version: str) -> bytes:
    """What our packer packs: enough to know whose bytes they are."""
    return json.dumps({"name": name, "version": version}).encode()


def integrity_of(name: str, version: str) -> str:
    """The integrity of `tarball_bytes`."""
    return "sha512-" + b64encode(hashlib.sha512(tarball_bytes(name, version)).digest()).decode()


def shasum_of(name: str, version: str) -> str:
    return hashlib.sha1(tarball_bytes(name, version), usedforsecurity=False).hexdigest()


def entry(name: str, version: str = "1.1.0", **more: Any) -> Entry:
    """A pending entry for the bytes our packer would pack."""
    values: dict[str, Any] = {
        "id": f"id-{name}",
        "staged_at": "2026-11-21T11:00:00.000Z",
        "integrity": integrity_of(name, version),
        "shasum": shasum_of(name, version),
    }
    return Entry(name, version, **{**values, **more})


def _read_tarball(path: Path) -> Tarball:
    content = path.read_bytes()
    manifest = json.loads(content)
    return Tarball(
        name=manifest["name"],
        version=manifest["version"],
        path=path,
        integrity="sha512-" + b64encode(hashlib.sha512(content).digest()).decode(),
        shasum=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        size=len(content),
        unpacked_size=len(content),
        files=("package.json",),
        manifest=manifest,
    )


class _Packer:
    def pack_many(
        self, package_dirs: Sequence[Path], destination: Path, started: Callable[[], None] = lambda: None
    ) -> Iterator[Path]:
        started()
        return (self.pack(each, destination) for each in package_dirs)

    def pack(self, package_dir: Path, destination: Path) -> Path:
        manifest = json.loads((package_dir / "package.json").read_text(encoding="utf-8"))
        name, version = manifest["name"], manifest["version"]
        target = destination / f"{name.replace('/', '-').lstrip('@')}-{version}.tgz"
        target.write_bytes(tarball_bytes(name, version))
        return target


@dataclass
class World:
    """All that a run works on."""

    clock: FakeClock
    console: RecordingConsole
    registry: FakeRegistry
    npm: FakeNpm
    machine: FakeMachine
    tools: Tools
    config: Config
    repository: Repository | None = None

    @property
    def repo(self) -> Repository:
        assert self.repository is not None
        return self.repository

    def run(self, *, reach: Sequence[str] = (), plan_only: bool = False) -> Run:
        """A fresh run, as a new process would have."""
        return Run(self.tools, self.config, reach=frozenset(reach), plan_only=plan_only)

    @property
    def state(self) -> Pending:
        return self.run().state.pending()

    def hold(self, state: Pending) -> None:
        """Put staged.json on disk."""
        self.tools.files.write(".vis/release/staged.json", render(state).encode())


def build_world(
    root: Path | None = None,
    *packages: Package,
    changes: dict[str, str] | None = None,
    git: bool = True,
    env: dict[str, str] | None = None,
    npm: FakeNpm | None = None,
    stage: dict[str, Any] | None = None,
    **release: Any,
) -> World:
    """A workspace and the tools for it.

    Args:
        root: where the repository and its bare remote ``origin`` come to stand; None keeps everything in memory, without git.
        packages: the workspace's members.
        changes: change files, by name.
        git: make a repository, commit everything and push it.
        env: the environment of the run.
        npm: the npm side, over one registry by default.
        stage: fields of ``[release.publish.stage]``, seconds for durations.
        release: fields of ``[release]``.
    """
    clock, console = FakeClock(), RecordingConsole()
    npm = npm or FakeNpm(FakeRegistry())
    registry = next(iter(npm.registries.values()))
    repository = None
    files: Any = MemoryFiles()
    top = root / "work" if root else files.root
    if root is not None:
        write_workspace(top, *packages)
        (top / ".gitignore").write_text(".vis/release/.state.json\n.vis/release/.lock\n.vis/release/dist/\n")
        for name, text in (changes or {}).items():
            write_change(top, name, text)
        files = RootFiles(top)
        if git:
            repository = Repository(top, env=env)
            bare(root, repository)
            repository.sh("add", "--all")
            repository.sh("commit", "--quiet", "--message", "work")
            repository.sh("push", "--quiet", "origin", "main")
    durations = {"timeout", "poll_interval", "heartbeat", "settle"}
    settings: dict[str, Any] = {
        key: timedelta(seconds=value) if key in durations else value for key, value in (stage or {}).items()
    }
    publish = release.pop("publish", PublishConfig())
    config = Config(
        release=ReleaseConfig(publish=replace(publish, stage=replace(StageConfig(), **settings)), **release)
    )
    machine = FakeMachine()

    def in_memory(_root: Path) -> Workspace:
        return workspace(*packages)

    def plan_edits(found: Workspace, plan: Any) -> Any:
        return edits_for(found, read_needed(found, plan), plan, date=clock.now().date())

    tools = Tools(
        root=top,
        env=env or {},
        clock=clock,
        console=console,
        runner=None,  # type: ignore[arg-type]  # no test here starts a program
        files=files,
        machine=machine,
        git=repository.git if repository else None,  # type: ignore[arg-type]  # in memory nothing may ask git
        npm=lambda: npm,
        forge=lambda: None,
        packer=lambda _workspace: _Packer(),
        read_tarball=_read_tarball,
        inspect_tarball=lambda _package, path: (_read_tarball(path), ()),
        read_workspace=read_workspace if root else in_memory,
        read_changes=read_changes,
        make_plan=lambda found, listed, _branch: make_plan(found, listed, config.release),
        plan_edits=plan_edits,
        refresh_lockfile=lambda _workspace: (),
    )
    return World(clock, console, registry, npm, machine, tools, config, repository)


def build_run(root: Path | None = None, *packages: Package, reach: Sequence[str] = (), **how: Any) -> Run:
    """One run in a new world."""
    return build_world(root, *packages, **how).run(reach=reach)


def change(name: str, level: str = "minor", text: str = "Something changed") -> str:
    """The text of a change file for one package."""
    return f'---\n"{name}": {level}\n---\n\n{text}\n'
