"""When which operation is due. Open-loop: due times depend on the clock alone, never on answers."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from chaosmongo.history.records import Function, Lane, LanePlan

from .settings import Share

Due = tuple[int, Lane, Function]
"""due_ns, lane, function"""


@dataclass(frozen=True)
class _Beat:
    period_ns: float
    first_ns: float

    def at(self, number: int) -> int:
        return round(self.first_ns + number * self.period_ns)


READS_BEGIN_NS = 1_000_000_000
"""Reads ask for what was acknowledged before, so they begin this much after the writes."""

ALL = Share()


class Schedule:
    """All operations of all lanes, in the order in which they are due, beginning at start_ns; or a share of them.

    The functions of all lanes are shifted against one another within their periods, so that they do not all fall due at
    the same moment. Times are computed from the start, so rounding does not add up. Of each function, operation k (from
    0) belongs to shard k mod n: the shares interleave to the whole, and each is as even as that.
    """

    def __init__(self, lanes: Mapping[str, LanePlan], start_ns: int, share: Share = ALL) -> None:
        pairs = [(lane, f, rate) for lane, plan in lanes.items() for f, rate in plan.rates.items() if rate > 0]
        self._share = share
        self._beats: dict[tuple[str, str], _Beat] = {}
        self._next: list[tuple[int, Lane, Function, int]] = []
        for index, (lane, f, rate) in enumerate(pairs):
            period = 1e9 / rate
            begin_ns = start_ns + (READS_BEGIN_NS if f == "read" else 0)
            beat = self._beats[lane, f] = _Beat(period, begin_ns + period * index / len(pairs))
            first = share.shard
            self._next.append((beat.at(first), cast(Lane, lane), cast(Function, f), first))
        heapq.heapify(self._next)

    def until(self, time_ns: int) -> list[Due]:
        """The operations due before time_ns that were not given out yet."""
        due: list[Due] = []
        while self._next and self._next[0][0] < time_ns:
            when, lane, f, number = self._next[0]
            due.append((when, lane, f))
            number += self._share.of
            heapq.heapreplace(self._next, (self._beats[lane, f].at(number), lane, f, number))
        return due
