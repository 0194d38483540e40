"""Where a work tree and its git folders lie, asked once; and where HEAD is, which their files say without a process.

Branch and HEAD are read anew each time: others move them, too. What isn't plainly there (packed refs, a reftable, a detached
HEAD, a symbolic ref) is left to git (gitrepository-layout(5)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.patterns import regex
from vis_tasks.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PLACE_WORDS", "Place", "parse_place"]

PLACE_WORDS = (
    "rev-parse", "--is-inside-work-tree", "--show-prefix", "--absolute-git-dir", "--git-common-dir",
    "--show-toplevel",
)  # fmt: skip
"""Git's answer has a line for each; it fails outside a repository, and in one without a work tree."""

_REF = regex(r"ref: refs/heads/(?P<branch>[^\n]+)\n")
_ID = regex(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\n")


@dataclass(frozen=True)
class Place:
    """A work tree.

    Attributes:
        prefix: the workspace root relative to the top: empty, or a path that ends in a slash.
        git: its own git folder.
        common: the git folder that several work trees share; the same where there is one.
        top: its top.
    """

    prefix: str
    git: Path
    common: Path
    top: Path

    @property
    def folders(self) -> tuple[Path, Path, Path]:
        """The git folder, the shared one, the top."""
        return self.git, self.common, self.top

    def head(self) -> tuple[str, str] | None:
        """The branch checked out and its commit; None where only git can tell. Reads two small files."""
        try:
            branch = _REF.fullmatch((self.git / "HEAD").read_text(encoding="utf-8"))
            if branch is None:
                return None
            commit = (self.common / "refs" / "heads" / branch["branch"]).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        return (branch["branch"], commit.strip()) if _ID.fullmatch(commit) else None


def parse_place(output: str, root: Path) -> Place | None:
    """What `PLACE_WORDS` brought; None where it doesn't look like that.

    Args:
        output: git's.
        root: where it was asked; paths may be relative to it.
    """
    lines = output.split("\n")
    if len(lines) != len(PLACE_WORDS) or lines[0] != "true":
        return None
    folders = [(root / line).resolve() for line in lines[2:5]]
    return Place(lines[1], *folders)
