"""The promises, checked from outside: against the git remote and the registry's own books, never against our own code."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from tests.rig.remote import Refs
    from tests.rig.sandbox import Sandbox
    from vis_tasks.registry.run import Registry

__all__ = ["broken_promises", "debts", "is_blocked", "litter", "on_disk", "state_at", "unpacked"]

Key = tuple[str, str]


def broken_promises(
    box: Sandbox, registry: Registry, *, ours: frozenset[str], by_hand: Collection[str] = (), raced: bool = False
) -> list[str]:
    """What must hold at every moment, in the middle of a run or after a crash. Two git processes where nothing is new.

    Args:
        box: the repositories.
        registry: the registry.
        ours: names of the packages released here.
        by_hand: tags that people made.
        raced: two machines released at once without the remote lock, which alone keeps one package's versions apart then.
    """
    refs = box.view.refs()
    staged, freed = _counted(registry)
    found = [
        f"{name}@{version} was staged {count} times"
        for (name, version), count in staged.items()
        if count > 1 + freed[name, version]
    ]
    found += _wrong_tags(box, registry, refs, ours, by_hand)
    try:
        state = box.view.staged(refs)
    except ValueError as error:
        return [*found, f"staged.json on the remote can't be read: {error}"]
    return found + _wrong_state(registry, state, freed, ours, raced=raced) + _trespassed(box, refs)


def _trespassed(box: Sandbox, refs: Refs) -> list[str]:
    """Where a branch of its own holds the state, the release branch gets no commits but versions."""
    subjects = box.view.log("%s", refs.main) if refs.state and box.view.switched is None else ()
    return [f"a chore went to main: {each}" for each in subjects if "[skip ci]" in each]


def _counted(registry: Registry) -> tuple[Counter[Key], Counter[Key]]:
    """How often each version was staged, and rejected."""
    staged: Counter[Key] = Counter()
    freed: Counter[Key] = Counter()
    for line in registry.audit():
        staged[line.name, line.version] += line.action == "staged"
        freed[line.name, line.version] += line.action == "rejected"
    return staged, freed


def _wrong_tags(
    box: Sandbox, registry: Registry, refs: Refs, ours: Iterable[str], by_hand: Collection[str]
) -> list[str]:
    found = []
    live = {(name, version): document for name in ours for version, document in registry.versions(name).items()}
    view = box.view
    keys = {tag: (tag.rpartition("@")[0], tag.rpartition("@")[2]) for tag in refs.tags}
    view.files((refs.tags[tag].commit, f"packages/{name}/package.json") for tag, (name, _) in keys.items())
    for tag, (name, version) in keys.items():
        there = refs.tags[tag]
        if (name, version) not in live:
            found.append(f"the tag {tag} has no live version")
        elif view.manifest(there.commit, name).get("version") != version:
            found.append(f"the tag {tag} points at a commit with another version")
        elif live[name, version]["dist"]["integrity"] not in there.words and tag not in by_hand:
            found.append(f"the tag {tag} names other bytes than are live")
        elif unpacked(registry.tarball(name, version)) != view.tree(there.commit, f"packages/{name}"):
            found.append(f"the tag {tag} points at a commit that the live bytes were not built from")
    return found


def unpacked(tarball: bytes) -> dict[str, bytes]:
    """The files of a tarball, by their path in the package."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive.getmembers())
        return {name.removeprefix("package/"): file.read() for name, file in files if file is not None}


def _wrong_state(
    registry: Registry, state: dict[str, Any], freed: Counter[Key], ours: Iterable[str], *, raced: bool
) -> list[str]:
    found = []
    lists = {which: [_key(item) for item in state.get(which, [])] for which in ("pending", "approved", "rejected")}
    for which, keys in lists.items():
        twice = [key for key, count in Counter(keys).items() if count > 1]
        found += [f"{name}@{version} stands twice in staged.json's {which}" for name, version in twice]
    open_ones = (
        Counter()
        if raced
        else Counter(item["name"] for item in state.get("pending", []) if item["reason"] in {"waiting", "timeout"})
    )
    found += [
        f"{count} versions of {name} wait for a decision at once" for name, count in open_ones.items() if count > 1
    ]
    both = set(lists["pending"]) & set(lists["approved"]) | set(lists["approved"]) & set(lists["rejected"])
    found += [f"staged.json calls {name}@{version} approved, and something else, too" for name, version in both]
    said = {*lists["rejected"], *(_key(item) for item in state.get("pending", []) if item["reason"] == "rejected")}
    found += [
        f"{name}@{version} is called rejected, and nobody rejected it"
        for name, version in said
        if not freed[name, version] and not is_blocked(registry, name, version)
    ]
    live = {(name, version) for name in ours for version in registry.versions(name)}
    found += [f"{name}@{version} is called approved, and isn't live" for name, version in set(lists["approved"]) - live]
    return found


def is_blocked(registry: Registry, name: str, version: str) -> bool:
    """Whether the registry's scan stopped a version; where no status can be read, that looks like a rejection."""
    found = registry.store.packages.version(name, version)
    return found is not None and found.blocked


def _key(item: dict[str, Any]) -> Key:
    return item["name"], item["version"]


