"""All checks, one verdict: failed outranks unknown outranks passed. A check that raises is unknown."""

from collections.abc import Callable
from typing import TypeVar

from chaosmongo.history import History
from chaosmongo.history.quantities import counted, limit, measured, seconds
from chaosmongo.history.results import Durability, FaultSummary, Finding, LaneRecovery, Phase, Verdict, worst

from . import (
    alone,
    course,
    durability,
    identity,
    injection,
    phases,
    ready_gap,
    recovery,
    seeds,
    single_writer,
    validity,
)
from .check import Checked
from .evidence import Evidence

T = TypeVar("T")


def judge(history: History) -> Verdict:
    """What the record says of the run. The same record gives the same verdict, byte for byte. Never raises."""
    evidence = Evidence(history)
    valid = _run("validity", validity.check, evidence, None)
    ran = _run(course.NAME, course.check, evidence, None)
    hit: Checked[list[FaultSummary]] = _run("injection", injection.check, evidence, [])
    recovered: Checked[list[LaneRecovery]] = _run("recovery", recovery.check, evidence, [])
    durable = _run("durability", durability.check, evidence, None)
    seeded = _run("seeds", seeds.check, evidence, None)
    identical = _run("identity", identity.check, evidence, None)
    single = _run("single_writer", single_writer.check, evidence, None)
    phased: Checked[list[Phase]] = _run("phases", phases.check, evidence, [])
    gap = _run("ready_gap", ready_gap.check, evidence, None)
    company = _run(alone.NAME, alone.check, evidence, None)
    checked: list[Checked[object]] = [
        *(valid, hit, recovered, durable, seeded, identical, single, phased, gap, ran, company)
    ]
    findings = [_believed(part.finding, evidence) for part in checked if part.finding is not None]
    findings = alone.tempered(findings, evidence)
    answer = worst([finding.verdict for finding in findings])
    return Verdict(
        run=history.run.run,
        verdict=answer,
        sentence=f"{answer}: {_sentence(answer, findings, durable.result, recovered.result)}",
        findings=findings,
        faults=hit.result,
        recovery=recovered.result,
        phases=phased.result,
        durability=durable.result,
        seeds=seeded.result,
        ready_gap=gap.result,
        doubts=[doubt for part in checked for doubt in part.doubts],
    )


def _run(name: str, check: Callable[[Evidence], Checked[T]], evidence: Evidence, otherwise: T) -> Checked[T]:
    try:
        return check(evidence)
    except Exception as error:  # whatever it is, a crashed check is an answer: nobody knows
        told = f"the check crashed: {type(error).__name__}: {error}"
        return Checked(otherwise, Finding(name, "unknown", told))


RESTS_ON = {
    "recovery": ("ops", "faults"),
    "identity": ("cluster", "faults"),
    "single_writer": ("cluster",),
    "course": ("faults",),
}
"""The files that a failure may be read out of. Durability and seeds do not look at damaged ones at all."""


def _believed(finding: Finding, evidence: Evidence) -> Finding:
    """The finding; where it is a failure that a damaged file tells of, nobody knows."""
    damaged = [file for file in RESTS_ON.get(finding.check, ()) if evidence.damaged(file)]
    if finding.verdict != "failed" or not damaged:
        return finding
    return Finding(finding.check, "unknown", f"{finding.summary} (but {damaged[0]} is damaged)", finding.details)


def _sentence(answer: str, findings: list[Finding], durable: Durability | None, lanes: list[LaneRecovery]) -> str:
    if answer == "passed" and durable is not None:
        return f"{_kept(durable)}; {_recovered(lanes)}"
    told = [finding for finding in findings if finding.verdict == answer]
    if answer == "unknown":  # an activity that failed is the cause of much else
        told.sort(key=lambda finding: finding.check != course.NAME)
    reasons: dict[str, str] = {}  # several checks give the same one
    for finding in told:
        for reason in finding.summary.split("; "):
            reasons.setdefault(reason.casefold(), reason)
    return "; ".join(reasons.values())


def _kept(durable: Durability) -> str:
    acknowledged = durable.kept + durable.lost
    return f"{counted(acknowledged, 'acknowledged write')}, {f'{durable.lost:,} lost' if durable.lost else 'none lost'}"


_WHO = {"server": "the database answered", "driver": "applications were served", "user": "players were served"}


def _recovered(lanes: list[LaneRecovery]) -> str:
    told = [_told(lane) for lane in lanes]
    limits = {lane.objective_s for lane in lanes}
    if len(limits) == 1 and None not in limits:
        return f"{', '.join(told)} (objective {limit(lanes[0].objective_s or 0)})"
    return ", ".join(text + _limit(lane) for text, lane in zip(told, lanes, strict=True))


def _limit(lane: LaneRecovery) -> str:
    return "" if lane.objective_s is None else f" (objective {limit(lane.objective_s)})"


def _told(lane: LaneRecovery) -> str:
    """Of a run that passed: the lane recovered, or had no outage."""
    who = _WHO.get(lane.lane, f"{lane.lane} was served")
    if lane.rta is not None:
        return f"{who} again after {measured(lane.rta)}"
    return f"{who} without an outage longer than {seconds(lane.shorter_than_ns or 0, 3)}"
