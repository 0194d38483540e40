"""The journal of one wave (``.state.json``): what was begun and what is done, so that a killed run can be taken up again.

It is never in git and deleted when the wave is fully done. staged.json is the truth across machines; the journal only saves
looking and guards the moments in between: a version being written, an upload whose answer never came.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Failed
from vis_tasks.records import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Journal", "Versioning", "parse_journal", "render_journal"]

SCHEMA = 1


@dataclass(frozen=True)
class Versioning:
    """A version commit in the making.

    Attributes:
        base: HEAD before anything was written.
        files: every path about to be written or removed → sha256 hex of its planned content, None for a removal or for a file
            that a package manager writes.
        releases: package → ``(old, new)``.
        commit: the version commit, once it is made.
        pushed: whether the remote has it.
    """

    base: str
    files: Mapping[str, str | None]
    releases: Mapping[str, tuple[str, str]]
    commit: str | None = None
    pushed: bool = False


@dataclass(frozen=True)
class Journal:
    """Everything one wave has begun or done.

    Attributes:
        started_at: ISO 8601, UTC.
        versioning: the version step, when there is one.
        intents: ``name@version`` → shasum of the bytes whose upload was begun; removed when its answer is in staged.json.
        applied: ``name@version`` whose version was written to disk and committed.
        published: ``name@version`` that went live through this wave.
        tagged: tags made.
        pushed: tags the remote took.
        released: tags whose forge release is made.
        changelog: ``name@version`` whose entry stands in the workspace CHANGELOG.md.
        at_work: the command of the user's (a hook, a target, the scripts of packing) that was begun on a clean tree and has not
            ended well; empty otherwise.
    """

    started_at: str = ""
    versioning: Versioning | None = None
    intents: Mapping[str, str] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    published: tuple[str, ...] = ()
    tagged: tuple[str, ...] = ()
    pushed: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    changelog: tuple[str, ...] = ()
    at_work: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def intend(self, spec: str, shasum: str) -> Journal:
        """Note that an upload is about to begin."""
        return replace(self, intents={**self.intents, spec: shasum})

    def settled(self, spec: str) -> Journal:
        """Note that the upload's answer is known."""
        return replace(self, intents={key: value for key, value in self.intents.items() if key != spec})

    def add(self, name: str, *values: str) -> Journal:
        """Add values to one of the lists, each once."""
        old: tuple[str, ...] = getattr(self, name)
        new = tuple(value for value in dict.fromkeys(values) if value not in old)
        changed: dict[str, Any] = {name: (*old, *new)}
        return replace(self, **changed) if new else self


_LISTS = ("applied", "published", "tagged", "pushed", "released", "changelog")


@lru_cache(maxsize=8)
def parse_journal(text: str, path: str) -> Journal:
    """Read the journal.

    Raises:
        vis_tasks.errors.Failed: code ``JOURNAL``; damaged or of a newer version. The way out is named: it may be deleted, the
            next run then looks at git and the registry instead.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _damaged(path, f"not JSON: {error.msg} at line {error.lineno}") from None
    if not isinstance(data, dict):
        raise _damaged(path, "the top must be an object")
    if data.get("version") != SCHEMA:
        if isinstance(data.get("version"), int) and data["version"] > SCHEMA:
            raise _damaged(path, f"it was written by a newer vis-tasks (its version is {data['version']})")
        raise _damaged(path, f'"version" must be {SCHEMA}, it is {data.get("version")!r}')
    known = {"version", "startedAt", "versioning", "intents", "atWork", *_LISTS}
    try:
        return Journal(
            started_at=str(data.get("startedAt", "")),
            versioning=_versioning(data.get("versioning")),
            intents={str(key): str(value) for key, value in dict(data.get("intents", {})).items()},
            at_work=str(data.get("atWork", "")),
            extra={key: value for key, value in data.items() if key not in known},
            **{name: tuple(str(item) for item in list(data.get(name, []))) for name in _LISTS},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, f"a field has the wrong shape ({error})") from None


def render_journal(journal: Journal) -> str:
    """The journal's text."""
    data: dict[str, Any] = {"version": SCHEMA, "startedAt": journal.started_at}
    if journal.versioning:
        step = journal.versioning
        data["versioning"] = {
            "base": step.base,
            "files": dict(step.files),
            "releases": {name: list(pair) for name, pair in step.releases.items()},
            "commit": step.commit,
            "pushed": step.pushed,
        }
    data["intents"] = dict(journal.intents)
    for name in _LISTS:
        data[name] = list(getattr(journal, name))
    if journal.at_work:
        data["atWork"] = journal.at_work
    data.update(journal.extra)
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _versioning(value: Any) -> Versioning | None:
    if value is None:
        return None
    return Versioning(
        base=str(value["base"]),
        files={str(key): None if found is None else str(found) for key, found in value["files"].items()},
        releases={str(name): (str(old), str(new)) for name, (old, new) in value["releases"].items()},
        commit=None if value.get("commit") is None else str(value["commit"]),
        pushed=bool(value.get("pushed", False)),
    )


def _damaged(path: str, why: str) -> Failed:
    return Failed(
        f"{path} can't be read: {why}",
        code="JOURNAL",
        hint=f"delete {path} and run again: what was staged is found in staged.json and at the registry",
    )