def debts(
    box: Sandbox,
    registry: Registry,
    *,
    ours: frozenset[str],
    forge: dict[str, Any] | None = None,
    foreign: frozenset[Key] = frozenset(),
    by_hand: Collection[str] = (),
    untold: bool = False,
) -> list[str]:
    """What must hold once a release has ended well, and nothing is left to wait for.

    Args:
        box: the repositories.
        registry: the registry.
        ours: names of the packages released here.
        forge: the forge's releases by tag; not looked at when None.
        foreign: versions that somebody else put live with bytes of their own.
        by_hand: tags that people made, without a release or a line in the changelog.
        untold: the branch refused a push: lines of the workspace changelog, and releases on the forge that were not made yet, may
            be lost with the checkout that holds them.
    """
    found = []
    refs = box.view.refs()
    state = box.view.staged(refs)
    stages = {(item.name, item.version): item.id for item in registry.stages()}
    recorded = {_key(entry): entry for entry in state.get("pending", [])}
    for key, stage_id in stages.items():
        if key not in recorded:
            found.append(f"the stage of {key[0]}@{key[1]} is forgotten")
        elif recorded[key]["id"] not in {stage_id, None}:
            found.append(f"staged.json has another id for {key[0]}@{key[1]}")
        elif recorded[key]["reason"] not in {"waiting", "timeout"}:
            found.append(f"staged.json says {recorded[key]['reason']} for {key[0]}@{key[1]}, which is staged")
    found += [
        f"staged.json holds {name}@{version} as {entry['reason']}, but it isn't staged"
        for (name, version), entry in recorded.items()
        if entry["reason"] in {"waiting", "timeout"} and (name, version) not in stages
    ]
    found += [
        f"{name}@{version} is tagged, and others made it"
        for name, version in foreign
        if f"{name}@{version}" in refs.tags
    ]
    if state.get("approved"):
        found.append(f"staged.json still owes tags: {state['approved']}")
    told = {tag for tag in refs.tags if tag not in by_hand}
    found += _wrongly_told(registry, refs, told, ours=ours, forge=forge, foreign=foreign, untold=untold)
    return found + _wrong_changelog(box, refs, told, untold=untold) + _left_over(box, refs)


def _wrongly_told(
    registry: Registry,
    refs: Refs,
    told: Collection[str],
    *,
    ours: frozenset[str],
    forge: dict[str, Any] | None,
    foreign: frozenset[Key],
    untold: bool,
) -> list[str]:
    """What was released and not told, or told and not released."""
    found = []
    live = {(name, version) for name in ours for version in registry.versions(name)} - foreign
    for name, version in live - {(name, "1.0.0") for name in ours}:
        if f"{name}@{version}" not in refs.tags:
            found.append(f"{name}@{version} is live without its tag")
        elif forge is not None and not untold and f"{name}@{version}" in told and f"{name}@{version}" not in forge:
            found.append(f"{name}@{version} has no release on the forge")
    if forge is not None:
        found += [f"the forge has a release {tag} without a tag" for tag in forge if tag not in told]
    return found


def _wrong_changelog(box: Sandbox, refs: Refs, told: Collection[str], *, untold: bool) -> list[str]:
    """Each wave stands once in the workspace changelog; with a state branch there, and in main's from the next version on.

    Where that was switched on or off in between, in one of them at least.
    """
    place = (refs.state, "main/CHANGELOG.md") if refs.state else (refs.main, "CHANGELOG.md")
    lines = _waves(box, *place)
    if box.view.switched is not None:
        lines |= _waves(box, refs.main, "CHANGELOG.md")
    found = [
        f"{tag} stands {lines[f'- {tag}']} times in CHANGELOG.md"
        for tag in told
        if lines[f"- {tag}"] > 1 or not (lines[f"- {tag}"] or untold)
    ]
    taken_over = _waves(box, refs.main, "CHANGELOG.md")
    found += [f"{line} stands twice in main's CHANGELOG.md" for line, count in taken_over.items() if count > 1]
    return found + [
        f"{line} stands in CHANGELOG.md without a tag" for line in lines | taken_over if line[2:] not in told
    ]


def _waves(box: Sandbox, commit: str, path: str) -> Counter[str]:
    log = (box.view.file(commit, path) or b"").decode()
    return Counter(line for line in log.splitlines() if line.startswith("- "))


def _left_over(box: Sandbox, refs: Refs) -> list[str]:
    paths = box.view.paths(refs.main)
    found = [
        f"the change file {path} was not used"
        for path in paths
        if path.startswith(".vis/release/") and path.endswith(".md")
    ]
    found += [f"a temporary file is in git: {path}" for path in paths if path.endswith(".tmp")]
    versions = Counter(line for line in box.view.log("%b", refs.main) if line.startswith("Vis-Release: "))
    return found + [f"{line} was committed {count} times" for line, count in versions.items() if count > 1]


def litter(box: Sandbox, root: Path) -> list[str]:
    """What a release must not leave behind in a checkout once it has ended well."""
    found = [
        f"left behind: {line}"
        for line in box.git(root, "status", "--porcelain", "--ignored", "--untracked-files=all").splitlines()
        if _is_litter(line)
    ]
    head, main = box.git(root, "rev-parse", "HEAD"), box.view.refs().main
    return found + ([f"HEAD is {head[:9]}, the remote's main {main[:9]}"] if head != main else [])


def _is_litter(line: str) -> bool:
    path = line[3:]
    return not (line.startswith("!!") and path.startswith((".vis/release/.state.json", ".vis/release/dist/")))


def state_at(box: Sandbox) -> dict[str, Any]:
    """staged.json on the remote."""
    return box.view.staged(box.view.refs())


def on_disk(root: Path) -> list[str]:
    """State files of a checkout that can't be read any more, whatever happened to the machine."""
    found = []
    for name in ("staged.json", ".state.json"):
        path = root / ".vis" / "release" / name
        try:
            json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        except ValueError as error:
            found.append(f"{path.parent.parent.parent.name}: {name} can't be read: {error}")
    return found
