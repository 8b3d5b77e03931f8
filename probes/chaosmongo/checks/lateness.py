"""Was the prober on time? sent minus due of each operation, by lane.

A lane is late where the 99th percentile is not below its tick: this machine, or its disk, was too busy. Its operations
may then have failed of that, and what they tell of the server's outages is at the most too long.
"""

from .evidence import Evidence

LATE_AT = 0.99
"""Quantile of sent minus due that must lie below the tick."""


def p99_ns(evidence: Evidence) -> dict[str, int]:
    """99th percentile of sent minus due, by lane; a lane that sent nothing is left out."""
    found = {}
    for lane, ops in evidence.lanes.items():
        late = sorted(op.sent_ns - op.due_ns for op in ops if op.sent_ns)
        if late:
            found[lane] = late[min(len(late) - 1, int(LATE_AT * len(late)))]
    return found


def late(evidence: Evidence) -> dict[str, tuple[int, float]]:
    """The lanes that were late: by how much, and their tick (ns)."""
    ticks = {lane: _tick_ns(evidence, lane) for lane in evidence.lanes}
    return {lane: (late_ns, tick) for lane, late_ns in p99_ns(evidence).items() if (tick := ticks[lane]) <= late_ns}


def _tick_ns(evidence: Evidence, lane: str) -> float:
    """Time from one operation of the lane's most frequent function to the next; endless where none is planned."""
    plan = evidence.history.plan
    rates = plan.lanes[lane].rates.values() if plan and lane in plan.lanes else []
    fastest = max(rates, default=0)
    return 1e9 / fastest if fastest else float("inf")
