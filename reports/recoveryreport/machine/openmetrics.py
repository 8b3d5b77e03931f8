"""metrics.prom: one run as OpenMetrics text, for a node exporter's textfile collector or a push gateway.

Both of them read Prometheus' older text format, for which OpenMetrics' UNIT and EOF are comments. What it does not know
would have them refuse the file: so every metric is a gauge (the verdict, too, in place of a state set), and no sample
bears a time: when the run began is a metric.

What was not measured is absent: a lane that did not recover has no recovery time, but a lower bound under another name.
The run's name is a label of chaosmongo_run_info alone, so that each run does not begin new series.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from chaosmongo.history.results import Answer

from recoveryreport.words import harmless

from .records import AtLeast, Below, Measured, NotKnown, Phase, Summary, Writes

Labels = Mapping[str, str]
"""Without that of the experiment, which every sample bears."""

Sample = tuple[Labels, float]


@dataclass(frozen=True)
class Family:
    """A metric: its name, what it means, and its samples. Its unit is what its name ends with."""

    name: str
    meaning: str
    samples: Sequence[Sample]

    def lines(self, experiment: str) -> Iterator[str]:
        """As they stand in the file; none where there is no sample."""
        if not self.samples:
            return
        name = f"chaosmongo_{self.name}"
        yield f"# HELP {name} {self.meaning}"
        yield f"# TYPE {name} gauge"
        if name.endswith("_seconds"):
            yield f"# UNIT {name} seconds"
        for labels, value in self.samples:
            told = ",".join(f'{key}="{_escaped(text)}"' for key, text in [("experiment", experiment), *labels.items()])
            yield f"{name}{{{told}}} {value!r}"


def written(summary: Summary) -> bytes:
    """The file."""
    return file_of(_families(summary), summary.experiment)


def unjudged(experiment: str) -> bytes:
    """The file of a run that came to no verdict: killed, damaged, or still going on."""
    return file_of([_verdict("unknown")], experiment)


def file_of(families: Iterable[Family], experiment: str) -> bytes:
    """These metrics of one experiment, as a file."""
    lines = [line for family in families for line in family.lines(experiment)]
    return "".join(f"{line}\n" for line in [*lines, "# EOF"]).encode()


def _families(summary: Summary) -> Iterator[Family]:
    yield from _run(summary)
    yield from _lanes(summary)
    yield from _data(summary)
    yield from _durations("phase", "Time in this phase of the recovery", _by_name(summary.phases))
    gap = "Ready minus the first acknowledged write; negative where Ready came too early"
    yield from _durations("ready_gap", gap, [({}, summary.ready_gap)])


def _run(summary: Summary) -> Iterator[Family]:
    environment = summary.environment
    told = {"run": summary.run, "kubernetes": environment.kubernetes, "mongodb": environment.mongodb}
    yield Family("run_info", "The run that these metrics are of, and where it took place.", [(told, 1)])
    began: list[Sample] = [] if summary.began is None else [({}, datetime.fromisoformat(summary.began).timestamp())]
    yield Family("run_start_time_seconds", "When the run began, since the Unix epoch.", began)
    yield _verdict(summary.verdict)
    answers = [sample for check in summary.checks for sample in _state({"check": check.name}, check.verdict)]
    yield Family("check", "1 for what the check's answer is.", answers)
    yield Family("doubts", "How many doubts the instrument has of itself.", [({}, len(summary.doubts))])


def _verdict(answer: Answer) -> Family:
    return Family("verdict", "1 for what the run's verdict is.", _state({}, answer))


def _lanes(summary: Summary) -> Iterator[Family]:
    lanes = [({"lane": lane.name}, lane) for lane in summary.lanes]
    rta = "Recovery time actual (RTA): from the fault to the end of the last outage that it caused"
    yield from _durations("recovery_time", rta, [(labels, lane.recovery_time) for labels, lane in lanes])
    yield from _durations("unavailable", "Sum of all outages", [(labels, lane.unavailable) for labels, lane in lanes])
    objectives = [(labels, lane.objective_s) for labels, lane in lanes if lane.objective_s is not None]
    yield Family("recovery_objective_seconds", "Recovery time objective (RTO).", objectives)
    met = [(labels, int(lane.met)) for labels, lane in lanes if lane.met is not None]
    yield Family("recovery_objective_met", "1 where the RTO was met, 0 where it was missed.", met)
    operations = [
        (labels | {"outcome": outcome}, number)
        for labels, lane in lanes
        for outcome, number in (("ok", lane.ok), ("failed", lane.failed), ("unknown", lane.unknown))
    ]
    yield Family("operations", "Operations of the run by outcome; failed is provably not executed.", operations)


def _data(summary: Summary) -> Iterator[Family]:
    writes, seeds = summary.writes, summary.seeds
    yield Family("recovery_point_objective_writes", "Acknowledged writes that may be lost.", [({}, summary.rpo_writes)])
    if writes is not None:
        fates = [({"fate": fate}, number) for fate, number in _fates(writes).items()]
        yield Family("writes", "Writes of the run by their fate; each has exactly one.", fates)
        rpa = "Recovery point actual: from the last surviving acknowledgement before the fault to the fault."
        yield Family("recovery_point_seconds", rpa, [] if writes.rpa_s is None else [({}, writes.rpa_s)])
        yield Family("phantom_documents", "Documents that nobody wrote.", [({}, writes.phantoms)])
        stale = "Reads that missed what had been acknowledged before."
        yield Family("stale_reads", stale, [({}, writes.stale_reads)])
    if seeds is not None:
        states = [({"state": state}, getattr(seeds, state)) for state in ("intact", "missing", "altered", "duplicated")]
        yield Family("seeded_scores", "Scores that were there before the load, by their state.", states)


def _fates(writes: Writes) -> dict[str, int]:
    acknowledged, unknown, failed = writes.acknowledged, writes.unknown, writes.failed
    return {
        "kept": acknowledged.kept,
        "lost": acknowledged.lost,
        "altered": acknowledged.altered,
        "duplicated": acknowledged.duplicated,
        "recovered": unknown.recovered,
        "absent": unknown.absent,
        "rejected": failed.rejected,
        "applied": failed.applied,
    }


def _state(labels: Labels, answer: Answer) -> list[Sample]:
    return [({**labels, "verdict": possible}, int(possible == answer)) for possible in get_args(Answer)]


def _durations(
    name: str, meaning: str, durations: Iterable[tuple[Labels, Measured | AtLeast | Below | NotKnown]]
) -> Iterator[Family]:
    """One metric for what was measured, one for what that is uncertain by, and one for bounds of either kind."""
    values, uncertainties, lower, upper = (list[Sample]() for _ in range(4))
    for labels, duration in durations:
        match duration:
            case Measured(value_s, uncertainty_s):
                values.append((labels, value_s))
                if uncertainty_s is not None:
                    uncertainties.append((labels, uncertainty_s))
            case AtLeast(at_least_s):
                lower.append((labels, at_least_s))
            case Below(below_s):
                upper.append((labels, below_s))
    yield Family(f"{name}_seconds", f"{meaning}.", values)
    yield Family(f"{name}_uncertainty_seconds", f"{meaning}: the truth is at most so far away.", uncertainties)
    yield Family(f"{name}_at_least_seconds", f"{meaning}: not at its end when the record ended.", lower)
    yield Family(f"{name}_below_seconds", f"{meaning}: nothing was seen, so it is shorter than this.", upper)


def _by_name(phases: Iterable[Phase]) -> Iterator[tuple[Labels, Measured]]:
    """A mark that comes twice ends two phases, and two samples cannot have the same labels."""
    lasted: dict[str, list[Measured]] = {}
    for phase in phases:
        lasted.setdefault(phase.name, []).append(phase.lasted)
    for name, several in lasted.items():
        uncertain = [one.uncertainty_s for one in several if one.uncertainty_s is not None]
        value_s = _sum([one.value_s for one in several])
        yield {"phase": name}, Measured(value_s, _sum(uncertain) if uncertain else None, "")


def _sum(seconds: Sequence[float]) -> float:
    return round(math.fsum(seconds), 9)


def _escaped(text: str) -> str:
    """As a label's value. Line ends and the like show by their code already."""
    return harmless(text).replace("\\", "\\\\").replace('"', '\\"')
