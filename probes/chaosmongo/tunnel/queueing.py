"""Clients that wait for a way to the pod, and the attempts to open one.

Opening a WebSocket costs the API server far more than a connection costs the pod, and a load of 200 connections a
second asks for more of them than it can open while the pod refuses, or before the first ones are open. What is open
already must not starve then. So:

- one is opened at a time; another may begin when the last one hangs, which means: for longer than HANGS_S, and HANGING
  times as long as the one before it took
- it goes to whoever has waited longest when it is open, not to the client for which it was begun: that one may have
  given up. Once somebody has waited for PATIENCE, the newest is served: the oldest would soon give up, and take the
  WebSocket with it
- who was waiting when an attempt began shares its refusal, which is no older than their wait. For the same reason an
  attempt that began after a refusal serves only those, unless it is known to have been accepted
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

HANGS_S = 0.05
HANGING = 3
PATIENCE_S = 0.2

C = TypeVar("C")


class Attempt(Generic[C]):
    """waiting: who waited when it began. cautious: whether it began after a refusal."""

    def __init__(self, waiting: list[C], cautious: bool) -> None:
        self.waiting = waiting
        self.began_s = time.monotonic()
        self.cautious = cautious
        self.holds = True
        self.decided = False


class Queue(Generic[C]):
    """start: called with each attempt that is to begin; it must return at once. left: whether a client has given up.
    reset: tells a client that its connection is lost.
    """

    def __init__(
        self, start: Callable[[Attempt[C]], None], left: Callable[[C], bool], reset: Callable[[C], None]
    ) -> None:
        self._start = start
        self._left = left
        self._reset = reset
        self._lock = threading.RLock()
        self._waiting: dict[C, float] = {}
        """Those who wait, longest first, and since when."""
        self._under_way = 0
        self._refusing = False
        self._began_s = 0.0
        self._took_s = 0.0
        self._answered_s = 0.0
        self.starved = 0
        """Clients that gave up waiting although the pod answered others meanwhile: that was no fault of the pod."""

    def add(self, client: C) -> None:
        with self._lock:
            self._waiting[client] = time.monotonic()
            self._begin()

    def opened(self, attempt: Attempt[C], accepted: bool = False) -> C | None:
        """The attempt's WebSocket is open; whoever is to have it, or None. accepted: whether that is known already."""
        with self._lock:
            if not accepted:
                self._took_s = time.monotonic() - attempt.began_s
            if not attempt.cautious:
                self._release(attempt)
            client = self._next([] if accepted or not attempt.cautious else attempt.waiting)
            if client is not None:
                del self._waiting[client]
            self._begin()
            return client

    def answered(self) -> None:
        """The pod has said something to one of its clients."""
        self._answered_s = time.monotonic()

    def decided(self, attempt: Attempt[C], refused: bool) -> None:
        """What became of an attempt. Only the first word counts."""
        with self._lock:
            if attempt.decided:
                return
            attempt.decided = True
            self._refusing = refused
            if refused:
                self._forget([one for one in attempt.waiting if one in self._waiting])
            self._release(attempt)
            self._begin()

    def _next(self, only: list[C]) -> C | None:
        """Whose turn it is; `only`: among these, if any."""
        gone = [one for one in self._waiting if self._left(one)]
        self.starved += sum(self._waiting[one] < self._answered_s for one in gone)
        self._forget(gone)
        present = [one for one in self._waiting if not only or one in only]
        if not present:
            return None
        overdue = time.monotonic() - self._waiting[present[0]] >= PATIENCE_S
        return present[-1 if overdue else 0]

    def _forget(self, clients: list[C]) -> None:
        for client in clients:
            del self._waiting[client]
            self._reset(client)

    def _release(self, attempt: Attempt[C]) -> None:
        if attempt.holds:
            attempt.holds = False
            self._under_way -= 1

    def _begin(self) -> None:
        if self._waiting and (not self._under_way or self._hangs()):
            self._under_way += 1
            attempt = Attempt(list(self._waiting), self._refusing)
            self._began_s = attempt.began_s
            self._start(attempt)

    def _hangs(self) -> bool:
        return time.monotonic() - self._began_s > max(HANGS_S, HANGING * self._took_s)
