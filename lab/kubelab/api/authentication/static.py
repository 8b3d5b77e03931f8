"""Bearer tokens of tokens.json: the administrator's and the lab's components'."""

from __future__ import annotations

import json
from pathlib import Path

from .user import User, authenticated


class Tokens:
    """The users of a tokens.json, {token: {"user": name, "groups": [names]}}.

    The file is read again when an unknown token is shown and the file has changed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at_ns = 0
        self._users: dict[str, User] = {}
        self._read()

    def user(self, token: str) -> User | None:
        """Whose token it is, None if it is nobody's."""
        found = self._users.get(token)
        if found is None and self._has_changed():
            self._read()
            found = self._users.get(token)
        return found

    def _has_changed(self) -> bool:
        try:
            return self._path.stat().st_mtime_ns != self._read_at_ns
        except OSError:
            return False

    def _read(self) -> None:
        """Raises OSError, ValueError."""
        changed_at_ns = self._path.stat().st_mtime_ns
        listed = json.loads(self._path.read_text())
        self._users = {
            token: User(entry["user"], authenticated(entry.get("groups", ()))) for token, entry in listed.items()
        }
        self._read_at_ns = changed_at_ns
