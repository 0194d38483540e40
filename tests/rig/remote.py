"""The git remote as anybody sees it, read with as few processes as can be: what a commit holds never changes."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.rig.memory import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["STAGED", "STATE_BRANCH", "Refs", "Remote", "Tag"]

STAGED_NAME = "staged.json"
STAGED = f".vis/release/{STAGED_NAME}"
STATE_BRANCH = "vis-release-state"


@dataclass(frozen=True)
class Tag:
    """An annotated tag: the commit it points at, and its words."""

    commit: str
    words: str


@dataclass(frozen=True)
class Refs:
    """The release branch, the branch that holds its state (where there is one), and all tags, at one moment."""

    main: str
    tags: Mapping[str, Tag]
    state: str = ""


class Remote:
    """A bare repository, looked into.

    Args:
        path: where it is.
        env: git's environment.

    Attributes:
        switched: whether the state branch was switched on, or off, at last; None where it is what it was from the beginning.
    """

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self.path = path
        self._env = dict(env)
        self.switched: bool | None = None
        self._files: dict[tuple[str, str], bytes | None] = {}
        self._trees: dict[tuple[str, str], dict[str, bytes]] = {}
        self._refs: tuple[Any, Refs] | None = None
        self._logs: dict[tuple[str, str], list[str]] = {}

    def refs(self) -> Refs:
        """One process, where any ref has changed since."""
        now = stamp(self.path, refs=True)
        if self._refs is None or self._refs[0] != now:
            self._refs = (now, self._read_refs())
        return self._refs[1]

    def _read_refs(self) -> Refs:
        form = "%(refname)%00%(objectname)%00%(*objectname)%00%(contents)%01"
        listing = self._git("for-each-ref", f"--format={form}", "refs/heads", "refs/tags").decode()
        heads, tags = {}, {}
        for item in listing.split("\x01")[:-1]:
            ref, commit, peeled, words = item.lstrip("\n").split("\0")
            if ref.startswith("refs/tags/"):
                tags[ref.removeprefix("refs/tags/")] = Tag(peeled or commit, words)
            else:
                heads[ref.removeprefix("refs/heads/")] = commit
        return Refs(heads["main"], tags, heads.get(STATE_BRANCH, ""))

    def files(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Get files of commits in one process, so that `file` has them at hand."""
        missing = [each for each in dict.fromkeys(wanted) if each not in self._files]
        if not missing:
            return
        asked = "".join(f"{commit}:{path}\n" for commit, path in missing)
        out = io.BytesIO(self._git("cat-file", "--batch", text=asked.encode()))
        for each in missing:
            head = out.readline().split()
            found = head[-1].isdigit()
            self._files[each] = out.read(int(head[2])) if found else None
            if found:
                out.read(1)

    def file(self, commit: str, path: str) -> bytes | None:
        """A file of a commit; None when it isn't there."""
        self.files([(commit, path)])
        return self._files[commit, path]

    def manifest(self, commit: str, name: str) -> dict[str, Any]:
        """A package's package.json in a commit; empty when there is none."""
        content = self.file(commit, f"packages/{name}/package.json")
        return {} if content is None else json.loads(content)

    def staged(self, refs: Refs) -> dict[str, Any]:
        """staged.json, from the branch that holds it; empty when there is none."""
        on_branch = refs.state and self.switched is not False
        content = self.file(refs.state, f"main/{STAGED_NAME}") if on_branch else self.file(refs.main, STAGED)
        return {} if content is None else json.loads(content)

    def tree(self, commit: str, folder: str) -> dict[str, bytes]:
        """All files below a folder of a commit, by their path in it; one process for what wasn't asked before."""
        if (commit, folder) not in self._trees:
            found = {}
            with tarfile.open(fileobj=io.BytesIO(self._git("archive", f"{commit}:{folder}"))) as archive:
                for member in archive.getmembers():
                    file = archive.extractfile(member)
                    if file is not None:
                        found[member.name] = file.read()
            self._trees[commit, folder] = found
        return self._trees[commit, folder]

    def paths(self, commit: str) -> list[str]:
        """Every path of a commit."""
        return self._git("ls-tree", "-r", "--name-only", commit).decode().splitlines()

    def log(self, form: str, commit: str) -> list[str]:
        """Lines of ``git log``."""
        if (form, commit) not in self._logs:
            self._logs[form, commit] = self._git("log", f"--format={form}", commit).decode().splitlines()
        return self._logs[form, commit]

    def merge(self, branch: str, message: str, files: Mapping[str, str]) -> None:
        """One more commit on a branch, as somebody merges it on the forge. One process."""
        who = "Developer <developer@localhost> 1795262400 +0000"
        lines = [f"commit refs/heads/{branch}\ncommitter {who}\n{_data(message)}from refs/heads/{branch}^0\n"]
        lines += [f"M 100644 inline {path}\n{_data(text)}" for path, text in files.items()]
        self._git("fast-import", "--quiet", text="".join(lines).encode())

    def _git(self, *argv: str, text: bytes = b"") -> bytes:
        done = subprocess.run(
            ["git", *argv], cwd=self.path, env=self._env, input=text, capture_output=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(argv)}: {done.stderr.decode()}"
        return done.stdout


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
