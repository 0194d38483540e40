"""The promises, checked from outside: against the git remote and the registry's own books, never against our own code."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.sandbox import Sandbox
    from vis_tasks.registry.run import Registry

__all__ = ["broken_promises", "debts", "litter"]


def broken_promises(box: Sandbox, registry: Registry, *, ours: frozenset[str]) -> list[str]:
    """What must hold at every moment, in the middle of a run or after a crash.

    Args:
        box: the repositories.
        registry: the registry.
        ours: names of the packages released here.
    """
    found = []
    staged: Counter[tuple[str, str]] = Counter()
    freed: Counter[tuple[str, str]] = Counter()
    for line in registry.audit():
        key = (line.name, line.version)
        staged[key] += line.action == "staged"
        freed[key] += line.action == "rejected"
    found += [
        f"{name}@{version} was staged {count} times"
        for (name, version), count in staged.items()
        if count > 1 + freed[name, version]
    ]
    live = {(name, version): document for name in ours for version, document in registry.versions(name).items()}
    for tag, commit in remote_tags(box).items():
        name, _, version = tag.rpartition("@")
        if (name, version) not in live:
            found.append(f"the tag {tag} has no live version")
            continue
        if manifest_at(box, commit, name).get("version") != version:
            found.append(f"the tag {tag} points at a commit with another version")
        elif manifest_at(box, f"{commit}^", name).get("version") == version:
            found.append(f"the tag {tag} does not point at the commit that brought the version")
        words = box.git(box.remote, "for-each-ref", f"refs/tags/{tag}", "--format=%(contents)")
        if live[name, version]["dist"]["integrity"] not in words:
            found.append(f"the tag {tag} names other bytes than are live")
    try:
        state = state_at(box)
    except ValueError as error:
        return [*found, f"staged.json on the remote can't be read: {error}"]
    said = {(item["name"], item["version"]) for item in state.get("rejected", [])}
    said |= {(item["name"], item["version"]) for item in state.get("pending", []) if item["reason"] == "rejected"}
    found += [
        f"{name}@{version} is called rejected, and nobody rejected it"
        for name, version in said
        if not freed[name, version]
    ]
    owed = {(item["name"], item["version"]) for item in state.get("approved", [])}
    found += [f"{name}@{version} is called approved, and isn't live" for name, version in owed - live.keys()]
    return found


def debts(box: Sandbox, registry: Registry, *, ours: frozenset[str], forge: dict[str, Any] | None = None) -> list[str]:
    """What must hold once a release has ended well."""
    found = []
    state, tags = state_at(box), remote_tags(box)
    stages = {(item.name, item.version): item.id for item in registry.stages()}
    recorded = {(entry["name"], entry["version"]): entry for entry in state.get("pending", [])}
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
    approved = {(line.name, line.version) for line in registry.audit() if line.action == "approved"}
    for name, version in approved:
        if version not in registry.versions(name):
            continue
        if f"{name}@{version}" not in tags:
            found.append(f"{name}@{version} is live without its tag")
        if forge is not None and f"{name}@{version}" not in forge:
            found.append(f"{name}@{version} has no release on the forge")
    if state.get("approved"):
        found.append(f"staged.json still owes tags: {state['approved']}")
    log = show(box, "HEAD", "CHANGELOG.md") or ""
    lines = Counter(line for line in log.splitlines() if line.startswith("- "))
    found += [f"{tag} stands {lines[f'- {tag}']} times in CHANGELOG.md" for tag in tags if lines[f"- {tag}"] != 1]
    found += [f"{line} stands in CHANGELOG.md without a tag" for line in lines if line[2:] not in tags]
    left = [path for path in files_at(box) if path.startswith(".vis/release/") and path.endswith(".md")]
    found += [f"the change file {path} was not used" for path in left]
    subjects = box.git(box.remote, "log", "--format=%s", "main").splitlines()
    found += [f"a temporary file is in git: {path}" for path in files_at(box) if path.endswith(".tmp")]
    versions = Counter(
        line
        for line in box.git(box.remote, "log", "--format=%b", "main").splitlines()
        if line.startswith("Vis-Release: ")
    )
    found += [f"{line} was committed {count} times" for line, count in versions.items() if count > 1]
    assert subjects
    return found


def litter(box: Sandbox, root: Path) -> list[str]:
    """What a release must not leave behind in a checkout once it has ended well."""
    found = [
        f"left behind: {line}"
        for line in box.git(root, "status", "--porcelain", "--ignored", "--untracked-files=all").splitlines()
        if _is_litter(line)
    ]
    head, main = box.git(root, "rev-parse", "HEAD"), box.git(box.remote, "rev-parse", "main")
    return found + ([f"HEAD is {head[:9]}, the remote's main {main[:9]}"] if head != main else [])


def _is_litter(line: str) -> bool:
    path = line[3:]
    return not (line.startswith("!!") and path.startswith((".vis/release/.state.json", ".vis/release/dist/")))


def remote_tags(box: Sandbox) -> dict[str, str]:
    """Tag → commit, as the remote has them."""
    listing = box.git(
        box.remote, "for-each-ref", "refs/tags", "--format=%(refname:strip=2) %(*objectname) %(objectname)"
    )
    return {line.split()[0]: line.split()[1] for line in listing.splitlines()}


def state_at(box: Sandbox) -> dict[str, Any]:
    """staged.json on the remote's main."""
    text = show(box, "main", ".vis/release/staged.json")
    return {} if text is None else json.loads(text)


def manifest_at(box: Sandbox, commit: str, name: str) -> dict[str, Any]:
    """A package's package.json in a commit."""
    text = show(box, commit, f"packages/{name}/package.json")
    return {} if text is None else json.loads(text)


def show(box: Sandbox, commit: str, path: str) -> str | None:
    """A file in a commit of the remote; None when it isn't there."""
    if not box.git(box.remote, "ls-tree", commit, "--", path, check=False):
        return None
    return box.git(box.remote, "show", f"{commit}:{path}")


def files_at(box: Sandbox) -> list[str]:
    """Everything on the remote's main."""
    return box.git(box.remote, "ls-tree", "-r", "--name-only", "main").splitlines()
