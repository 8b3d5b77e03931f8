"""Is the instrument to be believed? One problem of these makes the verdict unknown, however good the rest looks.

the record   damaged, torn or not closed; without plan, operations or end; with a gap in a watch; without a whole
             read-back that began when all was over
the load     less than 95 % of the planned rate before the fault, by lane and function, or less than that begun after
             it; a shard that ended early; too many operations in flight
the prober   late: the 99th percentile of sent minus due is not below the lane's tick
the way      a port-forward that ended by itself, or was too slow
the course   no fault, no seeded scores; a lane that was not watched for a second before the fault or not until a second
             after its effect had shown; an outage under way when the fault began
"""

from collections.abc import Callable, Iterator

from chaosmongo.history import Op
from chaosmongo.history.quantities import counted, listed, milliseconds, seconds
from chaosmongo.history.results import Finding

from . import injection, reach
from .check import Checked
from .evidence import Evidence
from .outages import STABLE_NS

LOAD = 0.95
"""Share of the planned rate that must have been sent before the fault."""

LATE_START_NS = 2_000_000_000
"""A function may begin this much after the first operation of the record: reads wait for something to read."""


def check(evidence: Evidence) -> Checked[None]:
    problems = [problem for part in _PARTS for problem in part(evidence)]
    late = {lane: one.p99_ns for lane, one in evidence.lateness.items()}
    details = {"lateness_p99_ms": {lane: round(late_ns / 1e6, 3) for lane, late_ns in late.items()}}
    if problems:
        return Checked(None, Finding("validity", "unknown", "; ".join(problems), details), tuple(_doubts(evidence)))
    latest = milliseconds(max(late.values(), default=0))
    told = f"record whole, load on time (99 % within {latest}), undisturbed before the fault"
    return Checked(None, Finding("validity", "passed", told, details), tuple(_doubts(evidence)))


def _record(evidence: Evidence) -> Iterator[str]:
    history = evidence.history
    if history.damage:
        yield f"the record is damaged: {listed(history.damage, most=2)}"
    if history.torn:
        yield f"a writer was cut off in the middle of a line: {listed(sorted(set(history.torn)))}"
    unclosed = sorted(set(history.unclosed) - set(history.torn))
    if unclosed:
        yield f"a writer did not close its file, so that lines may be missing: {listed(unclosed)}"
    if history.plan is None:
        yield "the workload's plan is not on record"
    if not history.ops:
        yield "no operation is on record"
    elif not any(note.what == "stopped" for note in history.ops_notes):
        yield "the workload did not close its record"
    unfinished = sum(not op.done_ns for op in history.ops)
    if unfinished:
        yield f"{counted(unfinished, 'operation')} never ended on record"


def _watch(evidence: Evidence) -> Iterator[str]:
    history = evidence.history
    if evidence.clustered and not evidence.pods:
        yield f"no pod of namespace {history.run.target.namespace} is on record"
    gaps = [str(note.detail.get("resource", "")) for note in history.cluster_notes if note.what == "gap"]
    if gaps:
        yield f"watches have gaps: {listed(sorted(set(gaps)))}"


def _read_back(evidence: Evidence) -> Iterator[str]:
    scan = evidence.history.scan
    if not evidence.history.seeded:
        yield "no scores were seeded"
    if evidence.unread:
        yield evidence.unread
    if scan is None:
        return
    if scan.start.time_ns < max((op.done_ns for op in evidence.history.ops if op.key), default=0):
        yield "the read-back began before the last operation was over"
    if scan.start.time_ns < max(_effects(evidence), default=0):
        yield "the read-back began before the fault had shown its effect"


def _effects(evidence: Evidence) -> list[int]:
    """When each fault had shown its effect."""
    return [injection.effect_ns(evidence, fault) for fault in evidence.history.faults]


def _course(evidence: Evidence) -> Iterator[str]:
    fault_ns = evidence.fault_ns
    if fault_ns is None:
        yield "there was no fault"
        return
    shown_ns = max(_effects(evidence))
    for lane, ops in evidence.lanes.items():
        if not any(op.outcome == "ok" and op.done_ns <= fault_ns for op in ops):
            yield f"{lane} gave no good answer before the fault"
        elif ops[0].due_ns > fault_ns - STABLE_NS:
            yield f"{lane} was watched for {seconds(fault_ns - ops[0].due_ns)} only before the fault"
        if ops and ops[-1].due_ns < shown_ns + STABLE_NS:
            last, shown = seconds(ops[-1].due_ns - fault_ns), seconds(shown_ns - fault_ns)
            yield f"{lane} was watched until {last} after the fault began only, and all of its effect showed at {shown}"
        for window in evidence.windows[lane]:
            if not evidence.is_caused(window) and (window.end is None or window.end.hi_ns > fault_ns):
                yield f"{lane} was down already when the fault began"


