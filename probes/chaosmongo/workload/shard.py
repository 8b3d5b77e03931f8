"""One process of the workload, as its runner deals with it."""

from typing import Protocol

import msgspec

from .settings import Hello

KILLED = -9
"""Status of one that had to be killed, as subprocess has it: the signal's number, below 0."""


class Shard(Protocol):
    @property
    def status(self) -> int | None:
        """How it ended; None while it goes on."""
        ...

    def say(self, what: msgspec.Struct) -> None:
        """Raises OSError or ValueError where it does not listen any more."""
        ...

    def first_word(self, end: float) -> Hello | None:
        """None where it ended, or had to be ended at `end` (CLOCK_MONOTONIC, seconds), without one."""
        ...

    def wait(self, end: float) -> int:
        """Its status; one that has not ended by `end` is killed."""
        ...

    def kill(self) -> None: ...

    def why(self) -> str:
        """How it ended, for an error message: status, last lines, and the path of its log."""
        ...
