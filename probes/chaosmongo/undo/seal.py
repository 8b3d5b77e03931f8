"""A seal on what undo is to run: a command in a record is run only where the same user has recorded it.

Run directories are passed around, and a command in somebody else's must not be run by `chaos recovery undo`. The seal
is an HMAC (RFC 2104) with a key that only the user has, in a file of their state directory.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

KEY_BYTES = 32


def seal(run: str, words: Sequence[str]) -> str:
    """The seal of a run's command; "" where there is no place for a key."""
    key = _key(make=True)
    return _digest(key, run, words) if key else ""


def is_ours(run: str, words: Sequence[str], sealed: str) -> bool:
    """Whether this user has sealed it."""
    key = _key(make=False)
    return bool(key and sealed) and hmac.compare_digest(_digest(key, run, words), sealed)


def _digest(key: bytes, run: str, words: Sequence[str]) -> str:
    return hmac.new(key, "\0".join([run, *words]).encode(), hashlib.sha256).hexdigest()


def _key(*, make: bool) -> bytes:
    """The user's key, made where there is none; empty where there can be none."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    file = Path(base) / "chaosmongo" / "undo-key"
    with suppress(OSError):
        if make and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = file.with_name(f"undo-key.{os.getpid()}")
            fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fd, "wb") as new:
                new.write(secrets.token_bytes(KEY_BYTES))
            with suppress(FileExistsError):
                os.link(part, file)  # the first of several that make one at once
            part.unlink()
        key = file.read_bytes()
        return key if len(key) == KEY_BYTES else b""
    return b""
