"""The stage set: the repository as it stands (HEAD plus working tree) in a temporary folder, with a bare remote of its own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Refused
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vis_tasks.ports import Runner

__all__ = ["Stage", "Template", "copy_repository"]

_REGISTRY_LINE = regex(
    r"^\s*(?:@[^:=\s]+:)?registry\s*=|^\s*//|^\s*_(?:auth|password)|^\s*always-auth|^\s*(?:user|global)config\s*=",
    re.IGNORECASE,
)
_YARN_KEYS = frozenset({"npmRegistryServer", "npmPublishRegistry", "npmRegistries", "npmScopes", "npmAuthToken",
                        "npmAuthIdent", "npmAlwaysAuth"})  # fmt: skip
_PNPM_KEYS = frozenset({"registry", "registries", "namedRegistries"})
_BUN_KEYS = frozenset({"registry", "scopes"})
_EXCLUDED = "node_modules/\n.pnp.*\n.yarn/cache/\n.yarn/unplugged/\n.yarn/install-state.gz\n"


@dataclass(frozen=True)
class Stage:
    """Where one scenario plays.

    Attributes:
        folder: its folder.
        remote: the bare repository.
        inside: the workspace root, relative to the top of a work tree.
        branch: the branch that is released.
        remote_name: what the bare repository is called in the work trees.
        base: the commit everything starts from.
    """

    folder: Path
    remote: Path
    inside: Path
    branch: str
    remote_name: str
    base: str

    def root(self, machine: str = "work") -> Path:
        """The workspace root of one machine's work tree."""
        return self.folder / machine / self.inside


@dataclass(frozen=True)
class Template:
    """The copied repository, from which the stage of each scenario is cloned.

    Attributes:
        stage: as it was copied; nothing is ever run in it.
        git: starts git with nothing of the user's in its environment.
    """

    stage: Stage
    git: _Git

    def clone(self, folder: Path) -> Stage:
        """A stage of its own for one scenario, without any machine yet. One git process; objects are shared.

        Args:
            folder: does not exist yet; beside the template's, so that relative ways out of it stay the same.
        """
        folder.mkdir()
        remote = folder / "remote.git"
        self.git("clone", "--quiet", "--bare", "--shared", str(self.stage.remote), str(remote), cwd=folder)
        self.git("config", "gc.auto", "0", cwd=remote)
        here = self.stage
        return Stage(folder, remote, here.inside, here.branch, here.remote_name, here.base)

    def machine(self, stage: Stage, name: str) -> Path:
        """A fresh clone, as another machine has it; returns its workspace root."""
        top = stage.folder / name
        options = ["--origin", stage.remote_name, "--branch", stage.branch]
        self.git("clone", "--quiet", *options, "--shared", str(stage.remote), str(top), cwd=stage.folder)
        _exclude(top)
        return top / stage.inside


class _Git:
    """git with one environment; returns what it printed."""

    def __init__(self, runner: Runner, env: Mapping[str, str]) -> None:
        self._runner = runner
        self._env = env

    def __call__(self, *argv: str, cwd: Path, check: bool = True) -> str:
        return self._runner.run(["git", *argv], cwd=cwd, env=self._env, check=check).stdout


