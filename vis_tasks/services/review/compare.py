"""One staged version against the last live one, with everything around it that a reviewer asks for."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING

from vis_tasks.core.changelog import section
from vis_tasks.core.review.files import changed_files
from vis_tasks.core.review.flags import risk_flags
from vis_tasks.core.review.manifest import changed_manifest, new_dependencies
from vis_tasks.core.review.model import Check, Flag, Level, Review, Sizes
from vis_tasks.core.review.provenance import checks_of, statement_of
from vis_tasks.core.versions import compare, is_valid
from vis_tasks.errors import Failed
from vis_tasks.ports import NotLive, Packument
from vis_tasks.records import replace
from vis_tasks.services.dist import manifest as packed_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vis_tasks.core.pending import Entry
    from vis_tasks.core.review.model import Contents
    from vis_tasks.ports import RegistryReader
    from vis_tasks.services.run import Run
    from vis_tasks.services.stage_list import Listed

    ReadContents = Callable[[bytes], Contents]

__all__ = ["review_stage"]

_BROKEN = {"provenance": "PROVENANCE"}
_HISTORY = 200
_MOST_COMMITS = 50


def review_stage(run: Run, item: Listed, read: ReadContents, *, rebuilt: Check | None = None) -> Review:
    """Fetch both tarballs and compare them: four requests at most, and one for each new dependency.

    Args:
        run: the run.
        item: the stage.
        read: reads a tarball's contents; raises ``BAD_TARBALL`` for what can't be read.
        rebuilt: what a rebuild gave, when there was one.

    Raises:
        vis_tasks.errors.Failed: code ``NO_TARBALL``; the staged tarball can't be downloaded.
    """
    entry = item.entry
    reader = run.npm.reader(entry.registry or "")
    review = Review(entry.name, entry.version, entry.tag, entry.id, item.about(run.tools.clock.now()))
    review = replace(review, changelog=_changelog(run, entry), commits=_commits(run, entry))
    data = _download(reader, entry)
    packument = reader.packument(entry.name)
    try:
        after = read(data)
    except Failed as error:
        flag = Flag(Level.DANGER, "BAD_TARBALL", f"the staged tarball can't be looked into: {error.message}")
        return replace(review, flags=(flag,))
    version, before = _live(reader, packument, entry, read)
    provenance, claims = _provenance(run, reader, entry, after, packument, version)
    checks = [*_checks(run, entry, after), *claims, *([rebuilt] if rebuilt else [])]
    old = before.manifest if before else {}
    flags = risk_flags(
        before,
        after,
        name=entry.name,
        version=entry.version,
        facts=_facts(reader, new_dependencies(old, after.manifest)),
        known_names=_names_in_use(run),
    )
    broken = [
        Flag(Level.DANGER, _BROKEN.get(check.what, "OTHER_BYTES"), check.text)
        for check in checks
        if check.good is False
    ]
    return replace(
        review,
        against=version,
        sizes=_sizes(after),
        sizes_before=_sizes(before) if before else None,
        checks=tuple(checks),
        flags=(*broken, *flags),
        manifest=changed_manifest(old, after.manifest),
        files=changed_files(before, after),
        provenance=provenance,
    )


def _download(reader: RegistryReader, entry: Entry) -> bytes:
    if entry.id is None:
        raise Failed(f"{entry.spec}: its stage id is unknown, so its tarball can't be fetched", code="NO_TARBALL")
    data = reader.staged_tarball(entry.id)
    if isinstance(data, bytes):
        return data
    gone = isinstance(data, NotLive)
    raise Failed(
        f"{entry.spec}: the staged tarball can't be downloaded: "
        f"{'there is no such stage any more' if isinstance(data, NotLive) else data.why}",
        code="NO_TARBALL",
        hint="it was decided meanwhile; `invoke inspect` says how"
        if gone
        else "use credentials that may read stages: `npm login`",
    )


def _live(
    reader: RegistryReader, packument: Packument | object, entry: Entry, read: ReadContents
) -> tuple[str | None, Contents | None]:
    """The version that the dist-tag serves now, else ``latest``, else the highest one."""
    if not isinstance(packument, Packument):
        return None, None
    ordered = _newest_first(packument.versions)
    wanted = (packument.dist_tags.get(entry.tag), packument.dist_tags.get("latest"), *ordered)
    version = next((each for each in wanted if each in packument.versions and each != entry.version), None)
    if version is None:
        return None, None
    data = reader.live_tarball(packument.versions[version].tarball)
    if not isinstance(data, bytes):
        return version, None
    try:
        return version, read(data)
    except Failed:
        return version, None


def _checks(run: Run, entry: Entry, after: Contents) -> list[Check]:
    """Whether the bytes are those that CI packed, by every record there is of them."""
    found = []
    recorded = entry.integrity or entry.shasum
    if recorded:
        good = after.integrity == entry.integrity if entry.integrity else after.shasum == entry.shasum
        words = "the staged bytes are those recorded when they were uploaded"
        found.append(
            Check("staged.json", good, words if good else f"{words.replace('are', 'are NOT', 1)} ({recorded})")
        )
    else:
        found.append(Check("staged.json", None, "staged.json holds no hash of this version"))
    packed = packed_lines(run).get(entry.spec)
    if packed is not None:
        good = packed.integrity == after.integrity
        words = f"the staged bytes are those packed here from {packed.commit[:12]}"
        found.append(
            Check("manifest", good, words if good else f"{words.replace('are', 'are NOT', 1)} ({packed.integrity})")
        )
    return found


def _facts(reader: RegistryReader, names: tuple[str, ...]) -> dict[str, int | str | None]:
    facts: dict[str, int | str | None] = {}
    for name in names:
        found = reader.packument(name)
        facts[name] = (
            found.maintainers if isinstance(found, Packument) else "missing" if isinstance(found, NotLive) else None
        )
    return facts


def _names_in_use(run: Run) -> set[str]:
    tables = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
    packages = run.workspace.packages
    own = {package.name for package in packages}
    # What this very wave brings new doesn't vouch for itself: only names that two packages use, or that are ours, do.
    used = [name for package in packages for name in {name for table in tables for name in package.table(table)}]
    return own | {name for name in used if used.count(name) > 1}


def _sizes(contents: Contents) -> Sizes:
    return Sizes(contents.size, contents.unpacked_size, len(contents.files))


def _changelog(run: Run, entry: Entry) -> str:
    package = run.workspace.by_name.get(entry.name)
    if package is None:
        return ""
    path = "CHANGELOG.md" if package.path == "." else f"{package.path}/CHANGELOG.md"
    git = run.tools.git
    content = (
        git.read(entry.commit, path) if entry.commit and git.has_commit(entry.commit) else run.tools.files.read(path)
    )
    return section(content.decode("utf-8", errors="replace"), entry.version) if content else ""


def _commits(run: Run, entry: Entry) -> tuple[tuple[str, str], ...]:
    """What is in it: commits that touched the package since its last tag, up to the one it was built from."""
    git, package = run.tools.git, run.workspace.by_name.get(entry.name)
    until = entry.commit or git.head()
    if package is None or until is None or not git.has_commit(until):
        return ()
    before, _, after = run.release.tag_pattern.replace("{name}", entry.name).partition("{version}")
    tags = {
        name[len(before) : len(name) - len(after)]: commit
        for name, commit in git.local_tags().items()
        if name.startswith(before) and name.endswith(after) and commit != until
    }
    older = [version for version in _newest_first(tags) if compare(version, entry.version) < 0]
    since = next((tags[version] for version in older if git.contains(tags[version], until)), None)
    touching = set(git.commits_touching(package.path, limit=_HISTORY)) if package.path != "." else None
    found = git.subjects(since, until)
    return tuple((commit[:12], text) for commit, text in found if touching is None or commit in touching)[
        :_MOST_COMMITS
    ]


def _newest_first(versions: Iterable[str]) -> list[str]:
    return sorted((version for version in versions if is_valid(version)), key=cmp_to_key(compare), reverse=True)


def _provenance(
    run: Run, reader: RegistryReader, entry: Entry, after: Contents, packument: Packument | object, version: str | None
) -> tuple[str, tuple[Check, ...]]:
    """The statement about the staged version, where the registry shows it already; else whether the version before had one."""
    found = reader.attestations(entry.name, entry.version)
    if isinstance(found, tuple):
        claimed = statement_of(found)
        if claimed is None:
            return "there are attestations, and no provenance statement among them can be read", ()
        remote = run.tools.git.remote_url(run.release.remote)
        words = f"built from {claimed.repository or '?'} at {claimed.commit[:12] or '?'} by {claimed.built_by or '?'}"
        checks = checks_of(claimed, integrity=after.integrity, commit=entry.commit, remote=remote)
        return f"{words}, says its statement (`npm audit signatures` verifies it once it is live)", checks
    if not isinstance(packument, Packument) or version is None:
        return "a registry shows a provenance statement only once a version is live", ()
    had = packument.versions[version].attested
    words = "has a provenance statement" if had else "has no provenance statement"
    return f"{version} {words}; the staged version's own can be read only once it is live", ()
