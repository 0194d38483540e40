"""The one SQLite file: schema, connection, transactions.

WAL with ``synchronous=NORMAL``: a commit survives the death of the process (SIGKILL), without an fsync for each. The lock is
exclusive, so a second process on the same folder is refused instead of corrupting what the first one caches.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Database"]

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE users (
    name TEXT PRIMARY KEY, email TEXT NOT NULL, password TEXT NOT NULL, totp_secret TEXT, last_otp INTEGER,
    created_at REAL NOT NULL
);
CREATE TABLE tokens (
    hash TEXT PRIMARY KEY, user TEXT NOT NULL, kind TEXT NOT NULL, bypass_2fa INTEGER NOT NULL, created_at REAL NOT NULL,
    expires_at REAL, package TEXT, permissions TEXT
);
CREATE TABLE packages (name TEXT PRIMARY KEY, access TEXT NOT NULL, created_at REAL NOT NULL, rev INTEGER NOT NULL);
CREATE TABLE maintainers (package TEXT NOT NULL, user TEXT NOT NULL, PRIMARY KEY (package, user)) WITHOUT ROWID;
CREATE TABLE versions (
    package TEXT NOT NULL, version TEXT NOT NULL, document TEXT NOT NULL, blob TEXT NOT NULL, live_at REAL NOT NULL,
    blocked INTEGER NOT NULL, deleted INTEGER NOT NULL, provenance TEXT, PRIMARY KEY (package, version)
);
CREATE INDEX versions_blob ON versions (blob);
CREATE TABLE tags (
    id INTEGER PRIMARY KEY, package TEXT NOT NULL, tag TEXT NOT NULL, version TEXT, at REAL NOT NULL
);
CREATE INDEX tags_package ON tags (package);
CREATE TABLE stages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, package TEXT NOT NULL, version TEXT NOT NULL,
    tag TEXT NOT NULL, created_at REAL NOT NULL, ready_at REAL NOT NULL, actor TEXT NOT NULL, actor_type TEXT NOT NULL,
    access TEXT NOT NULL, shasum TEXT NOT NULL, integrity TEXT NOT NULL, blob TEXT NOT NULL,
    document TEXT NOT NULL, provenance TEXT,
    UNIQUE (package, version)
);
CREATE INDEX stages_blob ON stages (blob);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, action TEXT NOT NULL, actor TEXT NOT NULL, package TEXT NOT NULL,
    version TEXT NOT NULL, stage_id TEXT, tag TEXT
);
CREATE TABLE web_auth (
    id TEXT PRIMARY KEY, purpose TEXT NOT NULL, user TEXT, done INTEGER NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE issuers (issuer TEXT PRIMARY KEY, public_key TEXT NOT NULL);
CREATE TABLE trust (
    id TEXT PRIMARY KEY, package TEXT NOT NULL, issuer TEXT NOT NULL, claims TEXT NOT NULL, permissions TEXT NOT NULL
);
"""


class Database:
    """One connection, shared by the server's thread and its owner's, one statement or transaction at a time.

    Args:
        path: the database file; created when missing.

    Raises:
        vis_tasks.errors.Refused: another process has it open, or it was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
        self._connection.row_factory = sqlite3.Row
        try:
            self._open(path)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, path: Path) -> None:
        try:
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Refused(
                f"the registry's data is in use by another process: {path}",
                code="REGISTRY_IN_USE",
                hint="stop the other registry, or give this one its own folder with --data",
            ) from error
        except sqlite3.DatabaseError as error:
            raise Refused(
                f"this is no registry database: {path} ({error})", hint="give another folder with --data"
            ) from error
        found = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            for statement in SCHEMA.split(";"):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        self._connection.execute("COMMIT")
        if found not in {0, SCHEMA_VERSION}:
            raise Refused(
                f"the registry's data was written by another version of vis-tasks (schema {found}): {path}",
                hint="give another folder with --data",
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nests, and holds off every other thread until it ends."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0

    def execute(self, sql: str, *arguments: Any) -> int:
        """Run one statement and say how many rows it touched."""
        with self._lock:
            return self._connection.execute(sql, arguments).rowcount

    def rows(self, sql: str, *arguments: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, arguments).fetchall()

    def row(self, sql: str, *arguments: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, arguments).fetchone()
            return found

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        with self._lock:
            self._connection.close()