def copy_repository(
    real: Runner, isolated: Runner, root: Path, folder: Path, *, branch: str, remote_name: str
) -> Template:
    """Clone what is committed, then lay what isn't on top and commit it in the copy.

    Nothing is written below ``root``, its git index included, and its remotes aren't asked. The package managers' own files lose
    their registries and credentials in the copy.

    Args:
        real: starts git in the real repository, for reading only.
        isolated: starts git in the copy.
        root: the workspace root in the real repository.
        folder: an empty folder.
        branch: the branch the release will stand on.
        remote_name: what the remote is called.

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
    inside = root.resolve().relative_to(top.resolve())
    remote, work = folder / "remote.git", folder / "work"
    _clone(reading, git, top, remote, work, branch, remote_name)
    _overlay(reading, top, work)
    _quieten(work)
    _exclude(work)
    git("add", "--all", cwd=work)
    message = "rehearsal: the working tree as it stands"
    git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", message, cwd=work)
    git("push", "--quiet", remote_name, f"HEAD:refs/heads/{branch}", cwd=work)
    base = git("rev-parse", "HEAD", cwd=work).strip()
    return Template(Stage(folder, remote, inside, branch, remote_name, base), git)


def _clone(reading: _Git, git: _Git, top: Path, remote: Path, work: Path, branch: str, name: str) -> None:
    git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(remote), cwd=remote.parent)
    head = reading("rev-parse", "HEAD", cwd=top).strip()
    shallow = reading("rev-parse", "--is-shallow-repository", cwd=top).strip() == "true"
    git("clone", "--quiet", "--no-hardlinks", "--no-checkout", "--origin", name, str(top), str(work), cwd=remote.parent)
    git("remote", "set-url", name, str(remote), cwd=work)
    if shallow:
        # A shallow clone has no history to push: the copy starts one with the same tree, and tags have nothing to point at.
        for tag in git("tag", "--list", cwd=work).split():
            git("tag", "--delete", tag, cwd=work)
        tree = git("rev-parse", f"{head}^{{tree}}", cwd=work).strip()
        head = git("commit-tree", tree, "-m", "rehearsal: history cut off here", cwd=work).strip()
    git("checkout", "--quiet", "-B", branch, head, cwd=work)
    if shallow:
        (work / ".git" / "shallow").unlink(missing_ok=True)
    else:
        _lend_objects(work, remote)
    git("push", "--quiet", name, f"HEAD:refs/heads/{branch}", cwd=work)
    if git("tag", "--list", cwd=work).strip():
        git("push", "--quiet", name, "--tags", cwd=work)


def _lend_objects(work: Path, remote: Path) -> None:
    """A push of the whole history then sends nothing: its objects are the work tree's (gitrepository-layout(5), alternates)."""
    alternates = remote / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{(work / '.git' / 'objects').as_posix()}\n", encoding="utf-8")


def _overlay(reading: _Git, top: Path, work: Path) -> None:
    listing = reading("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", cwd=top)
    for item in listing.split("\0"):
        path = item[3:]
        source, target = top / path, work / path
        if not path or "node_modules" in Path(path).parts or (source.is_dir() and not source.is_symlink()):
            continue
        target.unlink(missing_ok=True)
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _exclude(work: Path) -> None:
    """What is installed never counts as a change of the copy, whether or not the project ignores it."""
    info = work / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "exclude").write_text(_EXCLUDED, encoding="utf-8")


def _quieten(work: Path) -> None:
    """Take registries and credentials out of the copy's files: npm's, pnpm's, Yarn's and Bun's."""
    for path in _named(work, ".npmrc"):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        path.write_text("\n".join(line for line in lines if not _REGISTRY_LINE.search(line)) + "\n", encoding="utf-8")
    for name, keys in ((".yarnrc.yml", _YARN_KEYS), ("pnpm-workspace.yaml", _PNPM_KEYS)):
        for path in _named(work, name):
            _without_yaml_keys(path, keys)
    for path in _named(work, "bunfig.toml"):
        _without_bun_registries(path)


def _named(work: Path, name: str) -> list[Path]:
    return [path for path in work.rglob(name) if path.is_file() and not {"node_modules", ".git"} & set(path.parts)]


def _without_yaml_keys(path: Path, keys: frozenset[str]) -> None:
    """Drop keys; a file that has none of them, or that can't be read, stays as it is: its own tool will say what is wrong."""
    import yaml

    try:
        data = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError):
        return
    if isinstance(data, dict) and keys & data.keys():
        kept = {key: value for key, value in data.items() if key not in keys}
        path.write_text(yaml.safe_dump(kept, sort_keys=False) if kept else "", encoding="utf-8")


def _without_bun_registries(path: Path) -> None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(path.read_text(encoding="utf-8"))
    except (TOMLKitError, UnicodeDecodeError):
        return
    install = document.get("install")
    if isinstance(install, dict) and _BUN_KEYS & install.keys():
        for key in _BUN_KEYS & install.keys():
            del install[key]
        path.write_text(tomlkit.dumps(document), encoding="utf-8")
