"""Where one version stands and why: disk, git, staged.json, journal, registry, tag, forge release; and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.core.ages import age_since
from vis_tasks.core.decision import same_bytes
from vis_tasks.errors import UsageError
from vis_tasks.ports import ForgeLookup, Live, StageList, Unknown, Unreadable
from vis_tasks.records import dataclass
from vis_tasks.services.origin import commit_that_brought, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vis_tasks.core.model import Package
    from vis_tasks.core.pending import Entry
    from vis_tasks.services.run import Run

__all__ = ["Fact", "Standing", "inspect_version"]


@dataclass(frozen=True)
class Fact:
    """What one place says.

    Attributes:
        place: ``disk``, ``git``, ``staged.json``, ``journal``, ``registry``, ``tag`` or ``forge``.
        state: one word or two, stable for scripts.
        text: one line for people.
    """

    place: str
    state: str
    text: str


@dataclass(frozen=True)
class Standing:
    """Everything about one version.

    Attributes:
        facts: by place.
        verdict: one line.
        next: the command to run next; empty when there is nothing to do.
    """

    name: str
    version: str
    facts: tuple[Fact, ...]
    verdict: str
    next: str

    def state(self, place: str) -> str:
        """What a place says, in its word."""
        return next((fact.state for fact in self.facts if fact.place == place), "")


def inspect_version(run: Run, spec: str) -> Standing:
    """Look everywhere: one ``ls-remote``, a few git processes, two or three requests to the registry, one to the forge.

    Args:
        run: the run.
        spec: ``name@version``, or a name for the version on disk.

    Raises:
        vis_tasks.errors.UsageError: there is no such package to take the version from.
    """
    name, version, package = _parse(run, spec)
    state = run.state.pending()
    entry = state.find(name, version) or state.find_approved(name, version)
    on_disk = package is not None and package.version == version
    commit = (entry.commit if entry else None) or (commit_that_brought(run, package) if on_disk and package else None)
    ours = entry is not None or bool(on_disk and package and is_ours(run, package))
    facts = [
        _disk(package, version),
        _git(run, commit, recorded=bool(entry and entry.commit), ours=ours),
        _staged_json(run, name, version),
        _journal(run, f"{name}@{version}"),
        *_registry(run, name, version, entry),
        _tag(run, name, version, commit),
    ]
    facts += _forge(run, name, version, tagged=facts[-1].state)
    verdict, then = _verdict({fact.place: fact.state for fact in facts}, entry, f"{name}@{version}")
    return Standing(name, version, tuple(facts), verdict, then)


def _parse(run: Run, spec: str) -> tuple[str, str, Package | None]:
    name, at, version = spec.rpartition("@")
    if not name:
        name, version = (spec if not at else f"@{version}"), ""
    package = run.workspace.by_name.get(name)
    if not version:
        if package is None:
            hint = "give name@version; the workspace's packages need no version"
            raise UsageError(f"{spec!r} is no package of this workspace", code="NO_SUCH_PACKAGE", hint=hint)
        version = package.version
    return name, version, package


def _disk(package: Package | None, version: str) -> Fact:
    if package is None:
        return Fact("disk", "elsewhere", "not a package of this workspace")
    if package.version == version:
        return Fact("disk", "this version", f"{package.manifest_path} has it")
    return Fact("disk", "other version", f"{package.manifest_path} has {package.version}")


def _git(run: Run, commit: str | None, *, recorded: bool, ours: bool) -> Fact:
    if commit is None:
        return Fact("git", "unknown", "no commit in this history is known to have brought it")
    here = run.tools.git.has_commit(commit)
    if here and not ours:
        return Fact(
            "git", "not a release", f"{commit[:12]} brought it, and used up no change files: no release of ours did"
        )
    how = "recorded as what it was built from" if recorded else "brought it"
    return Fact(
        "git", "known" if here else "missing", f"{commit[:12]} {how}{'' if here else ', but is not in this clone'}"
    )


def _staged_json(run: Run, name: str, version: str) -> Fact:
    state, now = run.state.pending(), run.tools.clock.now()
    entry = state.find(name, version)
    if entry is not None:
        age = age_since(entry.staged_at, now)
        when = f", staged {age} ago" if age else ""
        return Fact("staged.json", entry.reason, f"pending ({entry.reason}{when}), id {entry.id or 'unknown'}")
    if state.find_approved(name, version):
        return Fact("staged.json", "approved", "approved and live; its tag is owed")
    if state.is_rejected(name, version):
        return Fact("staged.json", "buried", "rejected: it isn't staged again by itself")
    return Fact("staged.json", "nothing", "no word of it")


def _journal(run: Run, spec: str) -> Fact:
    if not run.state.has_journal():
        return Fact("journal", "nothing", "no wave is open on this machine")
    journal = run.state.journal()
    if spec in journal.intents:
        return Fact(
            "journal", "uploading", "an upload was announced whose answer isn't known: the next run looks for it"
        )
    seen = [word for word in ("applied", "published") if spec in getattr(journal, word)]
    return Fact("journal", seen[-1] if seen else "nothing", ", ".join(seen) or "the open wave has no word of it")


def _registry(run: Run, name: str, version: str, entry: Entry | None) -> Iterator[Fact]:
    package = run.workspace.by_name.get(name)
    url = (entry.registry if entry else None) or run.npm.url_for(name, package.manifest if package else {})
    reader = run.npm.reader(url)
    live = reader.live(name, version)
    if isinstance(live, Live):
        same = same_bytes(
            integrity=entry.integrity if entry else None,
            shasum=entry.shasum if entry else None,
            live_integrity=live.integrity,
            live_shasum=live.shasum,
        )
        other = same.name == "DIFFERENT"
        text = f"{url}: live, with OTHER bytes than were staged" if other else f"{url}: live"
        yield Fact("registry", "mismatch" if other else "live", text)
        return
    listed = reader.stages(name)
    if isinstance(listed, StageList):
        record = next((each for each in listed.records if each.version == version), None)
        if record:
            status = f" ({record.status})" if record.status not in {None, "staged"} else ""
            yield Fact("registry", "staged", f"{url}: staged{status} by {record.actor or 'somebody'}, id {record.id}")
            return
    said = reader.status(name, version)
    if isinstance(said, str) and said in {"blocked", "validating"}:
        yield Fact("registry", said, f"{url}: {said}")
        return
    if isinstance(live, Unknown):
        yield Fact("registry", "unknown", f"{url}: no usable answer ({live.why})")
    elif isinstance(listed, Unreadable | Unknown):
        yield Fact("registry", "not live", f"{url}: not live; whether it is staged can't be read ({listed.why})")
    else:
        yield Fact("registry", "nothing", f"{url}: neither staged nor live")


def _tag(run: Run, name: str, version: str, commit: str | None) -> Fact:
    tag = run.tag_name(name, version)
    there = run.refs.tags.get(tag)
    if there is None:
        return Fact("tag", "none", f"{tag} is not on {run.release.remote}")
    if commit and there != commit:
        return Fact("tag", "elsewhere", f"{tag} points at {there[:12]}, not at {commit[:12]}")
    return Fact("tag", "there", f"{tag} points at {there[:12]}")


def _forge(run: Run, name: str, version: str, *, tagged: str) -> list[Fact]:
    forge: object = run.tools.forge() if tagged != "none" else None
    if not isinstance(forge, ForgeLookup):
        return []
    found = forge.find_release(run.tag_name(name, version))
    if isinstance(found, Unknown):
        return [Fact("forge", "unknown", f"the forge gave no usable answer ({found.why})")]
    return [Fact("forge", "there", found) if found else Fact("forge", "none", "no release of it on the forge")]


def _verdict(at: dict[str, str], entry: Entry | None, spec: str) -> tuple[str, str]:
    """The first row that fits."""
    stage = entry.id if entry and entry.id else spec
    registry, staged, tag = at["registry"], at["staged.json"], at["tag"]
    live, silent = registry == "live", registry == "unknown"
    reject = f"invoke stage.reject {stage}"
    rows: tuple[tuple[bool, str, str], ...] = (
        (registry == "mismatch", "live with other bytes than were staged: find out who published it", ""),
        (tag == "elsewhere", "its tag points at another commit than it was built from; tags are never moved", ""),
        (live and tag == "there" and at.get("forge") == "none", "live and tagged, not released on the forge", "invoke tag"),
        (live and tag == "there", "done: live and tagged", ""),
        (live and at["disk"] == "elsewhere", "live; nothing is owed here", ""),
        (live and (staged != "nothing" or at["git"] in {"known", "missing"}), "live, its tag is owed", "invoke tag"),
        (live and at["git"] == "not a release", "live; no release of ours brought it, so no tag is owed", ""),
        (live, "live; this repository doesn't know where it came from", ""),
        ("blocked" in {registry, staged}, "stopped by the registry's scan, not live", reject),
        (registry == "staged", "staged: a maintainer decides", f"invoke stage.review {stage}"),
        (registry == "validating", "approved, and being scanned by the registry", "invoke reconcile tag"),
        (staged == "rejected", "rejected: drop its entry, then release a fix as the next version", reject),
        (staged == "buried", "rejected: mend it and release the next version", "invoke add"),
        (at["journal"] == "uploading", "an upload was cut off", "invoke release"),
        (silent and staged in {"waiting", "timeout"}, "recorded as staged; the registry is silent", f"invoke inspect {spec}"),
        (staged in {"waiting", "timeout"}, "recorded as staged, not live", "invoke reconcile"),
        (silent, "the registry didn't say", f"invoke inspect {spec}"),
        (tag == "there", "tagged, but not live: the tag announces what can't be installed", ""),
        (at["disk"] == "this version", "not staged yet", "invoke release"),
    )  # fmt: skip
    return next(((text, then) for fits, text, then in rows if fits), ("never heard of here", ""))
