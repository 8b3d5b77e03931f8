"""Objects on disk: one sqlite file, written before a change is acknowledged, read once at the start.

Nothing is synced: what was committed outlives a SIGKILL of this process, not a power cut of the machine, which may
leave the file damaged. A sync would hold everybody up for 5 to 60 ms, each time the log is written back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Literal

CHANGES = 1024  # the last ones, of whatever resource: watches can go on from them after a restart
LOCK_TIMEOUT_S = 0.5  # a server that is just ending may still hold the file


Stored = tuple[str, str, str, Literal["ADDED", "MODIFIED", "DELETED"], bytes, bytes | None]


class DatabaseError(Exception):
    """The file cannot be opened or written; the message says which file, why, and what to do."""


class Database:
    """Table of (resource, namespace, name) -> JSON bytes, the last changes, and the last resource version given out."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.touch(mode=0o600)  # it will hold Secrets
        except OSError as error:
            raise DatabaseError(
                f"cannot use the object store {path}: {error.strerror}; check its disk and rights"
            ) from error
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=LOCK_TIMEOUT_S)
            self._prepare()
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA locking_mode=EXCLUSIVE")  # a second server on the same state must not start
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA synchronous=OFF")
        execute(
            "CREATE TABLE IF NOT EXISTS objects (resource TEXT, namespace TEXT, name TEXT, body BLOB, "
            "PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID"
        )
        execute(
            "CREATE TABLE IF NOT EXISTS changes (revision INTEGER PRIMARY KEY, resource TEXT, namespace TEXT, "
            "name TEXT, type TEXT, body BLOB, previous BLOB)"
        )
        execute("CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 0), value INTEGER)")
        execute("INSERT OR IGNORE INTO revision VALUES (0, 0)")

    def _explained(self, error: sqlite3.Error) -> DatabaseError:
        hint = "another API server uses it: stop that one" if "locked" in str(error) else "check its disk and rights"
        return DatabaseError(f"cannot use the object store {self._path}: {error}; {hint}")

    def revision(self) -> int:
        """The last resource version that was given out."""
        return int(self._connection.execute("SELECT value FROM revision").fetchone()[0])

    def objects(self) -> Iterator[tuple[str, str, str, bytes]]:
        """Everything that is stored: resource, namespace, name, body."""
        yield from self._connection.execute("SELECT resource, namespace, name, body FROM objects")

    def changes(self) -> Iterator[Stored]:
        """The last changes without a gap, the newest last: what `write` was given after the resource version."""
        last = self.revision()
        rows = self._connection.execute("SELECT * FROM changes ORDER BY revision DESC").fetchall()
        known = takewhile(lambda numbered: numbered[1][0] == last - numbered[0], enumerate(rows))
        yield from reversed([row[1:] for _, row in known])

    def write(
        self, revision: int, resource: str, namespace: str, name: str, change: str, body: bytes, previous: bytes | None
    ) -> None:
        """Store a body, or with the change DELETED remove the object, together with the change's resource version.

        previous: the body before the change. Raises DatabaseError: nothing was changed.
        """
        execute, key = self._connection.execute, (resource, namespace, name)
        try:
            execute("BEGIN")
            if change == "DELETED":
                execute("DELETE FROM objects WHERE resource=? AND namespace=? AND name=?", key)
            else:
                execute("INSERT OR REPLACE INTO objects VALUES (?,?,?,?)", (*key, body))
            execute("INSERT INTO changes VALUES (?,?,?,?,?,?,?)", (revision, *key, change, body, previous))
            execute("DELETE FROM changes WHERE revision <= ?", (revision - CHANGES,))
            execute("UPDATE revision SET value=?", (revision,))
            execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise self._explained(error) from error

    def close(self) -> None:
        self._connection.close()
