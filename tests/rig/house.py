"""The ports of a release with a boundary before and after everything that leaves a trace: the place to crash at."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.git import GitCli
from vis_tasks.adapters.git_refs import GitRefCell
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.node import FoundNpm
from vis_tasks.adapters.npm.npmrc import file_layer
from vis_tasks.adapters.npm.side import NpmSide
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.config.load import load_config
from vis_tasks.ports import ForgeRelease
from vis_tasks.services.release import graph_for, make_release
from vis_tasks.services.run import Run
from vis_tasks.wiring import build_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.ports import Clock, Completed, Console, Desk, Machine, Runner
    from vis_tasks.services.run import Tools

__all__ = ["Boundary", "FileForge", "house", "release"]

Boundary = "Callable[[str], None]"

_GIT_CHANGES = frozenset(
    {"update-index", "commit", "push", "tag", "reset", "restore", "fetch", "merge", "rm", "add", "update-ref"}
)
_GIT_LOCKS = {
    "commit": ("index", "HEAD", "refs/heads/main"),
    "push": ("refs/remotes/origin/main",),
    "fetch": ("packed-refs",),
    "tag": ("refs/tags/some",),
}
_READS = ("ping", "whoami", "stages", "live", "status")


def house(
    root: Path,
    env: Mapping[str, str],
    *,
    clock: Clock,
    console: Console,
    boundary: Callable[[str], None],
    machine: Machine | None = None,
    desk: Desk | None = None,
    settings: Mapping[str, str] | None = None,
    programs: Callable[[Runner], Runner] = lambda runner: runner,
) -> Run:
    """A run over the checkout at ``root``, its npm settings read from ``.npmrc`` in ``HOME`` without starting npm.

    Args:
        root: the workspace.
        env: the whole environment.
        clock: time.
        console: where it talks to.
        boundary: called with a label before and after everything that leaves a trace, and before each question to the registry.
        machine: who holds the lock; this process by default.
        desk: where decisions are made; npm by default.
        settings: variables that stand above vis.toml.
        programs: what stands between a release and other programs.
    """
    config = load_config(root, settings or {}).config
    tools: Tools = build_tools(root, config, console)
    runner = _Runner(programs(SubprocessRunner(base_env=env)), boundary)

    def npm() -> Any:
        from pathlib import Path

        values = file_layer((Path(env["HOME"]) / ".npmrc").read_text(encoding="utf-8"), env)
        npm_config = NpmConfig("11.19.1", root, values, env=env)
        side = NpmSide(FoundNpm(("npm",), "11.19.1", "PATH"), npm_config, runner, clock, config.release.publish)
        return _Npm(side, boundary, desk)

    forge = FileForge(root.parent / "forge.json")
    tools = replace(
        tools,
        env=env,
        clock=clock,
        runner=runner,
        files=_Files(tools.files, boundary),
        machine=machine or tools.machine,
        git=GitCli(runner, root, env),
        ref_cell=lambda remote, ref: GitRefCell(runner, root, remote, ref),
        npm=npm,
        npm_soon=lambda: None,
        forge=lambda: _Around(forge, ("ensure_release",), "forge", boundary),
        packer=lambda _workspace: _Packing(Packer(), ("pack",), "packer", boundary),
    )
    return Run(tools, config)


def release(run: Run, *goals: str) -> None:
    """Make the goals, as the edge does it."""
    make_release(run, graph_for(run.config), goals or ("release",), command="invoke release")


class _Around:
    """A port with a boundary on both sides of some of its methods."""

    def __init__(self, port: Any, methods: Sequence[str], label: str, boundary: Callable[[str], None]) -> None:
        self._port = port
        self._methods = methods
        self._label = label
        self._boundary = boundary

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in self._methods:
            return found

        def around(*args: Any, **kwargs: Any) -> Any:
            label = f"{self._label} {name}"
            self._boundary(f"before {label}")
            answer = found(*args, **kwargs)
            self._boundary(f"after {label}")
            return answer

        return around


class _Packing(_Around):
    """A packer: each package of several has its boundaries."""

    def pack_many(
        self, package_dirs: Sequence[Path], destination: Path, started: Callable[[], None] = lambda: None
    ) -> Iterator[Path]:
        started()
        return (self.pack(each, destination) for each in package_dirs)


class _Files:
    """The files, with a third boundary in the middle of a write: the temporary file is there, the name isn't."""

    def __init__(self, files: Any, boundary: Callable[[str], None]) -> None:
        self._files = files
        self._boundary = boundary

    def __getattr__(self, name: str) -> Any:
        if name not in {"write", "create", "delete", "delete_tree"}:
            return getattr(self._files, name)

        def around(path: str, *content: bytes, **how: bool) -> Any:
            self._boundary(f"before {name} {path}")
            if name == "write":
                torn = self._files.root.joinpath(*path.split("/"))
                torn = torn.with_name(f".{torn.name}.torn1234.tmp")
                with suppress(PermissionError):
                    torn.parent.mkdir(parents=True, exist_ok=True)
                    torn.write_bytes(content[0][: len(content[0]) // 2])
                self._boundary(f"within {name} {path}")
                with suppress(PermissionError):
                    torn.unlink(missing_ok=True)
            answer = getattr(self._files, name)(path, *content, **how)
            self._boundary(f"after {name} {path}")
            return answer

        return around


class _Runner:
    """Programs: every git process that changes something (before, within, after), and all others (hooks, package managers)."""

    def __init__(self, runner: Runner, boundary: Callable[[str], None]) -> None:
        self._runner = runner
        self._boundary = boundary

    def run(self, argv: Sequence[str], **kwargs: Any) -> Completed:
        if argv[0] == "git" and not (set(argv[1:3]) & _GIT_CHANGES):
            return self._runner.run(argv, **kwargs)
        label = " ".join(argv[:2])
        self._boundary(f"before {label}")
        if argv[0] == "git":
            self._torn(argv, kwargs["cwd"])
        done = self._runner.run(argv, **kwargs)
        self._boundary(f"after {label}")
        return done

    def _torn(self, argv: Sequence[str], root: Path) -> None:
        """The moment in which git has its locks, and at most some files of another commit: killed then, the run leaves them."""
        locks = [root / ".git" / f"{name}.lock" for name in _GIT_LOCKS.get(argv[1], ("index",))]
        before = self._half_moved(root, argv[-1]) if argv[1] == "reset" and "--keep" in argv else {}
        for lock in locks:
            lock.parent.mkdir(parents=True, exist_ok=True)
            lock.touch(exist_ok=False)
        try:
            self._boundary(f"within git {argv[1]}")
        finally:
            for lock in locks:
                lock.unlink()
            for path, content in before.items():
                path.unlink(missing_ok=True) if content is None else path.write_bytes(content)
            if before:
                self._runner.run(["git", "update-index", "-q", "--refresh"], cwd=root, check=False)

    def _half_moved(self, root: Path, tip: str) -> dict[Path, bytes | None]:
        """Write all but the last of the files in which another commit differs; returns what stood there."""
        listing = self._runner.run(["git", "diff", "--name-only", "-z", "HEAD", tip, "--", ":!.vis"], cwd=root).stdout
        before: dict[Path, bytes | None] = {}
        for name in listing.split("\0")[:-2]:
            path = root / name
            before[path] = path.read_bytes() if path.exists() else None
            there = self._runner.run(["git", "show", f"{tip}:{name}"], cwd=root, check=False)
            if there.code:
                path.unlink()
            else:
                path.write_bytes(there.raw)
        return before


class _Npm:
    """The npm side, its readers and stagers with boundaries."""

    def __init__(self, side: NpmSide, boundary: Callable[[str], None], desk: Desk | None) -> None:
        self._side = side
        self._boundary = boundary
        self._desk = desk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._side, name)

    def reader(self, url: str) -> Any:
        return _Asking(self._side.reader(url), self._boundary)

    def desk(self, url: str) -> Any:
        return self._desk or self._side.desk(url)

    def stager(self, url: str) -> Any:
        return _Around(self._side.stager(url), ("stage", "publish"), "registry", self._boundary)


class _Asking:
    """A reader: a question leaves no trace, so one boundary is enough."""

    def __init__(self, reader: Any, boundary: Callable[[str], None]) -> None:
        self._reader = reader
        self._boundary = boundary

    def __getattr__(self, name: str) -> Any:
        if name in _READS:
            self._boundary(f"before registry {name}")
        return getattr(self._reader, name)


class Packer:
    """`vis_tasks.ports.Packer` without npm: the package's files, the same bytes each time."""

    def pack_many(
        self, package_dirs: Sequence[Path], destination: Path, started: Callable[[], None] = lambda: None
    ) -> Iterator[Path]:
        started()
        return (self.pack(each, destination) for each in package_dirs)

    def pack(self, package_dir: Path, destination: Path) -> Path:
        manifest = json.loads((package_dir / "package.json").read_text(encoding="utf-8"))
        file = destination / f"{manifest['name'].replace('@', '').replace('/', '-')}-{manifest['version']}.tgz"
        # As npm's, the bytes hang on the contents alone: no time in the gzip header.
        with (
            file.open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as archive,
        ):
            for path in sorted(each for each in package_dir.rglob("*") if each.is_file()):
                info = tarfile.TarInfo(f"package/{path.relative_to(package_dir).as_posix()}")
                info.size = path.stat().st_size
                archive.addfile(info, io.BytesIO(path.read_bytes()))
        return file


@dataclass
class FileForge:
    """`vis_tasks.ports.Forge` on a file outside of the workspace, shared by all clones: releases by tag, made once."""

    path: Path
    name: str = "forge"

    def releases(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return found

    def ensure_release(self, *, tag: str, title: str, notes: str, prerelease: bool) -> ForgeRelease:
        known = self.releases()
        if tag not in known:
            known[tag] = {"title": title, "notes": notes, "prerelease": prerelease}
            self.path.write_text(json.dumps(known))
            return ForgeRelease(tag, f"forge:{tag}", created=True)
        return ForgeRelease(tag, f"forge:{tag}", created=False)
