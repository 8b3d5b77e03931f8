"""The summary of a run for a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from chaosmongo.history import History
from chaosmongo.history.quantities import count
from chaosmongo.history.redaction import redacted
from chaosmongo.history.results import Answer, Verdict

from . import words
from .words import harmless

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_COLOURS: dict[Answer, str] = {"passed": "green", "failed": "red", "unknown": "yellow"}


def summary(console: "Console", history: History, verdict: Verdict, report: Path | None = None) -> None:
    """Prints verdict, writes, recovery times, phases and doubts, and where the report is. Fits 80 columns."""
    from rich.text import Text

    colour = _COLOURS[verdict.verdict]
    console.print()
    head = Text(f" {words.SYMBOLS[verdict.verdict]} {verdict.verdict.upper()} ", style=f"bold reverse {colour}")
    console.print(head + Text(f"  {harmless(history.run.run)}", style="bold"))
    console.print(Text(harmless(words.sentence(verdict))))
    console.print()
    console.print(_facts(verdict))
    if report is not None:
        # A path is there to be copied: never broken over two lines.
        console.print(Text("  report    ", style="bold") + Text(harmless(str(report))), soft_wrap=True)
    console.print()


def _facts(verdict: Verdict) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style="bold", min_width=11)
    table.add_column(overflow="fold")
    blocks = {
        "  writes": _writes(verdict),
        "  recovery": _recovery(verdict),
        "  phases": _phases(verdict),
        "  doubts": redacted(verdict.doubts),
    }
    for name, lines in blocks.items():
        for number, line in enumerate(lines):
            table.add_row(Text("" if number else name), Text(harmless(line)))
    return table


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
