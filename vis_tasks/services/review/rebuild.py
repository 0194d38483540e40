"""Pack a version again from its recorded commit, in a clone of its own, and compare the bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.core.review.model import Check
from vis_tasks.errors import Failed, VisError
from vis_tasks.services.commands import argv_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.core.pending import Entry
    from vis_tasks.services.run import Run

__all__ = ["rebuild"]

_INSTALL: Mapping[str, tuple[tuple[str, ...], str]] = {
    "npm": (("npm", "ci"), "package-lock.json"),
    "pnpm": (("pnpm", "install", "--frozen-lockfile"), "pnpm-lock.yaml"),
    "yarn": (("yarn", "install", "--immutable"), "yarn.lock"),
    "bun": (("bun", "install", "--frozen-lockfile"), "bun.lock"),
}
_TIMEOUT = 30 * 60.0


def rebuild(run: Run, entry: Entry) -> Check:
    """Clone, check out the recorded commit, install true to the lock file, run ``hooks.before-pack``, pack.

    This runs the repository's own code, as CI did. Nothing in the working tree is touched.

    Args:
        run: the run.
        entry: the stage; its hash must be recorded.

    Returns:
        Whether the bytes are the same; an answer of None says why they could not be compared.
    """
    if not entry.commit or not (entry.integrity or entry.shasum):
        return Check("rebuild", None, "not rebuilt: staged.json holds no commit or no hash of it")
    try:
        with tempfile.TemporaryDirectory(prefix="vis-rebuild-", ignore_cleanup_errors=True) as folder:
            return _rebuild(run, entry, entry.commit, Path(folder))
    except VisError as error:
        return Check("rebuild", None, f"the rebuild failed: {error.message}")


def _rebuild(run: Run, entry: Entry, commit: str, folder: Path) -> Check:
    runner, clone = run.tools.runner, folder / "clone"
    top = (
        run.tools.root
        if not run.tools.git.prefix()
        else Path(*run.tools.root.parts[: -len(Path(run.tools.git.prefix()).parts)])
    )
    runner.run(["git", "clone", "--quiet", "--no-checkout", str(top), str(clone)], cwd=folder, timeout=_TIMEOUT)
    runner.run(["git", "checkout", "--quiet", "--detach", commit], cwd=clone, timeout=_TIMEOUT)
    root = clone / run.tools.git.prefix()
    workspace = run.tools.read_workspace(root)
    package = workspace.by_name.get(entry.name)
    if package is None or package.version != entry.version:
        raise Failed(f"{commit[:12]} does not hold {entry.spec}")
    install, lock = _INSTALL[workspace.manager]
    if (root / lock).is_file():
        runner.run(install, cwd=root, timeout=_TIMEOUT)
    hook = run.release.hooks.before_pack
    if hook:
        runner.run(argv_of(hook), cwd=root, timeout=_TIMEOUT)
    packed = folder / "packed"
    packed.mkdir()
    tarball = run.tools.read_tarball(run.tools.packer(workspace).pack(root / package.path, packed))
    good = tarball.integrity == entry.integrity if entry.integrity else tarball.shasum == entry.shasum
    words = f"packed again from {commit[:12]}, the bytes are"
    return Check("rebuild", good, f"{words} the same" if good else f"{words} others ({tarball.integrity})")
