"""From a verdict to its summary, and summary.json."""

import msgspec
from chaosmongo.history import records as r
from chaosmongo.history import results
from chaosmongo.history.redaction import redacted
from chaosmongo.history.results import Bracket

from recoveryreport import words

from . import records
from .records import AtLeast, Below, Measured, NotKnown

_NS_PER_S = 1e9


def of(run: r.Run, verdict: results.Verdict) -> records.Summary:
    """The summary of a run that was judged."""
    return records.Summary(
        format=records.FORMAT,
        run=verdict.run,
        experiment=verdict.run.partition("/")[0],
        title=redacted(run.title),
        began=_began(run.anchor),
        verdict=verdict.verdict,
        sentence=words.sentence(verdict),
        lanes=[_lane(lane) for lane in sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane))],
        rpo_writes=run.objectives.rpo_writes,
        writes=None if verdict.durability is None else _writes(verdict.durability),
        seeds=None if verdict.seeds is None else msgspec.convert(verdict.seeds, records.Seeds, from_attributes=True),
        phases=_phases(verdict.phases),
        ready_gap=_seen(verdict.ready_gap, words.ready_gap(verdict.ready_gap)),
        faults=[_fault(fault) for fault in verdict.faults],
        checks=[records.Check(one.check, one.verdict, redacted(one.summary)) for one in verdict.findings],
        doubts=redacted(verdict.doubts),
        environment=run.environment,
    )


def encoded(summary: records.Summary) -> bytes:
    """summary.json. What would steer a terminal is escaped, as JSON does it: decoded, it is what was recorded."""
    lines = msgspec.json.format(msgspec.json.encode(summary), indent=2).decode().split("\n")
    return "".join(f"{words.harmless(line)}\n" for line in lines).encode()


def _lane(lane: results.LaneRecovery) -> records.Lane:
    return records.Lane(
        name=lane.lane,
        recovery_time=_recovery_time(lane),
        first_success=_seen(lane.first_success, words.first_success(lane)),
        detection=_seen(lane.detection, words.detection(lane)),
        unavailable=_unavailable(lane),
        objective_s=lane.objective_s,
        met=lane.met,
        objective=words.objective_met(lane),
        operations=lane.operations,
        ok=lane.ok,
        failed=lane.fail,
        unknown=lane.info,
    )


def _recovery_time(lane: results.LaneRecovery) -> Measured | AtLeast | Below | NotKnown:
    text = words.recovery_time(lane)
    if lane.rta is not None:
        return _measured(lane.rta.middle_ns, lane.rta.uncertainty_ns, text)
    if lane.censored_ns is not None:
        return AtLeast(_seconds(lane.censored_ns), text)
    if lane.shorter_than_ns is not None:
        return Below(_seconds(lane.shorter_than_ns), text)
    return NotKnown(text)


def _unavailable(lane: results.LaneRecovery) -> Measured | AtLeast | NotKnown:
    text, ends = words.unavailable(lane), [outage.end for outage in lane.outages]
    if not ends:
        return NotKnown(text)
    if None in ends:
        return AtLeast(_seconds(lane.unavailable_ns), text)
    return _measured(lane.unavailable_ns, words.unavailable_doubt_ns(lane), text)


def _seen(bracket: Bracket | None, text: str) -> Measured | NotKnown:
    return NotKnown(text) if bracket is None else _measured(bracket.middle_ns, bracket.uncertainty_ns, text)


def _measured(value_ns: int, uncertainty_ns: int, text: str) -> Measured:
    return Measured(_seconds(value_ns), _seconds(uncertainty_ns) if uncertainty_ns else None, text)


def _writes(d: results.Durability) -> records.Writes:
    return records.Writes(
        writes=d.writes,
        acknowledged=records.AcknowledgedWrites(d.kept, d.lost, d.altered, d.duplicated),
        unknown=records.UnknownWrites(d.recovered, d.absent),
        failed=records.FailedWrites(d.rejected, d.applied),
        shape=d.shape,
        rpa_s=None if d.rpa_ns is None else _seconds(d.rpa_ns),
        phantoms=d.phantoms,
        stale_reads=d.stale_reads,
        text=words.recovery_point(d),
    )


def _phases(phases: list[results.Phase]) -> list[records.Phase]:
    """Phases begin with the first fault, which is the zero of what is said of them."""
    largest = words.largest(phases)
    return [
        records.Phase(
            name=phase.name,
            lasted=_measured(phase.end_ns - phase.start_ns, phase.uncertainty_ns, words.phase_time(phase)),
            reached_s=_seconds(phase.end_ns - phases[0].start_ns),
            largest=phase is largest,
            source=phase.source,
        )
        for phase in phases
    ]


def _fault(fault: results.FaultSummary) -> records.Fault:
    return records.Fault(fault.name, fault.hits, fault.proven, redacted(fault.proof))


def _began(anchor: r.Anchor) -> str | None:
    moment = words.moment(anchor.wall_ns)
    return None if moment is None else f"{moment.replace(tzinfo=None).isoformat()}Z"


def _seconds(value_ns: int) -> float:
    return value_ns / _NS_PER_S
