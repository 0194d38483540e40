"""What people are told outside of the terminal. Texts are plain; each channel escapes them its own way."""

from __future__ import annotations

from vis_tasks.records import dataclass

__all__ = ["KINDS", "Notice", "NoticeItem"]

KINDS = ("waiting", "reminder", "decided", "failed", "test")
"""Why somebody is told: versions wait for them; they still do; all is decided; something failed; somebody tries the channels."""


@dataclass(frozen=True)
class NoticeItem:
    """One version.

    Attributes:
        name: npm name.
        version: exact version.
        text: what is to be said of it, in a few words.
        command: what to run; empty when there is nothing.
        link: where to look in a browser; None when that isn't known.
    """

    name: str
    version: str
    text: str
    command: str = ""
    link: str | None = None


@dataclass(frozen=True)
class Notice:
    """One message.

    Attributes:
        kind: one of `KINDS`.
        title: one line.
        items: the versions it is about.
    """

    kind: str
    title: str
    items: tuple[NoticeItem, ...] = ()
