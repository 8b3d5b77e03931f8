"""Recovery of each lane: its outages, its recovery time actual (RTA), and whether that is within the objective.

RTA: from the start of the first fault to the end of the last outage that the fault caused (NIST SP 800-34 calls the
objective RTO). An outage is caused by the fault when it began after it. A lane that had not recovered when the record
ended is a censored observation and never a number; one without an outage was down for less than the longest gap between
two good operations. Of one that was down already when the fault began nothing follows.
"""

import itertools

from chaosmongo.history import Op
from chaosmongo.history.quantities import limit, measured, seconds
from chaosmongo.history.results import Answer, Bracket, Finding, LaneRecovery, Outage

from . import reach
from .check import Checked
from .evidence import Evidence
from .outages import Window


def check(evidence: Evidence) -> Checked[list[LaneRecovery]]:
    wanted = evidence.history.run.objectives.rto_s
    lanes = [_lane(evidence, lane, ops, wanted.get(lane)) for lane, ops in evidence.lanes.items()]
    finding = Finding("recovery", _answer(lanes, wanted), _summary(lanes, wanted))
    return Checked(lanes, finding, tuple(_doubts(lanes)))


def _lane(evidence: Evidence, lane: str, ops: list[Op], objective_s: float | None) -> LaneRecovery:
    windows, caused, fault_ns = evidence.windows[lane], evidence.caused(lane), evidence.fault_ns
    last = caused[-1] if caused else None
    rta = _since(last.end, fault_ns) if last else None
    lost_sight = last is not None and last.end is None
    unmoved = fault_ns is not None and not last and not any(window.covers(fault_ns) for window in windows)
    shorter_than_ns = _longest_gap(ops, fault_ns or 0) if unmoved else None
    return LaneRecovery(
        lane=lane,
        operations=len(ops),
        ok=sum(op.outcome == "ok" for op in ops),
        fail=sum(op.outcome == "fail" for op in ops),
        info=sum(op.outcome == "info" for op in ops),
        outages=[_outage(evidence, window) for window in windows],
        rta=rta,
        first_success=_since(last.first_success, fault_ns) if last else None,
        detection=_since(caused[0].start, fault_ns) if caused else None,
        censored_ns=evidence.end_ns - fault_ns if lost_sight and fault_ns is not None else None,
        shorter_than_ns=shorter_than_ns,
        unavailable_ns=sum(_length_ns(window, evidence.end_ns) for window in windows),
        objective_s=objective_s,
        met=None
        if objective_s is None
        else _believed(evidence, lane, _met(objective_s, rta, shorter_than_ns, last, fault_ns)),
    )


def _outage(evidence: Evidence, window: Window) -> Outage:
    return Outage(
        start=window.start,
        first_success=window.first_success,
        end=window.end,
        operations=window.operations,
        not_ok=window.not_ok,
        caused=evidence.is_caused(window),
    )


def _since(moment: Bracket | None, fault_ns: int | None) -> Bracket | None:
    """Time from the fault to the moment. What the fault caused did not come before it."""
    if moment is None or fault_ns is None:
        return None
    return Bracket(max(0, moment.lo_ns - fault_ns), max(0, moment.hi_ns - fault_ns))


def _length_ns(window: Window, end_ns: int) -> int:
    """From middle to middle; an open window ends with the record."""
    end = end_ns if window.end is None else window.end.middle_ns
    return max(0, end - window.start.middle_ns)


def _longest_gap(ops: list[Op], fault_ns: int) -> int | None:
    """What may have hidden after the fault: from the sending of a good operation to the answer of the next one sent."""
    good = sorted((op.sent_ns, op.done_ns) for op in ops if op.outcome == "ok")
    gaps = [done - sent for (sent, _), (_, done) in itertools.pairwise(good) if done > fault_ns]
    return max(gaps, default=None)


def _met(
    objective_s: float, rta: Bracket | None, shorter_than_ns: int | None, last: Window | None, fault_ns: int | None
) -> bool | None:
    """None where the truth may lie on either side of the objective."""
    limit_ns = objective_s * 1e9
    if rta is not None:
        return True if rta.hi_ns <= limit_ns else False if rta.lo_ns > limit_ns else None
    if last is not None and fault_ns is not None:  # still down: it will end after the last failure, if ever
        return False if last.last_failure_ns - fault_ns > limit_ns else None
    return True if shorter_than_ns is not None and shorter_than_ns <= limit_ns else None


def _believed(evidence: Evidence, lane: str, met: bool | None) -> bool | None:
    """What a late prober or a poor way adds makes an outage longer, never shorter: a miss may be theirs alone."""
    late = lane in evidence.lateness and evidence.lateness[lane].late
    return None if met is False and (late or reach.poor(evidence, lane)) else met


def _answer(lanes: list[LaneRecovery], wanted: dict[str, float]) -> Answer:
    """A lane without an objective need not recover in time, but it must recover."""
    met = {lane.lane: lane.met for lane in lanes}
    answers = [met.get(lane) for lane in wanted]
    answers += [None for lane in lanes if lane.censored_ns is not None and lane.objective_s is None]
    return "failed" if False in answers else "unknown" if None in answers else "passed"


def _summary(lanes: list[LaneRecovery], wanted: dict[str, float]) -> str:
    missing = [f"{lane} was not measured" for lane in wanted if lane not in {lane.lane for lane in lanes}]
    return "; ".join([_told(lane) for lane in lanes] + missing) or "no lane was measured"


def _told(lane: LaneRecovery) -> str:
    wanted = "" if lane.objective_s is None else f" (objective {limit(lane.objective_s)}: {_MET[lane.met]})"
    if lane.rta is not None:
        return f"{lane.lane} recovered after {measured(lane.rta)}{wanted}"
    if lane.censored_ns is not None:
        return f"{lane.lane} had not recovered after {seconds(lane.censored_ns)}{wanted}"
    if lane.shorter_than_ns is not None:
        return f"{lane.lane} showed no outage (shorter than {seconds(lane.shorter_than_ns, 3)}){wanted}"
    return f"{lane.lane} has nothing to go by{wanted}"


_MET = {True: "met", False: "missed", None: "cannot be said"}


def _doubts(lanes: list[LaneRecovery]) -> list[str]:
    doubts = []
    for lane in lanes:
        last = lane.outages[-1] if lane.outages else None
        if last is not None and last.end is None and last.first_success is not None:
            doubts.append(
                f"{lane.lane}: there were successes again before the record ended, but not 20 in a row over 1 s: "
                "whether the lane had recovered is not known"
            )
    return doubts
