"""What git was asked before: most questions of a release hang on nothing but where HEAD is, and a process costs milliseconds."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.ports import Completed, Runner

__all__ = ["Memory", "stamp"]

# They read commits, refs and settings; the index and the tree are always asked.
_REMEMBERED = frozenset(
    {"rev-parse", "symbolic-ref", "log", "cat-file", "diff-tree", "show", "merge-base", "var", "remote", "ls-remote"}
)
# Nothing that happens to a checkout here changes these, and all checkouts are alike.
_CONSTANT = frozenset({"var", "--is-inside-work-tree", "--is-shallow-repository", "--show-prefix", "get-url"})
_COMMIT = re.compile(r"[0-9a-f]{40}(\^\{commit\}|:\S*)?$")
# Git says so of a commit that is here, and of no other (object-name.c).
_NOT_IN_COMMIT = re.compile("does not exist in '|exists on disk, but not in '")
# One in so many answers is compared with git's own.
_COMPARED = 40
_Key = tuple[Any, ...]


def stamp(git_dir: Path, *, refs: bool = False, fetched: bool = True) -> _Key:
    """What changes when a branch, HEAD, or what was fetched does; with ``refs`` any ref at all. No process."""
    found = [_content(git_dir / name) for name in ("HEAD", "packed-refs", *(["FETCH_HEAD"] if fetched else []))]
    loose = git_dir / "refs" if refs else git_dir / "refs" / "heads"
    for folder, _, names in os.walk(loose):
        found += [each for name in names for each in (name.encode(), _content(f"{folder}/{name}"))]
    return tuple(found)


def _content(path: Path | str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (asked thousands of times)
            return file.read()
    except FileNotFoundError:
        return None


class Memory:
    """`vis_tasks.ports.Runner` that asks git once: the same question in the same state of a checkout has the same answer.

    A share of its answers is asked for again all the same, and must be the same.

    Args:
        runner: the door to other programs.
        remote: the bare repository that all checkouts have for a remote.
        answers: what is known; shared by all runs in one checkout, and thrown away with it.
        alike: what is the same in every checkout of this kind.
    """

    def __init__(
        self, runner: Runner, remote: Path, answers: dict[_Key, Completed], alike: dict[_Key, Completed]
    ) -> None:
        self._runner = runner
        self._remote = remote
        self._answers = answers
        self._alike = alike
        self._count = itertools.count(1)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        input_text: str | None = None,
        check: bool = True,
        timeout: float | None = None,
        started: Callable[[], None] | None = None,
    ) -> Completed:
        def ask() -> Completed:
            return self._runner.run(
                argv, cwd=cwd, env=env, input_text=input_text, check=check, timeout=timeout, started=started
            )

        asked = tuple(argv)
        if asked[0] != "git" or asked[1] not in _REMEMBERED:
            return ask()
        answers = self._alike if _is_constant(asked) else self._answers
        words = (asked, input_text, tuple(sorted((env or {}).items())))
        lasts = (words, None)
        key = lasts if lasts in answers else (words, self._state(asked, cwd))
        known = answers.get(key)
        if known is None:
            known = ask()
            found = known.code == 0 and " missing" not in known.stdout
            lasting = (found or _NOT_IN_COMMIT.search(known.stderr)) and _of_commits(asked, input_text)
            if known.code == 0 or not check:
                answers[lasts if lasting else key] = known
        elif next(self._count) % _COMPARED == 0:
            now = ask()
            assert _same(now, known), f"{' '.join(asked)} says {now.stdout!r}, and said {known.stdout!r}"
        return known

    def _state(self, asked: Sequence[str], cwd: Path) -> _Key | None:
        if _is_constant(asked):
            return None
        if asked[1] == "ls-remote":
            return stamp(self._remote, refs=True)
        about_head = asked[1] in {"symbolic-ref", "log"} or asked[-1] == "HEAD"
        return stamp(cwd / ".git", fetched=not about_head)


def _is_constant(asked: Sequence[str]) -> bool:
    return bool(_CONSTANT & set(asked)) and "--absolute-git-dir" not in asked


def _of_commits(asked: Sequence[str], text: str | None) -> bool:
    """Whether a question names commits by their ids and nothing that moves: what was said once is said forever."""
    places = [each for each in asked[2:] if not each.startswith("-")]
    if asked[1] == "cat-file" and text is not None:
        places = text.splitlines()
    elif text is not None or "--" in asked:
        places = places[:1]
    return bool(places) and all(_COMMIT.match(each) for each in places)


def _same(one: Completed, other: Completed) -> bool:
    """In code and output, but for the time, which ``git var GIT_COMMITTER_IDENT`` ends with."""
    if one.argv[1:2] == ("var",):
        one, other = (replace(each, stdout=each.stdout.rsplit(" ", 2)[0]) for each in (one, other))
    return (one.code, one.stdout) == (other.code, other.stdout)
