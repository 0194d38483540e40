"""Make a release exactly once, whatever the network does: look, create, and look again when the answer says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

from vis_tasks.adapters.forge.api import Answer, Api, Lost
from vis_tasks.ports import ForgeRelease, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Dialect", "ensure", "look_up"]

_TRIES = 4
_PAUSE = 2.0


class Dialect(Protocol):
    """What differs between forges."""

    api: Api

    def find(self, tag: str) -> str | Answer | Lost | None:
        """Address of the release's page; None when there is none; else what came instead of an answer to that."""
        ...

    def create(self, payload: Mapping[str, object]) -> str | Answer | Lost | None:
        """Address of the release's page when it was made; None when somebody else has just made it; else as for `find`."""
        ...

    def hint(self, answer: Answer | Lost) -> str:
        """The way out."""
        ...


def ensure(dialect: Dialect, tag: str, payload: Mapping[str, object]) -> ForgeRelease:
    """Look the release up by its tag and create it when it isn't there: two requests, one when it is.

    A POST without an answer is never simply sent again: the look-up comes first, so there is one release even when the answer
    got lost after the forge had done its work.

    Args:
        dialect: GitHub's or GitLab's ways.
        tag: an existing, pushed tag.
        payload: the release in the forge's words.

    Raises:
        vis_tasks.errors.Failed: code ``FORGE``.
    """
    last: Answer | Lost = Lost("no answer")
    unsure = False
    for attempt in range(_TRIES):
        if attempt:
            dialect.api.pause(_PAUSE * 2 ** (attempt - 1))
        found = dialect.find(tag)
        if isinstance(found, str):
            return ForgeRelease(tag, found, created=unsure)
        if isinstance(found, Answer):
            _fail(dialect, f"looking for the release of {tag}", found)
        if isinstance(found, Lost):
            last = found
            continue
        made = dialect.create(payload)
        if isinstance(made, str):
            return ForgeRelease(tag, made, created=True)
        if isinstance(made, Answer):
            _fail(dialect, f"making the release of {tag}", made)
        if isinstance(made, Lost):
            last, unsure = made, True
        else:
            # Somebody was faster; the look-up at the top of the loop may lag a little behind.
            last = Lost("it says the release exists, but does not show it")
    return _fail(dialect, f"making the release of {tag}", last)


def look_up(dialect: Dialect, tag: str) -> str | Unknown | None:
    """The release's address, None when there is none, `Unknown` when the forge didn't say."""
    found = dialect.find(tag)
    if isinstance(found, Answer):
        return Unknown(f"http {found.status}", f"HTTP {found.status}")
    return Unknown("network", "no answer") if isinstance(found, Lost) else found


def _fail(dialect: Dialect, what: str, answer: Answer | Lost) -> NoReturn:
    raise dialect.api.failed(what, answer, dialect.hint(answer))
