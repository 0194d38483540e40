"""The registry in the foreground, for people: made ready with an account, and told about on the terminal."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import UsageError
from vis_tasks.registry.problems import Problem
from vis_tasks.registry.run import Registry
from vis_tasks.registry.server import Server, bind
from vis_tasks.registry.settings import Settings
from vis_tasks.registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["seed_from_workspace", "serve"]

MAINTAINER = "maintainer"
SKIPPED = frozenset({"node_modules", "dist", "build", "coverage"})


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 4873,
    data: Path | None = None,
    seed_from: Path | None = None,
    open_page: bool = False,
    say: Callable[[str], None] | None = None,
    settings: Settings | None = None,
) -> None:
    """Run until SIGINT or SIGTERM.

    The first start on a folder makes an account with two-factor and shows its password, authenticator secret and a token once.

    Args:
        host: address to listen on; anything but a loopback address lets others in.
        port: 0 takes a free one.
        data: folder to keep everything in; a temporary one, gone at the end, when None.
        seed_from: a workspace whose packages are put in at their current versions.
        open_page: open the page of staged versions in a browser.
        say: prints a line.
        settings: how it behaves.

    Raises:
        vis_tasks.errors.VisError: the folder is in use, the address can't be had, or there is nothing to seed from.
    """
    say = say or _say
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(_temporary_folder()))
        store = Store(folder, settings or Settings())
        stack.callback(store.close)
        server = Server(store, bind(host, port))
        registry = Registry(store, server.url)
        for line in _introduce(registry):
            say(line)
        if seed_from is not None:
            seeded = seed_from_workspace(registry, seed_from, maintainer=MAINTAINER)
            say(f"seeded   {len(seeded)} package version(s) from {seed_from}")
        if open_page:
            import webbrowser

            webbrowser.open(f"{server.url}-/staged")
        say(f"ready    {server.url}")
        server.run()


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="vis-registry-", ignore_cleanup_errors=True)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _introduce(registry: Registry) -> list[str]:
    lines = [f"registry {registry.url}", f"pages    {registry.url}-/staged", f"admin    {registry.admin_token}"]
    if registry.store.accounts.find(MAINTAINER) is None:
        user = registry.add_user(MAINTAINER)
        lines += [f"user     {user.name}", f"password {user.password}"]
        lines += [f"2FA      {user.totp_secret}  (put it in an authenticator)"]
    lines += ["", "# lines for a .npmrc"]
    return [*lines, *registry.npmrc_lines(registry.token(MAINTAINER, "read-write", bypass_2fa=True)), ""]


def seed_from_workspace(registry: Registry, root: Path, *, maintainer: str) -> list[str]:
    """Put every package below a folder in, as its package.json stands; what is there already is left alone.

    Args:
        registry: where to.
        root: searched for package.json files; ``node_modules`` and hidden folders are skipped, private packages too.
        maintainer: who may publish and decide.

    Returns:
        ``name@version`` of each one put in.

    Raises:
        vis_tasks.errors.UsageError: no such folder, or a package.json that can't be read.
    """
    if not root.is_dir():
        raise UsageError(f"no such folder: {root}", hint="--seed-from takes the root of a workspace")
    seeded = []
    for path in _manifests(root):
        manifest = _read(path)
        name, version = manifest.get("name"), manifest.get("version")
        if manifest.get("private") or not isinstance(name, str) or not isinstance(version, str):
            continue
        try:
            registry.seed(name, version, manifest, maintainers=(maintainer,))
        except Problem as problem:
            if problem.status == 409:
                continue
            raise UsageError(f"{path}: {problem.message}") from problem
        seeded.append(f"{name}@{version}")
    return seeded


def _manifests(folder: Path) -> list[Path]:
    found = [folder / "package.json"] if (folder / "package.json").is_file() else []
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.is_symlink() and not child.name.startswith(".") and child.name not in SKIPPED:
            found += _manifests(child)
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read: {error}") from error
    if not isinstance(manifest, dict):
        raise UsageError(f"{path} is no object")
    return manifest
