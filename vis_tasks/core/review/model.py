"""The words of a review. Texts come from packages that nobody has looked at yet: whoever shows them escapes them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Check", "Contents", "FileChange", "Flag", "Level", "ManifestChange", "PackedContent", "Review", "Sizes"]


class Level(Enum):
    """How much something matters, the gravest first."""

    DANGER = "danger"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class PackedContent:
    """One file of a tarball.

    Attributes:
        size: bytes.
        digest: sha256 hex of its content.
        data: the content of small files; None for large ones.
    """

    size: int
    digest: str
    data: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Contents:
    """A tarball that was read.

    Attributes:
        size: bytes of the tarball.
        integrity: ``sha512-<base64>`` of the tarball.
        shasum: sha1 hex of the tarball.
        files: path without ``package/`` → content.
        manifest: its package.json, parsed.
        secrets: ``(path, what)`` pairs of files that hold something secret.
    """

    size: int
    integrity: str
    shasum: str
    files: Mapping[str, PackedContent] = field(repr=False)
    manifest: Mapping[str, Any] = field(repr=False)
    secrets: tuple[tuple[str, str], ...] = ()

    @property
    def unpacked_size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True)
class Sizes:
    """Bytes of the tarball, bytes unpacked, number of files."""

    packed: int
    unpacked: int
    files: int


@dataclass(frozen=True)
class FileChange:
    """One file that differs.

    Attributes:
        path: inside the package.
        kind: ``added``, ``removed`` or ``changed``.
        before: bytes before; None when added.
        after: bytes now; None when removed.
        note: why there is no diff: ``binary``, ``minified``, ``too large``; else empty.
        diff: lines of a unified diff without its heading, each with its mark.
        folded: how many more lines there are.
    """

    path: str
    kind: str
    before: int | None
    after: int | None
    note: str = ""
    diff: tuple[str, ...] = ()
    folded: int = 0


@dataclass(frozen=True)
class ManifestChange:
    """One change of package.json that matters; ``before`` and ``after`` are JSON, empty when absent."""

    field: str
    before: str
    after: str
    level: Level = Level.NOTE


@dataclass(frozen=True)
class Flag:
    """Something to look at before saying yes. ``code`` is stable, for scripts."""

    level: Level
    code: str
    text: str


@dataclass(frozen=True)
class Check:
    """One comparison of bytes: with what CI recorded, with what it packed, with a rebuild. None: it could not be made."""

    what: str
    good: bool | None
    text: str


@dataclass(frozen=True)
class Review:
    """Everything about one stage.

    Attributes:
        name: npm name.
        version: the staged version.
        tag: dist-tag it will get.
        stage_id: the registry's id.
        about: age, who staged it, and where it can be reviewed in a browser.
        against: the live version it is compared with; None when there is none.
        sizes: of the staged tarball; None when it can't be read.
        sizes_before: of the live one.
        checks: bytes compared.
        flags: what to look at, gravest first.
        manifest: changes of package.json.
        files: files that differ.
        changelog: the version's section of CHANGELOG.md.
        commits: ``(short id, subject)`` of what is in it.
        provenance: what is known of a provenance statement.
    """

    name: str
    version: str
    tag: str
    stage_id: str | None
    about: str
    against: str | None = None
    sizes: Sizes | None = None
    sizes_before: Sizes | None = None
    checks: tuple[Check, ...] = ()
    flags: tuple[Flag, ...] = ()
    manifest: tuple[ManifestChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    changelog: str = ""
    commits: tuple[tuple[str, str], ...] = ()
    provenance: str = ""

    @property
    def spec(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"