def _load(evidence: Evidence) -> Iterator[str]:
    plan, fault_ns = evidence.history.plan, evidence.fault_ns
    if plan is None or fault_ns is None or not evidence.history.ops:
        return
    begin_ns, end_ns = (extreme(op.due_ns for op in evidence.history.ops) for extreme in (min, max))
    for lane, lane_plan in plan.lanes.items():
        for f, rate in lane_plan.rates.items():
            ops = [op for op in evidence.lanes[lane] if op.f == f]
            before = [op for op in ops if op.due_ns < fault_ns]
            first_ns = min(before[0].due_ns, begin_ns + LATE_START_NS) if before else begin_ns
            planned = rate * max(0, fault_ns - first_ns) / 1e9
            sent = sum(op.sent_ns > 0 for op in before)
            if rate and sent < max(1, int(LOAD * planned)):
                yield f"{lane} sent {sent:,} of {planned:,.0f} planned {f} operations before the fault"
            planned, begun = rate * max(0, end_ns - fault_ns) / 1e9, len(ops) - len(before)
            if begun < int(LOAD * planned):
                yield f"{lane} began {begun:,} of {planned:,.0f} planned {f} operations after the fault"


def _shards(evidence: Evidence) -> Iterator[str]:
    plan, reasons = evidence.history.plan, _ended_early(evidence)
    if plan is not None and plan.shards > 1 and reasons:
        yield (
            f"{len(reasons)} of the workload's {plan.shards} shards ended early ({listed(sorted(set(reasons)))}): "
            "their share of the load is missing"
        )


def _ended_early(evidence: Evidence) -> list[str]:
    """Why the workload, or a shard of it, ended, for each that was not told to by the experiment."""
    reasons = [note.detail.get("reason", "") for note in evidence.history.ops_notes if note.what == "stopped"]
    return [str(reason) for reason in reasons if reason not in ("", "told to")]


def _in_flight(evidence: Evidence) -> Iterator[str]:
    unsent: dict[str, int] = {}
    for op in evidence.history.ops:
        if _left_out(op):
            unsent[op.lane] = unsent.get(op.lane, 0) + 1
    for lane, number in unsent.items():
        yield f"{lane} did not send {counted(number, 'operation')}: too many in flight"


def _left_out(op: Op) -> bool:
    """Whether it was not sent, although there was something to send: a read without a key has nothing to read yet."""
    return not op.sent_ns and op.outcome == "fail" and (op.f != "read" or bool(op.key))


def _late(evidence: Evidence) -> Iterator[str]:
    for lane, one in evidence.lateness.items():
        if one.late:
            within, tick = milliseconds(one.p99_ns), milliseconds(one.tick_ns)
            yield f"{lane} was late: 99 % within {within}, its tick is {tick} (is this machine too busy, or its disk?)"


_PARTS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    _record,
    _watch,
    _read_back,
    _course,
    _load,
    _shards,
    _in_flight,
    _late,
    reach.problems,
)


def _doubts(evidence: Evidence) -> Iterator[str]:
    for lane, windows in evidence.windows.items():
        earlier = sum(not evidence.is_caused(window) for window in windows)
        if earlier and evidence.fault_ns is not None:
            yield f"{lane} had {counted(earlier, 'outage')} before the fault"
    for reason in _ended_early(evidence):
        yield f"the workload was stopped by something else than the experiment: {reason}"
    for note in evidence.history.cluster_notes:
        if note.what == "not watched":
            yield f"{note.detail.get('resource', 'a resource')} could not be watched: {note.detail.get('reason', '')}"
    broken = sorted(
        {str(note.detail.get("resource")) for note in evidence.history.cluster_notes if note.what == "broken"}
    )
    if broken:
        yield f"watches broke and went on from where they were: what {listed(broken)} did meanwhile was told late"
    yield from reach.doubts(evidence)
