"""The project's own package manager packs: it alone resolves ``workspace:`` and ``catalog:`` ranges the way it means them.

All of them run prepack and postpack once while they pack, and prepare too (but for Yarn); none of them runs prepublishOnly,
which belongs to publishing a folder. We publish tarballs, so it is run here, right before packing, as ``npm publish`` would.
(Tried with npm 11.19, pnpm 10 and 12, Yarn 1.22 and 4.18, Bun 1.4.)
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.npm.output import npm_error
from vis_tasks.adapters.redact import redact
from vis_tasks.errors import Failed
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from vis_tasks.core.model import Workspace
    from vis_tasks.ports import Completed, Packer, Runner

__all__ = ["CommandPacker", "packer_for"]

_BEFORE_PUBLISHING = "prepublishOnly"
_TIMEOUT = 60 * 60.0
_TAIL_LINES = 20
_BATCH = 100  # a process costs about as much as 25 packages (pnpm: 50), and people see that something moves


@dataclass(frozen=True)
class CommandPacker:
    """`vis_tasks.ports.Packer` over one package manager's ``pack`` command.

    Attributes:
        runner: starts it.
        run: how a script of the package is run; its name follows.
        pack_command: how a package is packed; ``{folder}`` stands for the folder the tarball goes to.
        env: variables to add.
        root: the workspace root.
        together: the command that packs several packages of the workspace (their manifests by folder), started at the root; None
            where there is none.
    """

    runner: Runner
    run: tuple[str, ...]
    pack_command: tuple[str, ...]
    env: Mapping[str, str]
    root: Path
    together: Callable[[Mapping[Path, Mapping[str, Any]]], tuple[str, ...]] | None = None

    def pack(self, package_dir: Path, destination: Path) -> Path:
        """Pack one package: one process, and one more when it has a ``prepublishOnly`` script.

        The tarball is written into a folder of its own and then moved, so ``destination`` holds whole files only; one of the same
        name is replaced.

        Args:
            package_dir: the package's folder.
            destination: where the tarball goes; made when it isn't there.

        Returns:
            The tarball: ``destination/<name>-<version>.tgz``, the scope's ``@`` dropped and its slash a dash.

        Raises:
            vis_tasks.errors.Failed: code ``PACK_FAILED`` with the tail of the output, ``NOT_FOUND`` or ``TIMEOUT``.
        """
        self._before(package_dir)
        return self._pack_one(package_dir, destination)

    def _before(self, package_dir: Path, started: Callable[[], None] | None = None) -> Mapping[str, Any]:
        """Run what comes before publishing; gives the manifest as it is then."""
        manifest = _manifest(package_dir)
        if _BEFORE_PUBLISHING not in _scripts(manifest):
            return manifest
        doing = f"its {_BEFORE_PUBLISHING} script failed"
        self._call([*self.run, _BEFORE_PUBLISHING], package_dir, doing=doing, started=started)
        return _manifest(package_dir)

    def _pack_one(self, package_dir: Path, destination: Path, started: Callable[[], None] | None = None) -> Path:
        with _own_folder(destination) as folder:
            argv = [part.replace("{folder}", str(folder)) for part in self.pack_command]
            self._call(argv, package_dir, doing="it could not be packed", started=started)
            made = [path for path in folder.rglob("*.tgz") if path.is_file()]
            if len(made) != 1:
                raise _failed(package_dir, f"{argv[0]} wrote {len(made)} tarballs instead of one")
            target = destination / _file_name(_manifest(package_dir))
            return made[0].replace(target)

    def pack_many(
        self, package_dirs: Sequence[Path], destination: Path, started: Callable[[], None] = lambda: None
    ) -> Iterator[Path]:
        """Pack several packages: one process for each 100 where the package manager can, one for each package where it can't.

        Args:
            package_dirs: their folders.
            destination: as in `pack`.
            started: called each time when a process runs.

        Yields:
            The tarballs in the order of the folders, each as soon as it is there.

        Raises:
            vis_tasks.errors.Failed: as in `pack`.
        """

        def begun() -> None:
            started()
            import vis_tasks.adapters.npm.direct
            import vis_tasks.adapters.npm.engine  # noqa: F401  (looking inside and sending: 10 ms, and here nobody waits for it)

        size = _BATCH if self.together else 1
        for start in range(0, len(package_dirs), size):
            batch = package_dirs[start : start + size]
            made = self._pack_together({each: self._before(each, begun) for each in batch}, destination, begun)
            for package_dir in batch:
                yield made.get(package_dir) or self._pack_one(package_dir, destination, begun)

    def _pack_together(
        self, manifests: Mapping[Path, Mapping[str, Any]], destination: Path, started: Callable[[], None]
    ) -> dict[Path, Path]:
        """What one process packed, by folder; not all of them where an old pnpm knows no ``--filter`` for ``pack``."""
        if self.together is None or len(manifests) == 1:
            return {}
        with _own_folder(destination) as folder:
            argv = [part.replace("{folder}", str(folder)) for part in self.together(manifests)]
            self._call(argv, self.root, doing=f"{len(manifests)} packages could not be packed", started=started)
            found = {path.name.removeprefix("@"): path for path in folder.rglob("*.tgz") if path.is_file()}
            # Read again after packing where a script may have written it.
            names = {
                each: _file_name(_manifest(each) if _scripts(manifest) else manifest)
                for each, manifest in manifests.items()
            }
            return {each: found[name].replace(destination / name) for each, name in names.items() if name in found}

    def _call(self, argv: Sequence[str], package_dir: Path, *, doing: str, started: Callable[[], None] | None) -> None:
        done = self.runner.run(argv, cwd=package_dir, env=self.env, check=False, timeout=_TIMEOUT, started=started)
        if done.code != 0:
            raise _failed(package_dir, f"{doing} ({' '.join(done.argv)}, exit code {done.code}){_words(done)}")


@contextmanager
def _own_folder(destination: Path) -> Iterator[Path]:
    """An empty folder on the same disk as the destination, gone afterwards."""
    destination.mkdir(parents=True, exist_ok=True)
    folder = destination / f".packing-{os.urandom(8).hex()}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def packer_for(
    workspace: Workspace, runner: Runner, *, npm: Sequence[str] = ("npm",), env: Mapping[str, str] | None = None
) -> Packer:
    """The packer of the workspace's package manager. For Yarn one process asks for its version.

    Args:
        workspace: says which package manager it is.
        runner: starts programs.
        npm: how npm is started, for workspaces of npm.
        env: variables to add.

    Raises:
        vis_tasks.errors.Failed: code ``NOT_FOUND`` when the package manager isn't there.
    """
    variables = dict(env or {})
    root = workspace.root
    if workspace.manager == "pnpm":
        command: tuple[str, ...] = ("pack", "--pack-destination", "{folder}")
        return CommandPacker(
            runner,
            ("pnpm", "run"),
            ("pnpm", *command),
            variables,
            root,
            lambda dirs: ("pnpm", *_options("--filter", dirs), *command),
        )
    if workspace.manager == "bun":
        return CommandPacker(
            runner, ("bun", "run"), ("bun", "pm", "pack", "--destination", "{folder}"), variables, root
        )
    if workspace.manager == "yarn":
        version = runner.run(["yarn", "--version"], cwd=root, env=variables, timeout=_TIMEOUT).stdout
        classic, each = version.strip().startswith("1."), ("yarn", "workspaces", "foreach", "--all")
        out = str(Path("{folder}") / "%s-%v.tgz")
        return CommandPacker(
            runner,
            ("yarn", "run"),
            ("yarn", "pack", "--filename" if classic else "--out", str(Path("{folder}") / "package.tgz")),
            variables,
            root,
            None if classic else lambda dirs: (*each, *_options("--include", dirs), "pack", "--out", out),
        )
    command = (*npm, "pack", "--json", "--no-dry-run", "--pack-destination", "{folder}")
    return CommandPacker(
        runner,
        (*npm, "run"),
        command,
        {"npm_config_update_notifier": "false", **variables},
        root,
        lambda dirs: (*command, *(f"./{each.relative_to(root).as_posix()}" for each in dirs)),
    )


def _options(option: str, manifests: Mapping[Path, Mapping[str, Any]]) -> list[str]:
    """The option once for each package's name."""
    return [part for each in manifests.values() for part in (option, str(each.get("name")))]


def _manifest(package_dir: Path) -> dict[str, Any]:
    path = package_dir / "package.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _failed(package_dir, f"{path} can't be read: {error}") from error
    return manifest if isinstance(manifest, dict) else {}


def _scripts(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    scripts = manifest.get("scripts")
    return scripts if isinstance(scripts, dict) else {}


def _file_name(manifest: Mapping[str, Any]) -> str:
    """As npm names it."""
    name, version = str(manifest.get("name") or "package"), str(manifest.get("version") or "0.0.0")
    return re.sub(r"[^\w.+-]", "-", f"{name.removeprefix('@')}-{version}") + ".tgz"


def _words(done: Completed) -> str:
    """The package manager's own error, and the end of what its scripts wrote."""
    error = npm_error(done.stdout, "")
    head = f": {error.words}" if error and error.words else ""
    lines = [line for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()][-_TAIL_LINES:]
    return head + "".join(f"\n  {redact(line)}" for line in lines)


def _failed(package_dir: Path, why: str) -> Failed:
    return Failed(f"{package_dir}: {why}", code="PACK_FAILED", hint="Mend what it names, then run again: invoke pack")
