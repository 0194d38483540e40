"""The browser's part: a client gets two addresses, a person completes the first, the client polls the second.

Used for web login and for web 2FA (npm's auth-type=web). A finished session gives one token: a session token after a login, a
one-time code for the ``npm-otp`` header after a 2FA.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vis_tasks.registry.problems import not_found

if TYPE_CHECKING:
    from vis_tasks.registry.database import Database
    from vis_tasks.registry.settings import Settings

__all__ = ["WebAuth", "WebSession"]

Purpose = Literal["login", "otp"]
PASS_PREFIX = "web_"  # noqa: S105 (a prefix)


@dataclass(frozen=True)
class WebSession:
    """One pair of addresses. ``user`` is who must confirm (otp), or who logged in."""

    id: str
    purpose: Purpose
    user: str | None
    done: bool


class WebAuth:
    """Open sessions, and the one-time passes they end in."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings

    def start(self, purpose: Purpose, user: str | None = None) -> str:
        """Open a session and return its id."""
        session_id = str(uuid.uuid4())
        oldest = self._settings.now() - self._settings.web_auth_lifetime
        with self._db.transaction():
            self._db.execute("DELETE FROM web_auth WHERE created_at < ?", oldest)
            self._db.execute(
                "INSERT INTO web_auth VALUES (?, ?, ?, 0, ?)", session_id, purpose, user, self._settings.now()
            )
        return session_id

    def find(self, session_id: str) -> WebSession:
        """The session.

        Raises:
            Problem: 404 when there is none, or its time is over.
        """
        oldest = self._settings.now() - self._settings.web_auth_lifetime
        row = self._db.row("SELECT * FROM web_auth WHERE id = ? AND created_at >= ?", session_id, oldest)
        if row is None or row["purpose"] == "pass":
            raise not_found("This authentication session does not exist or has expired.")
        return WebSession(row["id"], row["purpose"], row["user"], bool(row["done"]))

    def complete(self, session_id: str, user: str) -> None:
        """A person has confirmed."""
        self._db.execute("UPDATE web_auth SET done = 1, user = ? WHERE id = ?", user, session_id)

    def finish(self, session_id: str) -> None:
        """The client has fetched the result; the session is over."""
        self._db.execute("DELETE FROM web_auth WHERE id = ?", session_id)

    def issue_pass(self, user: str) -> str:
        """A code for the ``npm-otp`` header that counts once."""
        code = f"{PASS_PREFIX}{uuid.uuid4().hex}"
        self._db.execute("INSERT INTO web_auth VALUES (?, 'pass', ?, 1, ?)", code, user, self._settings.now())
        return code

    def use_pass(self, user: str, code: str) -> bool:
        """Spend a pass; False when it isn't this user's, was spent, or is over."""
        oldest = self._settings.now() - self._settings.web_auth_lifetime
        return code.startswith(PASS_PREFIX) and bool(
            self._db.execute(
                "DELETE FROM web_auth WHERE id = ? AND purpose = 'pass' AND user = ? AND created_at >= ?",
                code,
                user,
                oldest,
            )
        )
