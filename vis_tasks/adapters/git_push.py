"""What a remote said: ``git push --porcelain`` as a tagged value (git-push(1), "OUTPUT"), and that it could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.adapters.redact import redact
from vis_tasks.errors import Failed
from vis_tasks.patterns import regex
from vis_tasks.ports import Pushed, PushRefused, PushStale

if TYPE_CHECKING:
    from vis_tasks.ports import Completed

__all__ = ["read_push", "unreachable"]

# Reasons git gives for a ref that moved while we were looking; the last two come from the remote when two pushes race.
_STALE = ("fetch first", "non-fast-forward", "stale info", "incorrect old value provided", "cannot lock ref")
_NETWORK = (
    "could not resolve host",
    "connection",
    "could not read from remote repository",
    "unable to access",
    "the remote end hung up",
    "early eof",
    "operation timed out",
    "gnutls",
    "ssl",
)
_SAID_NO = (
    "authentication failed",
    "permission denied",
    "not found",
    "could not read username",
    "access denied",
)
# As libcurl says it; a bare number could be a port.
_STATUS = regex(r"error: 40[13]\b")


def read_push(done: Completed) -> Pushed | PushStale | PushRefused:
    """Judge a finished push.

    A ref line is ``!<tab><from>:<to><tab>[rejected] (reason)``; with ``--atomic`` the innocent refs carry
    ``(atomic push failed)``.
    """
    if done.code == 0:
        return Pushed()
    words = redact(done.stderr.strip())
    reasons = []
    for line in done.stdout.splitlines():
        if line.startswith("!"):
            _, ref, said = line.split("\t", 2)
            if "atomic push failed" not in said:
                reasons.append((ref.rpartition(":")[2], said))
    why = "; ".join(f"{ref}: {said}" for ref, said in reasons)
    remote_words = [line for line in words.splitlines() if line.startswith("remote:")]
    # "failed to update ref" alone says nothing; the remote's own words tell whether another push was in between.
    lost_race = "failed to update ref" in why and "cannot lock ref" in " ".join(remote_words)
    stale = [
        said
        for ref, said in reasons
        if ref.startswith("refs/heads/") and (lost_race or any(mark in said for mark in _STALE))
    ]
    if reasons and len(stale) == len(reasons):
        return PushStale(redact(why))
    if reasons:
        return PushRefused(redact("\n".join([why, *remote_words])))
    low = words.lower()
    said_no = any(mark in low for mark in _SAID_NO) or _STATUS.search(low) is not None
    network = any(mark in low for mark in _NETWORK) and not said_no
    return PushRefused(words or f"git push ended with exit code {done.code}", network=network)


def unreachable(what: str, done: Completed) -> Failed:
    """The error for a remote that could not be read; git's own words stand in it.

    Args:
        what: the remote, and what of it was asked for.
        done: the ``git fetch`` or ``git ls-remote`` that failed.
    """
    return Failed(
        f"git could not read {what}: {redact(done.stderr.strip()) or f'exit code {done.code}'}",
        code="GIT_FETCH",
        hint="see that the remote is reachable, then run again; nothing is lost",
    )
