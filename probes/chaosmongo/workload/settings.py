"""What the workload process is told: one `Settings` as the first line of its standard input, then `Tell` lines."""

from typing import Any

import msgspec

from chaosmongo.history.records import LanePlan


class Place(msgspec.Struct, frozen=True):
    """Where a server listens."""

    host: str
    port: int


class Settings(msgspec.Struct, frozen=True):
    """All that the workload needs. It holds the database's password: it travels through a pipe and is never written."""

    record: str
    """Path of ops.jsonl, which does not exist yet."""
    run: str
    marker: str
    uri: str
    database: str
    collection: str
    app_url: str
    lanes: dict[str, LanePlan]
    write_concern: dict[str, Any]
    retry_writes: bool
    in_flight_max: int
    server: Place | None
    """Where the server lane begins; None: wait until told."""
    top_scores: list[int] = []
    """The highest scores that the list must show at least, highest first."""


class Tell(msgspec.Struct, frozen=True, omit_defaults=True):
    """A word to the running workload: the server lane's new place (None: there is none), or stop."""

    stop: bool = False
    server: Place | None = None


class Hello(msgspec.Struct, frozen=True):
    """The workload's one word to the runner: `ready` at its first operation, or why there will be none."""

    ready: bool
    error: str = ""
