"""staged.json: what is still pending at the registry, as the repository remembers it.

The schema is ``version: 1, updatedAt, pending[{id, name, version, tag, reason, stagedAt}]``; everything else is optional:
per entry ``integrity``, ``shasum``, ``commit``, ``registry``, ``goneAt``; the lists ``approved`` (live, tag not made yet)
and ``rejected`` (tombstones); on a state branch ``takenOver`` (see `vis_tasks.core.pending_merge.take_over`). Keys this version
doesn't know survive a rewrite, at the top and in every entry.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Failed
from vis_tasks.patterns import regex
from vis_tasks.records import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["REASONS", "SCHEMA", "Entry", "Pending", "Tombstone", "damaged_text", "parse", "render"]

REASONS = ("waiting", "timeout", "rejected", "blocked")
"""Why an entry is there: staged and undecided; undecided when the wait ended; decided against; stopped by the registry's scan."""

SCHEMA = 1


_FIELDS = {
    "id": "id",
    "name": "name",
    "version": "version",
    "tag": "tag",
    "reason": "reason",
    "stagedAt": "staged_at",
    "integrity": "integrity",
    "shasum": "shasum",
    "commit": "commit",
    "registry": "registry",
    "goneAt": "gone_at",
}
_PUBLISHED = "published"
_OF_THE_BYTES = ("integrity", "shasum", "commit", "registry")
_REQUIRED = ("name", "version")
_CONFLICT = regex(r"^(<{7}|>{7})", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One staged version.

    Attributes:
        id: the registry's stage id (a UUID); None when the version is known to be staged but its id can't be read back.
        name: npm name.
        version: exact version.
        tag: dist-tag it was staged with.
        reason: one of `REASONS`.
        staged_at: ISO 8601, UTC.
        integrity: ``sha512-…`` of the bytes that were staged, when known.
        shasum: sha1 hex of the same bytes, when known.
        commit: the commit the bytes were built from; the tag will point at it.
        registry: address it was staged at, when it isn't the default one.
        gone_at: when the stage record was first seen to be gone while the version wasn't live (ISO 8601, UTC).
        published: it was published without staging, or approved through us, and can't be installed yet: there is nothing left to
            approve or to reject.
        extra: keys this version doesn't know.
    """

    name: str
    version: str
    id: str | None = None
    tag: str = "latest"
    reason: str = "waiting"
    staged_at: str = ""
    integrity: str | None = None
    shasum: str | None = None
    commit: str | None = None
    registry: str | None = None
    gone_at: str | None = None
    published: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """Name and version: what makes an entry the same entry."""
        return (self.name, self.version)

    @property
    def spec(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def stage(self) -> str:
        """The stage id as it is shown, or why there is none."""
        return self.id or ("(published)" if self.published else "(id unknown)")


@dataclass(frozen=True)
class Tombstone:
    """A rejected version: not staged again by itself until the package's version moves on.

    ``extra`` holds ``integrity``, ``shasum`` and ``commit`` of what was staged, as far as they were known.
    """

    name: str
    version: str
    at: str
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """Name and version."""
        return (self.name, self.version)

    @property
    def entry(self) -> Entry:
        """What was staged, as far as it is remembered."""
        known: dict[str, Any] = {key: str(self.extra[key]) for key in _OF_THE_BYTES if key in self.extra}
        return Entry(self.name, self.version, **known)


@dataclass(frozen=True)
class Pending:
    """The whole file. Empty means: the file should not exist."""

    pending: tuple[Entry, ...] = ()
    approved: tuple[Entry, ...] = ()
    rejected: tuple[Tombstone, ...] = ()
    updated_at: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to remember."""
        return not (self.pending or self.approved or self.rejected)

    def find(self, name: str, version: str) -> Entry | None:
        """The pending entry of one version."""
        return next((entry for entry in self.pending if entry.key == (name, version)), None)

    def find_approved(self, name: str, version: str) -> Entry | None:
        """The approved entry of one version."""
        return next((entry for entry in self.approved if entry.key == (name, version)), None)

    def is_rejected(self, name: str, version: str) -> bool:
        """Whether a tombstone stands for this version."""
        return any(stone.key == (name, version) for stone in self.rejected)

    def knows(self, name: str, version: str) -> bool:
        """Whether there is any word of this version: pending, approved or rejected."""
        return bool(self.find(name, version) or self.find_approved(name, version) or self.is_rejected(name, version))

    def put(self, entry: Entry) -> Pending:
        """Add a pending entry, or replace the one of the same version in place."""
        key = entry.key
        at = next((number for number, old in enumerate(self.pending) if old.key == key), len(self.pending))
        return replace(self, pending=(*self.pending[:at], entry, *self.pending[at + 1 :]))

    def approve(self, entry: Entry) -> Pending:
        """Move a version to ``approved``: it is live and owed its tag."""
        kept = tuple(old for old in self.pending if old.key != entry.key)
        others = tuple(old for old in self.approved if old.key != entry.key)
        stones = tuple(stone for stone in self.rejected if stone.key != entry.key)
        return replace(
            self, pending=kept, approved=(*others, replace(entry, gone_at=None, published=False)), rejected=stones
        )

    def reject(self, entry: Entry, at: str) -> Pending:
        """Mark a version rejected: its entry stays for people to see and drop, and a tombstone keeps it from coming back."""
        marked = self.put(replace(entry, reason="rejected"))
        return marked.bury(entry.name, entry.version, at)

    def bury(self, name: str, version: str, at: str) -> Pending:
        """Set a tombstone, once; it keeps what is known of the bytes, should the version go live after all."""
        if self.is_rejected(name, version):
            return self
        entry = self.find(name, version)
        known = {key: getattr(entry, key) for key in _OF_THE_BYTES if entry and getattr(entry, key)}
        return replace(self, rejected=(*self.rejected, Tombstone(name, version, at, known)))

    def drop(self, name: str, version: str) -> Pending:
        """Forget a pending entry (its tombstone, if it has one, stays)."""
        return replace(self, pending=tuple(entry for entry in self.pending if entry.key != (name, version)))

    def tagged(self, name: str, version: str) -> Pending:
        """Forget an approved entry: it has its tag."""
        return replace(self, approved=tuple(entry for entry in self.approved if entry.key != (name, version)))

    def prune(self, still: Callable[[Tombstone], bool]) -> Pending:
        """Keep only the tombstones for which ``still`` is true (the package still has that version on disk)."""
        return replace(self, rejected=tuple(stone for stone in self.rejected if still(stone)))


def parse(text: str, path: str, *, mend: str = "") -> Pending:
    """Read the file's text.

    Args:
        text: the file's content; an empty or absent file is the caller's business.
        path: for messages.
        mend: the way out of a damaged file, where it isn't git's.

    Raises:
        vis_tasks.errors.Failed: code ``STAGED_JSON``; the file is damaged or of a newer version. It is never overwritten then.
    """
    try:
        return _parse(text, path)
    except Failed as error:
        if mend and error.code == "STAGED_JSON":
            raise Failed(error.message, code=error.code, hint=mend) from None
        raise


@lru_cache(maxsize=8)  # a wave of hundreds reads its own file hundreds of times
def _parse(text: str, path: str) -> Pending:
    if _CONFLICT.search(text):
        raise _damaged(path, "it holds merge conflict markers", "resolve the conflict: keep the entries of both sides")
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _damaged(path, f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    if not isinstance(data, dict):
        raise _damaged(path, "the top must be an object")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(path, f'"version" must be {SCHEMA}, it is {version!r}')
    if version > SCHEMA:
        raise Failed(
            f"{path} was written by a newer vis-tasks (its version is {version}, this one reads {SCHEMA})",
            code="STAGED_JSON_NEWER",
            hint="upgrade vis-tasks, then run again; nothing was changed",
        )
    known = {"version", "updatedAt", "pending", "approved", "rejected"}
    return Pending(
        pending=tuple(_entry(item, f"{path}: pending[{i}]") for i, item in enumerate(_list(data, "pending", path))),
        approved=tuple(_entry(item, f"{path}: approved[{i}]") for i, item in enumerate(_list(data, "approved", path))),
        rejected=tuple(_stone(item, f"{path}: rejected[{i}]") for i, item in enumerate(_list(data, "rejected", path))),
        updated_at=str(data.get("updatedAt", "")),
        extra={key: value for key, value in data.items() if key not in known},
    )


def render(state: Pending) -> str:
    """The file's text: two spaces, keys in the documented order, a final newline."""
    values = {"version": _text(SCHEMA), "updatedAt": _text(state.updated_at), "pending": _list_text(state.pending)}
    if state.approved:
        values["approved"] = _list_text(state.approved)
    if state.rejected:
        values["rejected"] = _text(
            [{"name": stone.name, "version": stone.version, "at": stone.at, **stone.extra} for stone in state.rejected],
            "  ",
        )
    values |= {key: _text(value, "  ") for key, value in state.extra.items()}
    return "{\n" + ",\n".join(f"  {_text(key)}: {text}" for key, text in values.items()) + "\n}\n"


def _list_text(entries: Sequence[Entry]) -> str:
    texts = [_entry_text(entry) if entry.extra else _plain_text(entry) for entry in entries]
    return "[\n" + ",\n".join(f"    {text}" for text in texts) + "\n  ]" if texts else "[]"


def _entry_text(entry: Entry) -> str:
    return _text(_entry_json(entry), "    ")


# A wave of hundreds writes its file hundreds of times, and in each all entries but one are as they were. Not with keys unknown
# to us: entries that are equal may have them in another order.
_plain_text = lru_cache(maxsize=4096)(_entry_text)


def _text(value: Any, margin: str = "") -> str:
    """The value as it stands in a text of two spaces an indent, on a line with that margin."""
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{margin}")


def _entry(item: Any, where: str) -> Entry:
    if not isinstance(item, dict):
        raise _damaged(where, "must be an object")
    values: dict[str, Any] = {}
    for key, attribute in _FIELDS.items():
        value = item.get(key)
        if value is None:
            if key in _REQUIRED:
                raise _damaged(where, f'"{key}" is missing')
            continue
        if not isinstance(value, str):
            raise _damaged(where, f'"{key}" must be a string, it is {value!r}')
        values[attribute] = value
    if values.get("reason", REASONS[0]) not in REASONS:
        raise _damaged(where, f'"reason" must be one of {", ".join(REASONS)}; it is {values["reason"]!r}')
    published = item.get(_PUBLISHED, False)
    if not isinstance(published, bool):
        raise _damaged(where, f'"{_PUBLISHED}" must be true or false, it is {published!r}')
    extra = {key: value for key, value in item.items() if key not in _FIELDS and key != _PUBLISHED}
    return Entry(**values, published=published, extra=extra)


def _entry_json(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, attribute in _FIELDS.items():
        value = getattr(entry, attribute)
        if value is not None or key == "id":
            data[key] = value
    if entry.published:
        data[_PUBLISHED] = True
    data.update(entry.extra)
    return data


def _stone(item: Any, where: str) -> Tombstone:
    if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in ("name", "version")):
        raise _damaged(where, 'must be an object with "name" and "version"')
    known = {"name", "version", "at"}
    extra = {key: value for key, value in item.items() if key not in known}
    return Tombstone(item["name"], item["version"], str(item.get("at", "")), extra)


def _list(data: Mapping[str, Any], key: str, path: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise _damaged(path, f'"{key}" must be a list')
    return value


def damaged_text(path: str, error: UnicodeDecodeError) -> Failed:
    """What a file that isn't UTF-8 is refused with."""
    return _damaged(path, f"not UTF-8 at byte {error.start + 1}")


def _damaged(path: str, why: str, hint: str = "") -> Failed:
    return Failed(
        f"{path} can't be read: {why}",
        code="STAGED_JSON",
        hint=hint or "mend it, or bring back the last good one with `git checkout HEAD -- <file>`; nothing was changed",
    )
