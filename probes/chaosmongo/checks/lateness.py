"""Was a lane's prober on time? sent minus due of its operations.

It was late where the 99th percentile is not below the lane's tick: this machine, or its disk, was too busy. Operations
may then have failed of that, and what they tell of the server's outages is at the most too long.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chaosmongo.history import Op
from chaosmongo.history.records import LanePlan

LATE_AT = 0.99
"""Quantile of sent minus due that must lie below the tick."""


@dataclass(frozen=True)
class Lateness:
    """p99_ns: the quantile. tick_ns: from one operation of the lane's most frequent function to the next; endless where
    none is planned.
    """

    p99_ns: int
    tick_ns: float

    @property
    def late(self) -> bool:
        return self.p99_ns >= self.tick_ns


def measure(ops: Iterable[Op], plan: LanePlan | None) -> Lateness | None:
    """None for a lane that sent nothing."""
    late = sorted(op.sent_ns - op.due_ns for op in ops if op.sent_ns)
    if not late:
        return None
    fastest = max(plan.rates.values(), default=0) if plan else 0
    return Lateness(late[int(LATE_AT * len(late))], 1e9 / fastest if fastest else float("inf"))
