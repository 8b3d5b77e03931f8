"""A process of the workload that somebody else has started: it comes to a socket in the run directory.

    runner    Greeting  ──▶  shard
              ◀──  Arrival           its share, and what its clock said between greeting and answer
              Settings, Tell ...  ──▶
              ◀──  Hello, Ended

The socket is a file in the run directory, which only its owner may enter: whoever comes runs as the same user, on the
same kernel. Both ends learn of each other's end from the kernel, at once, however it came. What is said is on no disk.
"""

import hmac
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from chaosmongo import process
from chaosmongo.errors import WorkloadFailed

from .channel import ANSWERS_WITHIN_S, short
from .local import said
from .settings import Arrival, Ended, Greeting, Hello, Share
from .shard import KILLED

LOOKS_EVERY_S = 0.5
LONGEST_WORD = 1 << 16
DIED = -1
"""Status of one that has ended without a last word."""


class RemoteShard:
    """fate: what is known of how its pod ended, when it has."""

    def __init__(self, connection: socket.socket, arrival: Arrival, log: Path, fate: Callable[[str], str]) -> None:
        self._connection = connection
        self._arrival = arrival
        self._log = log
        self._fate = fate
        self._lock = threading.Lock()
        self._heard = b""
        self._status: int | None = None

    @property
    def status(self) -> int | None:
        while self._hear(0):  # the last word, and then the end
            pass
        return self._status

    def say(self, what: msgspec.Struct) -> None:
        with self._lock:
            self._connection.sendall(msgspec.json.encode(what) + b"\n")

    def first_word(self, end: float) -> Hello | None:
        while b"\n" not in self._heard and self._status is None:
            if time.monotonic() >= end:
                self.kill()
            self._hear(max(0.0, end - time.monotonic()))
        line, _, self._heard = self._heard.partition(b"\n")
        return msgspec.json.decode(line, type=Hello) if line else None

    def wait(self, end: float) -> int:
        while self._status is None:
            if time.monotonic() >= end:
                self.kill()
            self._hear(max(0.0, end - time.monotonic()))
        return self._status

    def kill(self) -> None:
        """Hangs up: a process that is still able to notice ends by itself; its pod goes with the Job."""
        self._end(KILLED)

    def why(self) -> str:
        share, pod = Share(self._arrival.shard, self._arrival.of), self._arrival.pod
        how = {DIED: "ended without a word", KILLED: "did not answer in time"}.get(
            self._status or 0, f"ended with status {self._status}"
        )
        return (
            f"the workload's process of shard {share} {how}{said(self._log)} "
            f"({f'pod {pod} {self._fate(pod)}'.rstrip()}; log: {self._log})"
        )

    def _hear(self, timeout_s: float) -> bool:
        """Takes in what it says, or that it has ended, if it does so in time; whether there may be more."""
        if self._status is not None or not _readable(self._connection, timeout_s):
            return False
        try:
            heard = self._connection.recv(LONGEST_WORD)
        except OSError:
            heard = b""
        self._heard += heard
        if not heard:
            self._end(_last_word(self._heard))
        return True

    def _end(self, status: int) -> None:
        if self._status is None:
            self._status = status
            self._connection.close()


def _readable(connection: socket.socket, timeout_s: float) -> bool:
    waiting = select.poll()  # unlike select(2) it knows no largest descriptor
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(timeout_s * 1000))


def _last_word(heard: bytes) -> int:
    lines = heard.splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=Ended).status
    except (IndexError, msgspec.MsgspecError):
        return DIED


class Meeting:
    """Where they come to. token: what they must know, for a process of the same user in some other pod with the same
    volume must not be told the password. Raises OSError where there can be no socket.
    """

    def __init__(self, place: Path, token: str) -> None:
        self._place = place
        self._token = token
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            with short(place) as address:
                self._listener.bind(address)
            place.chmod(0o600)
            self._listener.listen()
        except OSError:
            self._listener.close()
            raise

    def __enter__(self) -> "Meeting":
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody else is let in."""
        self._listener.close()
        self._place.unlink(missing_ok=True)

    def all(self, number: int, end: float, look: Callable[[], str]) -> list[tuple[socket.socket, Arrival]]:
        """The processes of a workload of so many shards, in their order, when all are there.

        look: says why one of them will not come, once that is certain. Raises WorkloadFailed.
        """
        found: dict[int, tuple[socket.socket, Arrival]] = {}
        try:
            while len(found) < number:
                if _readable(self._listener, LOOKS_EVERY_S):
                    connection, _ = self._listener.accept()
                    arrival = self._greeted(connection)
                    if arrival is not None and arrival.of == number and arrival.shard in {*range(number)} - {*found}:
                        found[arrival.shard] = connection, arrival
                    else:
                        connection.close()  # none of ours; it will end
                elif reason := look():
                    raise WorkloadFailed(reason)
                if time.monotonic() > end:
                    raise WorkloadFailed(f"only {len(found)} of the workload's {number} processes came in time")
        except BaseException:
            for connection, _ in found.values():
                connection.close()
            raise
        return [found[shard] for shard in range(number)]

    def _greeted(self, connection: socket.socket) -> Arrival | None:
        """None for something that does not answer like a process of this workload. Raises WorkloadFailed where it keeps
        another clock than we do: its times would mean nothing beside ours.
        """
        connection.settimeout(ANSWERS_WITHIN_S)
        before_ns = time.monotonic_ns()
        try:
            connection.sendall(msgspec.json.encode(Greeting(before_ns)) + b"\n")
            arrival = msgspec.json.decode(connection.recv(LONGEST_WORD), type=Arrival)
        except (OSError, msgspec.MsgspecError):
            return None
        after_ns = time.monotonic_ns()
        if not hmac.compare_digest(arrival.token.encode(), self._token.encode()):
            return None
        if arrival.boot_id != process.boot() or not before_ns <= arrival.time_ns <= after_ns:
            connection.close()
            raise WorkloadFailed(
                f"The clock of pod {arrival.pod} is not the runner's (boot {arrival.boot_id} said {arrival.time_ns:,} "
                f"ns, between {before_ns:,} and {after_ns:,} of boot {process.boot()}): times of the two cannot be "
                "compared. The workload's pods must be on the runner's node and kernel (no runtimeClassName of virtual "
                "machines)"
            )
        connection.settimeout(None)
        return arrival
