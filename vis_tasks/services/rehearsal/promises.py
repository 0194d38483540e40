"""What must hold after every rehearsal, read from the git remote and the registry's own books.

Nothing here uses the house's readers of git, of staged.json or of the registry: a defect in one of them must not hide itself.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from base64 import b64encode
from collections import Counter
from typing import TYPE_CHECKING, Any

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from vis_tasks.ports import Runner
    from vis_tasks.registry.run import Registry

__all__ = ["OURS", "Facts", "Tag", "broken_promises", "foreign_litter", "read_facts"]

OURS = frozenset({"ci", "GitLab CI/CD", "GitHub Actions"})
"""Who uploads for the release; whoever else stages or publishes is somebody else."""

_UNRESOLVED = ("workspace:", "catalog:", "link:", "portal:")
_TABLES = ("dependencies", "optionalDependencies", "peerDependencies")
_WRITTEN = frozenset(
    {"package.json", "CHANGELOG.md", "staged.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"}
)
_SEPARATOR, _END = "\x1f", "\x1e"


@dataclass(frozen=True)
class Tag:
    """A tag on the remote.

    Attributes:
        commit: what it points at.
        message: its text; empty for a lightweight one.
        version: version in the package's package.json at that commit; None when there is none.
        before: likewise at the commit's first parent.
    """

    commit: str
    message: str
    version: str | None
    before: str | None


@dataclass(frozen=True)
class Facts:
    """Everything there is to see, as plain values.

    Attributes:
        tags: tags that are new since the start.
        commits: ``(id, subject)`` on the remote's branch since the start, oldest first.
        kept: whether the start and every commit that others pushed are still part of the branch.
        state: staged.json on the remote's branch as plain JSON; empty when there is none.
        state_error: why it can't be read, or nothing.
        live: ``name@version`` → integrity of the bytes the registry serves, for versions that are new since the start.
        ranges: ``name@version`` → ranges inside of its tarball that only a workspace could resolve.
        stages: ``name@version`` → id of what is staged, with who staged it.
        audit: ``(action, actor, name@version)``, oldest first.
        left: uncommitted paths in the work tree of the machine that ran last.
        left_out: change files on the remote's branch.
        changes_dir: the folder of change files, from the repository's top.
    """

    tags: Mapping[str, Tag] = field(default_factory=dict)
    commits: tuple[tuple[str, str], ...] = ()
    kept: bool = True
    state: Mapping[str, Any] = field(default_factory=dict)
    state_error: str = ""
    live: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stages: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    audit: tuple[tuple[str, str, str], ...] = ()
    left: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    changes_dir: str = ""

    def entries(self, name: str) -> dict[str, Mapping[str, Any]]:
        """One list of staged.json, by ``name@version``."""
        found = self.state.get(name)
        return {f"{item.get('name')}@{item.get('version')}": item for item in found or () if isinstance(item, dict)}

    def decided(self, action: str) -> set[str]:
        """What of ours was approved, rejected or published."""
        return {spec for done, _, spec in self.audit if done == action}


def read_facts(
    runner: Runner,
    registry: Registry,
    remote: Path,
    *,
    branch: str,
    state_branch: str,
    base: str,
    others: Sequence[str],
    old_tags: frozenset[str],
    tag_of: Mapping[str, str],
    folders: Mapping[str, str],
    state_path: str,
    changes_dir: str,
    seeded: frozenset[str],
    work: Path,
) -> Facts:
    """Look at everything. About ten git processes, and one or two for each new tag.

    Args:
        runner: starts git.
        registry: the embedded registry.
        remote: the bare repository.
        branch: the branch that is released.
        state_branch: the branch that holds staged.json.
        base: the commit it started from.
        others: commits that were pushed by others meanwhile.
        old_tags: tags that were there before.
        tag_of: ``name@version`` → the tag its release gets.
        folders: package → its folder, from the repository's top, with a closing slash or empty.
        state_path: staged.json, from the repository's top.
        changes_dir: likewise the folder of change files.
        seeded: ``name@version`` that were live before.
        work: work tree of the machine that ran last.
    """

    def git(*argv: str, cwd: Path = remote, check: bool = True) -> str:
        return runner.run(["git", *argv], cwd=cwd, check=check).stdout

    def version_at(commit: str, name: str) -> str | None:
        text = git("show", f"{commit}:{folders.get(name, '')}package.json", check=False)
        try:
            return str(json.loads(text).get("version"))
        except (ValueError, AttributeError):
            return None

    spec_of = {tag: spec for spec, tag in tag_of.items()}
    form = f"%(refname:strip=2){_SEPARATOR}%(*objectname){_SEPARATOR}%(objectname){_SEPARATOR}%(contents){_END}"
    tags = {}
    for line in git("for-each-ref", "refs/tags", f"--format={form}").split(_END):
        name, _, rest = line.strip("\n").partition(_SEPARATOR)
        if name and name not in old_tags:
            peeled, itself, message = rest.split(_SEPARATOR, 2)
            commit, package = peeled or itself, spec_of.get(name, "").rpartition("@")[0]
            tags[name] = Tag(
                commit, message if peeled else "", version_at(commit, package), version_at(f"{commit}^", package)
            )
    commits = [
        line.partition(_SEPARATOR)
        for line in git("log", "--reverse", f"--format=%H{_SEPARATOR}%s", f"{base}..{branch}").splitlines()
    ]
    state, error = _state(git("show", f"{state_branch}:{state_path}", check=False))
    files = git("ls-tree", "--name-only", branch, f"{changes_dir}/", check=False).splitlines()
    audit = tuple((line.action, line.actor, f"{line.name}@{line.version}") for line in registry.audit())
    names = {spec.rpartition("@")[0] for spec in (*tag_of, *(spec for _, _, spec in audit))}
    live = {f"{name}@{version}" for name in names for version in registry.versions(name)} - seeded
    live = {spec for spec in live if not spec.endswith("@0.0.0-stage")}
    bytes_of = {spec: registry.tarball(*_split(spec)) for spec in live}
    return Facts(
        tags=tags,
        commits=tuple((commit, subject) for commit, _, subject in commits),
        kept=all(git("merge-base", each, branch).strip() == each for each in (base, *others)),
        state=state,
        state_error=error,
        live={spec: "sha512-" + b64encode(hashlib.sha512(data).digest()).decode() for spec, data in bytes_of.items()},
        ranges={spec: found for spec, data in bytes_of.items() if (found := _unresolved(data))},
        stages={f"{item.name}@{item.version}": (item.id, item.actor) for item in registry.stages()},
        audit=audit,
        left=tuple(line[3:] for line in git("status", "--porcelain", "--untracked-files=all", cwd=work).splitlines()),
        left_out=tuple(path for path in files if path.endswith(".md")),
        changes_dir=changes_dir,
    )  # fmt: skip


def broken_promises(facts: Facts, tag_of: Mapping[str, str]) -> tuple[str, ...]:
    """Which promises were broken; none is the only good answer. Pure.

    Args:
        facts: what there is.
        tag_of: ``name@version`` → the tag its release gets.
    """
    return tuple(dict.fromkeys([*_uploads(facts), *_tags(facts, tag_of), *_books(facts), *_repository(facts)]))


def _uploads(facts: Facts) -> Iterator[str]:
    staged = Counter(spec for action, actor, spec in facts.audit if action == "staged" and actor in OURS)
    freed = Counter(spec for action, _, spec in facts.audit if action == "rejected")
    for spec, count in staged.items():
        if count > 1 + freed[spec]:
            yield f"{spec} was staged {count} times"
    for spec, found in facts.ranges.items():
        yield f"{spec} is live with ranges that only a workspace resolves: {', '.join(found)}"


def _tags(facts: Facts, tag_of: Mapping[str, str]) -> Iterator[str]:
    spec_of = {tag: spec for spec, tag in tag_of.items()}
    for name, tag in facts.tags.items():
        spec = spec_of.get(name, "")
        if spec not in facts.live:
            yield f"the tag {name} names no live version"
            continue
        version = _split(spec)[1]
        if tag.version != version:
            yield f"the tag {name} points at {tag.commit[:8]}, where the version is {tag.version}"
        elif tag.before == version:
            yield f"the tag {name} points at {tag.commit[:8]}, which is not the commit that brought the version"
        if facts.live[spec] not in tag.message:
            yield f"the tag {name} names other bytes than are live"
    by_us = {spec for action, actor, spec in facts.audit if action == "published" and actor in OURS}
    for spec in sorted((facts.decided("approved") | by_us) & facts.live.keys()):
        if tag_of.get(spec) not in facts.tags and spec in tag_of:
            yield f"{spec} is live without its tag"


def _books(facts: Facts) -> Iterator[str]:
    if facts.state_error:
        yield f"staged.json on the remote can't be read: {facts.state_error}"
        return
    pending = facts.entries("pending")
    ours = {spec: stage_id for spec, (stage_id, actor) in facts.stages.items() if actor in OURS}
    for spec, stage_id in ours.items():
        if spec not in pending:
            yield f"{spec} is staged but staged.json forgot it"
        elif pending[spec].get("id") not in {stage_id, None}:
            yield f"staged.json has another id for {spec} than the registry"
        elif pending[spec].get("reason") not in {"waiting", "timeout"}:
            yield f"staged.json calls {spec} {pending[spec].get('reason')}, but it is staged"
    freed = facts.decided("rejected")
    for spec in sorted({*facts.entries("rejected"), *(s for s, e in pending.items() if e.get("reason") == "rejected")}):
        if spec not in freed:
            yield f"staged.json calls {spec} rejected, and nobody rejected it"
    for spec in facts.entries("approved"):
        if spec not in facts.live:
            yield f"staged.json calls {spec} approved, and it isn't live"


def _repository(facts: Facts) -> Iterator[str]:
    if not facts.kept:
        yield "commits that others pushed are no longer part of the branch"
    for path in facts.left:
        if path not in foreign_litter(facts):
            yield f"left behind in the work tree: {path}"


def foreign_litter(facts: Facts) -> tuple[str, ...]:
    """What a build of the user's has left uncommitted: nothing a release promises, but the next one would refuse to begin."""
    return tuple(
        path
        for path in facts.left
        if not path.endswith(".tmp")
        and path.rpartition("/")[2] not in _WRITTEN
        and not (facts.changes_dir and path.startswith(f"{facts.changes_dir}/"))
    )


def _state(text: str) -> tuple[Mapping[str, Any], str]:
    if not text.strip():
        return {}, ""
    try:
        data = json.loads(text)
    except ValueError as error:
        return {}, str(error)
    return (data, "") if isinstance(data, dict) else ({}, "not an object")


def _unresolved(tarball: bytes) -> tuple[str, ...]:
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        inner = archive.extractfile("package/package.json")
        manifest = json.loads(inner.read()) if inner else {}
    tables = [manifest.get(table) for table in _TABLES]
    return tuple(
        f"{name}: {spec}"
        for table in tables
        if isinstance(table, dict)
        for name, spec in table.items()
        if str(spec).startswith(_UNRESOLVED)
    )


def _split(spec: str) -> tuple[str, str]:
    name, _, version = spec.rpartition("@")
    return name, version
