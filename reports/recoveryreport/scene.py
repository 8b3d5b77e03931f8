"""What a timeline shows, worked out before anything is drawn: lanes, moments, and the stretch of time that matters."""

from dataclasses import dataclass

from chaosmongo.history.results import LaneRecovery

from .marks import Mark, cluster_marks, fault_marks
from .series import LaneSeries
from .subject import Subject


@dataclass(frozen=True)
class Scene:
    """All that the figure shows. `*_s` are seconds after `zero_ns`."""

    zero_ns: int
    start_s: float
    end_s: float
    lanes: list[LaneSeries]
    recovery: dict[str, LaneRecovery]
    faults: list[Mark]
    marks: list[Mark]

    def sees_objective(self, lane: str) -> bool:
        """Whether the moment by which the lane ought to be back lies within the figure."""
        objective_s = self.recovery[lane].objective_s
        return objective_s is not None and bool(self.faults) and self.start_s < objective_s < self.end_s

    def at(self, time_ns: float) -> float:
        return (time_ns - self.zero_ns) / 1e9


def scene(subject: Subject) -> Scene:
    history, verdict, zero, lanes = subject.history, subject.verdict, subject.zero_ns, subject.lanes
    faults = [Mark(fault.start.time_ns, fault.start.name) for fault in history.faults]
    told = sorted([*cluster_marks(history), *fault_marks(history)], key=lambda mark: mark.time_ns)
    marks = [mark for mark in told if faults and mark.time_ns >= zero]
    moments = [(mark.time_ns - zero) / 1e9 for mark in (*faults, *marks)]
    ends = [outage.end for lane in verdict.recovery for outage in lane.outages]
    moments += [(end.hi_ns - zero) / 1e9 for end in ends if end is not None]
    first = min((float(series.due_s.min()) for series in lanes), default=0.0)
    last = max((float(series.due_s.max()) for series in lanes), default=0.0)
    start_s, end_s = first, max([last, *moments])
    if moments and None not in ends:
        # Everything has happened by the last of these moments: what lies far from it only takes room away.
        margin = max(2.0, 0.35 * max(moments))
        start_s, end_s = max(first, -margin), min(end_s, max(moments) + margin)
    return Scene(
        zero_ns=zero,
        start_s=min(start_s, 0.0),
        end_s=max(end_s, start_s + 1.0),
        lanes=lanes,
        recovery={lane.lane: lane for lane in verdict.recovery},
        faults=faults,
        marks=marks,
    )
