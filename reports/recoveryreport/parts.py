"""Response times of a lane before the fault, until the lane was back, and after.

A response time counts from the moment at which the operation was due, so that waiting for a stalled client counts
(coordinated omission; G. Tene, "How NOT to Measure Latency"). An operation that was not ok had no right answer in any
time: it counts as one that took forever, so that a fast refusal improves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from chaosmongo.history import History
from chaosmongo.history.results import LaneRecovery

from .series import Floats, LaneSeries

if TYPE_CHECKING:
    from .subject import Subject

BEFORE, DURING, AFTER, WHOLE = "before", "during", "after", "whole run"

PERCENTS = (50, 90, 99)


@dataclass(frozen=True)
class Part:
    """The operations of a lane that were due in one part of the run; latency_s ascends, inf where not ok.

    during: from the start of the first fault to the end of the last outage that a fault caused; where the lane had
    none, until the last lane was back, or else until the last fault was over.
    """

    lane: str
    name: str
    latency_s: Floats

    @property
    def operations(self) -> int:
        return int(self.latency_s.size)

    @property
    def ok(self) -> int:
        return int(np.searchsorted(self.latency_s, np.inf))

    @property
    def slowest_s(self) -> float | None:
        """Of those that were ok."""
        return float(self.latency_s[self.ok - 1]) if self.ok else None

    def within_s(self, percent: int) -> float | None:
        """The time in which so many of a hundred operations were ok (nearest rank): inf where they were not.

        None where there are too few operations to leave one out.
        """
        if self.operations * (100 - percent) < 100:
            return None
        return float(self.latency_s[-(-percent * self.operations // 100) - 1])


def divided(subject: "Subject") -> list[Part]:
    """The parts of every lane, in order, without those in which no operation was due."""
    ends = until_s(subject)
    return [part for series in subject.lanes for part in _of(series, subject, ends.get(series.lane, 0.0))]


def until_s(subject: "Subject") -> dict[str, float]:
    """When the part `during` ends, by lane: seconds after the fault, inf where the lane did not recover."""
    ends = {lane.lane: _back_s(subject, lane) for lane in subject.verdict.recovery}
    seen = [end for end in ends.values() if end is not None]
    common = max(seen) if seen else _over_s(subject, subject.history)
    return {lane: common if end is None else end for lane, end in ends.items()}


def _of(series: LaneSeries, subject: "Subject", end_s: float) -> Iterator[Part]:
    if subject.history.faults:
        chosen = {
            BEFORE: series.due_s < 0,
            DURING: (series.due_s >= 0) & (series.due_s <= end_s),
            AFTER: (series.due_s >= 0) & (series.due_s > end_s),
        }
    else:
        chosen = {WHOLE: np.ones(series.due_s.size, dtype=bool)}
    for name, which in chosen.items():
        if which.any():
            yield Part(series.lane, name, _sorted(series, which))


def _sorted(series: LaneSeries, which: npt.NDArray[np.bool_]) -> Floats:
    return np.sort(np.where(series.outcome[which] == 0, series.latency_s[which], np.inf))


def _back_s(subject: "Subject", lane: LaneRecovery) -> float | None:
    """When the last operation was sent that was not ok because of a fault; None where there was none."""
    caused = [outage.end for outage in lane.outages if outage.caused]
    if not caused:
        return None
    return max(np.inf if end is None else subject.at(end.lo_ns) for end in caused)


def _over_s(subject: "Subject", history: History) -> float:
    moments = [fault.start.time_ns if fault.end is None else fault.end.time_ns for fault in history.faults]
    return max(map(subject.at, moments), default=0.0)
