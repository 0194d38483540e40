"""Git through its command line, with argv lists, a fixed locale and no prompts."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vis_tasks.adapters.git_history import GitHistory
from vis_tasks.adapters.git_place import PLACE_WORDS, parse_place
from vis_tasks.adapters.git_push import read_push, unreachable
from vis_tasks.errors import Failed
from vis_tasks.ports import Pushed, PushRefused, PushStale, RemoteRefs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from tempfile import TemporaryDirectory

    from vis_tasks.ports import Runner

__all__ = ["GitCli"]

# The name GitHub's own actions/checkout documentation uses for commits made by a workflow.
_CI_IDENTITIES = (
    ("GITHUB_ACTIONS", "github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com"),
    ("GITLAB_CI", "gitlab-ci", "gitlab-ci@users.noreply.localhost"),
)
_CI_BRANCHES = ("CI_COMMIT_BRANCH", "GITHUB_REF_NAME")


class GitCli(GitHistory):
    """`vis_tasks.ports.Git` over the git program.

    Args:
        runner: the door to other programs.
        root: the workspace root; all paths are relative to it.
        env: the environment, for what CI says about branch and identity.
    """

    def __init__(self, runner: Runner, root: Path, env: Mapping[str, str]) -> None:
        super().__init__(runner, root)
        self._environment = env
        self._ident: dict[str, str] | None = None
        self._person: str | None = None

    def is_repository(self) -> bool:
        """Whether the root is inside a work tree."""
        if self._known_place is None:  # as `_place` does it, but a git that was killed is no answer here
            done = self._git(*PLACE_WORDS, check=False)
            self._known_place = parse_place(done.stdout, self._root) if done.code == 0 else None
        return self._known_place is not None

    def head(self) -> str | None:
        """Commit id of HEAD; None before the first commit. A process only where files don't tell."""
        place = self._place()
        if place and (found := place.head()):
            return found[1]
        done = self._git("rev-parse", "--verify", "--quiet", "HEAD", check=False)
        return done.stdout.strip() or None

    def branch(self) -> str | None:
        """The branch checked out, or the one CI names when HEAD is detached (GitLab checks out commits).

        A process only where files don't tell.
        """
        place = self._place()
        if place and (found := place.head()):
            return found[0]
        done = self._git("symbolic-ref", "--quiet", "--short", "HEAD", check=False)
        if done.code == 0:
            return done.stdout.strip()
        if self._environment.get("GITHUB_REF_TYPE", "branch") != "branch":
            return None
        return next((value for name in _CI_BRANCHES if (value := self._environment.get(name))), None)

    def dirty(self) -> tuple[str, ...]:
        """Paths with uncommitted changes, relative to the workspace root's repository top."""
        done = self._git("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
        return tuple(sorted(item[3:] for item in done.stdout.split("\0") if item))

    def prefix(self) -> str:
        """The workspace root relative to the repository's top: empty, or a path that ends in a slash."""
        place = self._place()
        return place.prefix if place else self._out("rev-parse", "--show-prefix")

    def identity(self) -> str | None:
        """Who commits will carry; on CI without a configured identity, CI's own bot."""
        env = self._identity_env()
        if self._person is None and env:
            done = self._git("var", "GIT_COMMITTER_IDENT", check=False, env=env)
            self._person = _name_in(done.stdout) if done.code == 0 else None
        return self._person

    def _identity_env(self) -> dict[str, str]:
        if self._ident is None:
            self._ident = {}
            done = self._git("var", "GIT_COMMITTER_IDENT", check=False)
            if done.code == 0:
                self._person = _name_in(done.stdout)
            else:
                for flag, name, mail in _CI_IDENTITIES:
                    if self._environment.get(flag):
                        self._ident = {
                            f"GIT_{role}_{what}": value
                            for role in ("AUTHOR", "COMMITTER")
                            for what, value in (("NAME", name), ("EMAIL", mail))
                        }
        return self._ident

    def remote_url(self, remote: str) -> str | None:
        """Address of the remote as configured; may hold credentials."""
        done = self._git("remote", "get-url", "--", remote, check=False)
        return done.stdout.strip() or None if done.code == 0 else None

    def remote_refs(self, remote: str, branch: str) -> RemoteRefs:
        """One ``ls-remote`` for the branch and every tag, annotated tags peeled."""
        done = self._git("ls-remote", "--", remote, f"refs/heads/{branch}", "refs/tags/*", check=False)
        if done.code != 0:
            raise unreachable(remote, done)
        listing = done.stdout
        head: str | None = None
        tags: dict[str, str] = {}
        for line in listing.splitlines():
            commit, _, ref = line.partition("\t")
            if ref == f"refs/heads/{branch}":
                head = commit
            elif ref.startswith("refs/tags/"):
                name = ref.removeprefix("refs/tags/")
                # "name^{}" follows "name" and is the commit an annotated tag points at (git-ls-remote(1)).
                tags[name.removesuffix("^{}")] = commit
        return RemoteRefs(head, tags)

    def local_tags(self) -> Mapping[str, str]:
        """Tag name → commit it points at."""
        listing = self._git(
            "for-each-ref", "refs/tags", "--format=%(refname:strip=2)%09%(objectname)%09%(*objectname)"
        ).stdout
        tags: dict[str, str] = {}
        for line in listing.splitlines():
            name, commit, peeled = line.split("\t")
            tags[name] = peeled or commit
        return tags

    def is_shallow(self) -> bool:
        """Whether history was cut off by a shallow clone."""
        place = self._place()  # git looks for the file, too (shallow.c, is_repository_shallow)
        return (place.common / "shallow").is_file() if place else False

    def commit(self, paths: Sequence[str], message: str) -> str | None:
        """Commit exactly these paths, whatever else is changed or staged; hooks of the repository are not run.

        The repository's own commit hooks (linters, message checks) are for people; a release that stops half-way in one of
        them would be left in between. Where nothing else is staged, the index is committed as it is: ``--only`` looks at every
        file of the repository twice more. It also refuses to end somebody's merge, which a plain commit would.
        """
        if not paths:
            return None
        # What is neither here nor in the index is passed over; what .gitignore covers is added, for we were told to.
        self._git("update-index", "--add", "--remove", "-z", "--stdin", text="".join(f"{path}\0" for path in paths))
        prefix = self.prefix()
        listing = self._git("diff", "--cached", "--name-only", "--no-renames", "-z", "--no-relative").stdout
        staged = {path for path in listing.split("\0") if path}
        changed = [path for path in dict.fromkeys(paths) if prefix + path in staged]
        if not changed:
            return None
        commit = ("-c", "maintenance.auto=false", "commit", "--quiet", "--no-verify", "--file=-")  # a third of its time
        if len(changed) == len(staged) and not self.under_way():
            self._git(*commit, env=self._identity_env(), text=message)
            return self.head()
        with _listed(changed) as only:
            self._git(
                *commit, "--only", f"--pathspec-from-file={only}", "--pathspec-file-nul",
                env=self._identity_env(), text=message,
            )  # fmt: skip
        return self.head()

    def commit_onto(self, parent: str | None, files: Mapping[str, bytes], message: str) -> str:
        """A commit that writes these files on top of another one; neither HEAD, the index nor the tree is touched.

        Made of plumbing over an index of its own (git-read-tree(1), git-commit-tree(1)); six processes.
        """
        prefix = self.prefix()
        with _folder() as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", *([parent] if parent else ["--empty"]), env=env)
            lines = []
            for number, (path, content) in enumerate(files.items()):
                blob = Path(folder) / str(number)
                blob.write_bytes(content)
                oid = self._out("hash-object", "-w", "--no-filters", "--", str(blob))
                lines.append(f"100644 {oid}\t{prefix}{path}\0")
            self._git("update-index", "-z", "--index-info", env=env, text="".join(lines))
            tree = self._git("write-tree", env=env).stdout.strip()
        parents = ["-p", parent] if parent else []
        return self._git("commit-tree", tree, *parents, env=self._identity_env(), text=message).stdout.strip()

    def fetch(self, remote: str, branch: str) -> str | None:
        """Fetch one branch; None when the remote has no such branch."""
        done = self._git("fetch", "--quiet", "--no-tags", "--", remote, f"refs/heads/{branch}", check=False)
        if done.code != 0:
            if "couldn't find remote ref" in done.stderr:
                return None
            raise unreachable(f"{remote}, its branch {branch}", done)
        return self._out("rev-parse", "FETCH_HEAD")

    def fetch_commit(self, remote: str, commit: str) -> bool:
        """Fetch one commit by its id (a shallow clone may lack it); False when the remote won't give it."""
        return self._git("fetch", "--quiet", "--no-tags", "--", remote, commit, check=False).code == 0

    def push(self, remote: str, refspecs: Sequence[str], *, atomic: bool = False) -> Pushed | PushStale | PushRefused:
        """Push; never forces. Hooks of the repository (pre-push) are not run, as with `commit`."""
        flags = ["--porcelain", "--no-verify", *(["--atomic"] if atomic else [])]
        try:
            done = self._git("push", *flags, "--", remote, *refspecs, check=False)
        except Failed as error:
            if error.code == "TIMEOUT":
                return PushRefused("git push did not end in time", network=True)
            raise
        return read_push(done)

    def tag(self, name: str, commit: str, message: str) -> None:
        """Make an annotated tag; one that points there already is fine."""
        done = self._git(
            "tag", "--annotate", "--file=-", "--", name, commit, check=False, env=self._identity_env(), text=message
        )
        if done.code == 0:
            return
        there = self._git(
            "rev-parse", "--verify", "--quiet", f"refs/tags/{name}^{{commit}}", check=False
        ).stdout.strip()
        if there == commit:
            return
        if there:
            raise Failed(
                f"the tag {name} exists and points at {there[:12]}, not at {commit[:12]}",
                code="TAG_EXISTS",
                hint=f"look at `git show {name}`; vis-tasks never moves a tag. Delete it if it is wrong, then run again",
            )
        raise Failed(f"git tag {name} failed: {done.stderr.strip()}", code="GIT_TAG")

    def remote_tag_words(self, remote: str, name: str) -> str | None:
        """The words of an annotated tag on the remote, read from the tag's own object: two processes."""
        if self._git("fetch", "--quiet", "--no-tags", "--", remote, f"refs/tags/{name}", check=False).code != 0:
            return None
        done = self._git("cat-file", "tag", "FETCH_HEAD", check=False)
        return done.stdout.partition("\n\n")[2] if done.code == 0 else None

    def delete_tag(self, name: str) -> None:
        """Remove a local tag; one that isn't there is fine."""
        self._git("tag", "--delete", "--", name, check=False)

    def reset(self, commit: str, paths: Sequence[str]) -> None:
        """Put HEAD back to ``commit`` and these paths to how they stand there; other changes stay."""
        self._git("reset", "--quiet", "--soft", commit)
        there = set(self._git("ls-tree", "-r", "--name-only", "-z", commit).stdout.split("\0"))
        here = "".join(f"{path}\0" for path in paths if path in there)
        gone = [path for path in paths if path not in there]
        if here:
            self._git(
                "restore", f"--source={commit}", "--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul",
                text=here,
            )  # fmt: skip
        if gone:
            for path in gone:
                try:
                    (self._root / path).unlink(missing_ok=True)
                except OSError as error:
                    raise Failed(
                        f"{path} can't be removed: {error.strerror or error}",
                        code="WRITE",
                        hint="allow writing there, then run again",
                    ) from None
            self._git("update-index", "--force-remove", "-z", "--stdin", text="".join(f"{path}\0" for path in gone))

    def fast_forward(self, commit: str) -> None:
        """Move the branch to a descendant of HEAD; refuses when that would lose changes."""
        self._git("merge", "--quiet", "--ff-only", commit)

    def move_to(self, commit: str) -> None:
        """Move the branch and the tree to a commit, keeping uncommitted changes (git reset --keep refuses to lose them).

        It takes a file that was written anew with the bytes it had for a change, unless the index is refreshed before.
        """
        self._git("update-index", "-q", "--refresh", check=False)
        self._git("reset", "--quiet", "--keep", commit)


def _name_in(ident: str) -> str:
    """Without the time it ends with (git-var(1))."""
    return ident.rsplit(" ", 2)[0].strip()


def _folder() -> TemporaryDirectory[str]:
    from tempfile import TemporaryDirectory  # it loads random

    return TemporaryDirectory(prefix="vis-tasks-")


@contextmanager
def _listed(paths: Sequence[str]) -> Iterator[Path]:
    """A file that names the paths, for commands whose standard input is taken; argv would be too short for thousands."""
    with _folder() as folder:
        listing = Path(folder) / "paths"
        listing.write_bytes("".join(f"{path}\0" for path in paths).encode())
        yield listing
