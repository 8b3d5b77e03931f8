"""The operations of a lane as arrays, ready to be drawn. Times are seconds after the run's zero (the first fault)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from chaosmongo.history import History, Op

Floats = npt.NDArray[np.float64]

OUTCOMES = ("ok", "info", "fail")


@dataclass(frozen=True)
class LaneSeries:
    """One lane's operations by the time at which they were due.

    latency_s: from due to done, so that waiting for a stalled client counts (coordinated omission); never completed is
    NaN. outcome: index into OUTCOMES.
    """

    lane: str
    due_s: Floats
    latency_s: Floats
    outcome: npt.NDArray[np.int8]

    @property
    def end_s(self) -> float:
        """When the last operation was over; due, where it has no end."""
        return float((self.due_s + np.nan_to_num(self.latency_s)).max())


@dataclass(frozen=True)
class Stretch:
    """A stretch of time in which the shares of the outcomes stay the same. No operation at all: no stretch."""

    start_s: float
    end_s: float
    shares: tuple[float, ...]


def zero_ns(history: History) -> int:
    """The moment that figures count from: the start of the first fault, else the first operation."""
    if history.faults:
        return min(fault.start.time_ns for fault in history.faults)
    if history.ops:
        return min(op.due_ns for op in history.ops)
    return history.run.anchor.time_ns


def lane_series(history: History) -> dict[str, LaneSeries]:
    """Every lane that has operations."""
    zero = zero_ns(history)
    lanes: dict[str, list[Op]] = {}
    for op in history.ops:
        lanes.setdefault(op.lane, []).append(op)
    return {lane: _series(lane, ops, zero) for lane, ops in lanes.items()}


def _series(lane: str, ops: list[Op], zero: int) -> LaneSeries:
    due = np.array([op.due_ns for op in ops], dtype=np.int64)
    done = np.array([op.done_ns for op in ops], dtype=np.int64)
    return LaneSeries(
        lane=lane,
        due_s=(due - zero) / 1e9,
        latency_s=np.where(done > 0, (done - due) / 1e9, np.nan),
        outcome=np.array([OUTCOMES.index(op.outcome) for op in ops], dtype=np.int8),
    )


def stretches(series: LaneSeries, start_s: float, end_s: float, most: int) -> list[Stretch]:
    """The shares of the outcomes between two moments; like neighbours are one stretch.

    Up to `most` due times each have a stretch of their own, up to the next one; more are counted in `most` equal bins.
    """
    inside = (series.due_s >= start_s) & (series.due_s < end_s)
    if not inside.any() or end_s <= start_s:
        return []
    dues = np.unique(series.due_s[inside])
    if dues.size <= most:
        # A rhythm's next operation is due a gap later; three gaps without one are silence, and are left empty.
        gap = float(np.median(np.diff(dues))) if dues.size > 1 else end_s - start_s
        lefts, rights = dues, np.minimum(np.append(dues[1:], dues[-1] + gap), np.minimum(dues + 3 * gap, end_s))
        edges = np.append(dues, np.inf)
    else:
        edges = np.linspace(start_s, end_s, most + 1)
        lefts, rights = edges[:-1], edges[1:]
    counts = np.stack(
        [np.histogram(series.due_s[inside & (series.outcome == code)], edges)[0] for code in range(len(OUTCOMES))]
    )
    return _joined(lefts, rights, counts)


def _joined(lefts: Floats, rights: Floats, counts: npt.NDArray[np.int64]) -> list[Stretch]:
    found: list[Stretch] = []
    for left, right, column in zip(lefts.tolist(), rights.tolist(), counts.T, strict=True):
        total = int(column.sum())
        if total == 0:
            continue
        shares = tuple(float(share) for share in column / total)
        if found and found[-1].shares == shares and found[-1].end_s == left:
            left = found.pop().start_s
        found.append(Stretch(left, right, shares))
    return found
