"""The summary of a run for a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from chaosmongo.history import History
from chaosmongo.history.quantities import count
from chaosmongo.history.redaction import redacted
from chaosmongo.history.results import Verdict

from . import words
from .printing import answered, blocks, where
from .words import harmless

if TYPE_CHECKING:
    from rich.console import Console


def summary(console: "Console", history: History, verdict: Verdict, report: Path | None = None) -> None:
    """Prints verdict, writes, recovery times, phases and doubts, and where the report is. Fits 80 columns."""
    from rich.text import Text

    answered(console, verdict.verdict, history.run.run)
    console.print(Text(harmless(words.sentence(verdict))))
    console.print()
    blocks(
        console,
        {
            "writes": _writes(verdict),
            "recovery": _recovery(verdict),
            "phases": _phases(verdict),
            "doubts": redacted(verdict.doubts),
        },
    )
    if report is not None:
        where(console, "report", report)
    else:
        console.print()


def _writes(verdict: Verdict) -> list[str]:
    durability = verdict.durability
    if durability is None:
        return [words.recovery_point(None)]
    line = (
        f"{count(words.acknowledged(durability))} acknowledged, {count(durability.lost)} lost; "
        f"{count(words.unknown(durability))} unknown "
        f"({count(durability.recovered)} there, {count(durability.absent)} not)"
    )
    worse = {
        "altered": durability.altered,
        "duplicated": durability.duplicated,
        "failed but applied": durability.applied,
        "phantoms": durability.phantoms,
        "stale reads": durability.stale_reads,
    }
    found = [f"{count(number)} {name}" for name, number in worse.items() if number]
    return [line, *([", ".join(found)] if found else [])]


def _recovery(verdict: Verdict) -> list[str]:
    lanes = sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane))
    if not lanes:
        return ["unknown: no lane has operations"]
    wide = max(len(harmless(lane.lane)) for lane in lanes)
    times = {lane.lane: words.recovery_time(lane) for lane in lanes}
    tall = max(map(len, times.values()))
    return [f"{harmless(lane.lane):<{wide}}  {times[lane.lane]:<{tall}}  {words.objective_met(lane)}" for lane in lanes]


def _phases(verdict: Verdict) -> list[str]:
    largest = words.largest(verdict.phases)
    if largest is None:
        return ["none: the record does not show a recovery to divide"]
    wide = max(len(harmless(phase.name)) for phase in verdict.phases)
    long = max(phase.end_ns - phase.start_ns for phase in verdict.phases) or 1
    return [
        f"{harmless(phase.name):<{wide}}  {words.phase_time(phase):>18}  "
        f"{'█' * round(12 * (phase.end_ns - phase.start_ns) / long)}{' largest' if phase is largest else ''}"
        for phase in verdict.phases
    ]
