"""From recorded runs to what they say together."""

from collections import Counter
from collections.abc import Sequence

from chaosmongo.history.results import LaneRecovery

from recoveryreport import words

from .conditions import Conditions, check_alike, differing
from .doubts import doubts
from .durations import durations
from .recorded import Recorded
from .records import Duration, Lane, PhaseSpan, PhaseTrials, Trial, Trials
from .writes import writes


def pool(runs: Sequence[Recorded], asked: int, wall_ns: int) -> Trials:
    """What the runs say together. asked: how many were to be made; wall_ns: when, as a label.

    Unknown runs are counted and named, and nothing of them is pooled (`Recorded.counts` has the exceptions). Of a
    failed run everything is, unless the record cannot vouch for its times. Raises UnlikeRuns where two pooled runs were
    not measured alike.
    """
    counting = [run for run in runs if run.counts]
    for run in counting[1:]:
        check_alike((counting[0].run, counting[0].conditions), (run.run, run.conditions))
    timed = [run for run in counting if run.times_count]
    lanes, phases = _lanes(timed), _phases(timed)
    alike = counting[0].conditions if counting else {}
    trials = [_trial(run, alike) for run in runs]
    return Trials(
        experiment=runs[0].run.partition("/")[0] if runs else "",
        title=runs[0].title if runs else "",
        wall_ns=wall_ns,
        asked=asked,
        verdicts=dict(Counter(run.verdict.verdict for run in runs)),
        runs=trials,
        conditions=alike,
        lanes=lanes,
        phases=phases,
        writes=writes([fates for run in counting if (fates := run.fates) is not None]),
        doubts=doubts(trials, asked, alike, lanes, [[phase.name for phase in run.verdict.phases] for run in timed]),
    )


def _trial(run: Recorded, alike: Conditions) -> Trial:
    verdict, durability, fates = run.verdict, run.verdict.durability, run.fates
    return Trial(
        run=run.run,
        directory=str(run.directory),
        verdict=verdict.verdict,
        sentence=words.sentence(verdict),
        acknowledged=words.acknowledged(durability) if durability else None,
        lost=durability.lost if durability else None,
        left_out="" if run.times_count else "times" if run.counts else "all",
        why=("; ".join(run.unvouched) or run.left_open) if run.counts else words.sentence(verdict),
        spoilt=fates.spoilt if fates else None,
        unlike=[] if run.counts or not alike else differing(alike, run.conditions),
        phases=_spans(run) if run.times_count else [],
        doubts=verdict.doubts,
    )


def _spans(run: Recorded) -> list[PhaseSpan]:
    phases = run.verdict.phases
    return [PhaseSpan(one.name, one.start_ns - phases[0].start_ns, one.end_ns - phases[0].start_ns) for one in phases]


def _lanes(runs: Sequence[Recorded]) -> list[Lane]:
    found: dict[str, list[tuple[str, LaneRecovery]]] = {}
    for run in runs:
        for lane in run.verdict.recovery:
            found.setdefault(lane.lane, []).append((run.run, lane))
    return [_lane(name, found[name]) for name in sorted(found, key=words.lane_order)]


def _lane(name: str, lanes: Sequence[tuple[str, LaneRecovery]]) -> Lane:
    recovery = [value for run, lane in lanes if (value := recovery_of(run, lane)) is not None]
    unavailable = [value for run, lane in lanes if (value := _unavailable(run, lane)) is not None]
    met = [lane.met for _, lane in lanes]
    return Lane(
        recovery=durations(name, recovery),
        objective_s=lanes[0][1].objective_s,
        met=met.count(True),
        missed=met.count(False),
        unavailable=durations(name, unavailable),
    )


def recovery_of(run: str, lane: LaneRecovery) -> Duration | None:
    """The recovery time of one run's lane; None where nothing is known of it."""
    if lane.rta is not None:
        return Duration(run, lane.rta.lo_ns, lane.rta.hi_ns)
    if lane.censored_ns is not None:
        return Duration(run, lane.censored_ns, None, "censored")
    if lane.shorter_than_ns is not None:
        return Duration(run, 0, lane.shorter_than_ns, "no outage")
    return None


def _unavailable(run: str, lane: LaneRecovery) -> Duration | None:
    """All its outages together; where one was open when the record ended, at least so much."""
    if not lane.outages:
        return None if lane.shorter_than_ns is None else Duration(run, 0, lane.shorter_than_ns, "no outage")
    # Brackets of different outages are independent of each other, but a worst case needs no such assumption.
    doubt = sum(one.start.uncertainty_ns + (one.end.uncertainty_ns if one.end else 0) for one in lane.outages)
    least, most = max(0, lane.unavailable_ns - doubt), lane.unavailable_ns + doubt
    if any(one.end is None for one in lane.outages):
        return Duration(run, least, None, "censored")
    return Duration(run, least, most)


def _phases(runs: Sequence[Recorded]) -> list[PhaseTrials]:
    lasted: dict[str, list[Duration]] = {}
    reached: dict[str, list[Duration]] = {}
    for run in runs:
        for phase in run.verdict.phases:
            since_ns = run.verdict.phases[0].start_ns
            for found, start_ns in ((lasted, phase.start_ns), (reached, since_ns)):
                middle = phase.end_ns - start_ns
                value = Duration(run.run, max(0, middle - phase.uncertainty_ns), middle + phase.uncertainty_ns)
                found.setdefault(phase.name, []).append(value)
    phases = [PhaseTrials(name, durations(name, lasted[name]), durations(name, reached[name])) for name in lasted]
    return sorted(phases, key=lambda phase: phase.reached.median.middle_ns if phase.reached.median else 0)
