"""What trials say, for a terminal. Fits 80 columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chaosmongo.history.quantities import count, counted, seconds
from chaosmongo.history.results import LaneRecovery, Verdict, worst

from recoveryreport import words
from recoveryreport.printing import answered, blocks, where
from recoveryreport.words import harmless

from .records import Lane, PhaseTrials, Trials, Writes
from .words import confidence, course, interval, median, p95, percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def one_trial(number: int, asked: int, verdict: Verdict) -> str:
    """One line about a run that has just ended."""
    lanes = sorted(verdict.recovery, key=lambda lane: words.lane_order(lane.lane))
    lost = "? lost" if verdict.durability is None else f"{count(verdict.durability.lost)} lost"
    told = ", ".join([*(_short(lane) for lane in lanes), lost])
    return harmless(f"{number:>4} of {asked}  {words.SYMBOLS[verdict.verdict]} {verdict.verdict:<8} {told}")


def summary(console: "Console", trials: Trials, page: Path) -> None:
    from rich.text import Text

    answer = worst([trial.verdict for trial in trials.runs])
    answered(console, answer, f"{trials.experiment}: {course(trials)}")
    console.print(Text(harmless(trials.title)))
    console.print()
    console.print(_recovery(trials.lanes) if trials.lanes else Text("  No recovery time can be pooled."))
    bounded = [lane.recovery for lane in trials.lanes if lane.recovery.p95_interval]
    if bounded:
        console.print()
        told = [f"{one.name} {p95(one)} ({confidence(one.p95_interval, 0)})" for one in bounded]
        blocks(console, {"p95": told})
        console.print()
    if trials.pooled:
        console.print()
        blocks(console, {"writes": [writes(trials.writes)]})
        console.print()
    if trials.phases:
        console.print(_phases(trials.phases))
        console.print()
    blocks(console, {"doubts": trials.doubts or ["none"]})
    console.print()
    where(console, "trials", page)


def writes(found: Writes) -> str:
    """How many were lost, and what that many runs leave open."""
    if not found.runs:
        return "unknown: no pooled run can vouch for what became of them"
    text = f"{count(found.acknowledged)} acknowledged in {counted(found.runs, 'run')}, {count(found.lost)} lost"
    worse = {"altered": found.altered, "duplicated": found.duplicated, "failed but applied": found.applied}
    worse |= {"phantoms": found.phantoms, "stale reads": found.stale_reads}
    worse |= {f"of {count(found.seeded)} seeded scores not intact": found.seeded_spoilt}
    text += "".join(f", {count(number)} {name}" for name, number in worse.items() if number)
    if found.at_most is not None:
        return f"{text}; {none_lost(found)}"
    if found.between is not None:
        low, high = found.between
        text += (
            f"; something lost, altered or duplicated in {found.runs_with_loss} of {found.runs} runs: "
            f"the probability of such a run lies between {percent(low, up=False)} and {percent(high, up=True)} (95 %)"
        )
    return text


def none_lost(found: Writes) -> str:
    """The bound that stands beside every "0 lost"."""
    bound, rule = percent(found.at_most or 0, up=True), percent(min(1.0, 3 / found.runs), up=True)
    return f"the probability that a run loses some is below {bound} (95 %; 3/n would say {rule})"


def _short(lane: LaneRecovery) -> str:
    if lane.rta is not None:
        return f"{lane.lane} {seconds(lane.rta.middle_ns)}"
    return f"{lane.lane} {words.recovery_time(lane)}"


def _table(name: str, *columns: str) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    table.add_column(Text(f"  {name}", style="bold"), no_wrap=True, min_width=10)
    for column in columns:
        table.add_column(Text(column, style="dim"), no_wrap=True, justify="right")
    return table


def _recovery(lanes: Sequence[Lane]) -> "Table":
    table = _table("recovery", "median", _confidence(lanes), "min", "max", "runs", "never")
    for lane in lanes:
        found = lane.recovery
        table.add_row(
            f"  {harmless(found.name)}",
            median(found),
            interval(found.interval),
            _seconds(found.smallest_ns),
            _seconds(found.largest_ns),
            count(len(found.values)),
            count(found.censored),
        )
    return table


def _phases(phases: Sequence[PhaseTrials]) -> "Table":
    table = _table("phases", "median", "min to max", "reached at", "runs")
    for phase in phases:
        lasted, reached = phase.lasted, phase.reached.median
        table.add_row(
            f"  {harmless(phase.name)}",
            median(lasted),
            f"{_seconds(lasted.smallest_ns).removesuffix(' s')} to {_seconds(lasted.largest_ns)}",
            _seconds(reached.middle_ns if reached else None),
            count(len(lasted.values)),
        )
    return table


def _confidence(lanes: Sequence[Lane]) -> str:
    """The confidence that the intervals really have; a lane that fewer runs measured has another one."""
    found = {f"{lane.recovery.interval.confidence:.1%}" for lane in lanes if lane.recovery.interval}
    return f"{' / '.join(sorted(found)) or 'no'} interval"


def _seconds(value_ns: int | None) -> str:
    return "-" if value_ns is None else seconds(value_ns)
