"""What pooled numbers cannot tell, said aloud (as psf/pyperf does of benchmarks)."""

import statistics
from collections.abc import Iterator, Sequence

from chaosmongo.history.quantities import at_most, counted, listed, seconds

from recoveryreport.statistics import HALF, P95, fewest, outside

from .conditions import NOT_READ, Conditions
from .records import Durations, Lane, Trial

FEWEST, FEWEST_P95 = fewest(HALF), fewest(P95)
"""Values without which there is no 95 % interval of their median, and of the value below which 95 % of them lie."""

SPREAD = 0.10
"""Standard deviation over mean above which small differences are not seen in a few runs."""


def doubts(
    trials: Sequence[Trial], asked: int, conditions: Conditions, lanes: Sequence[Lane], orders: Sequence[Sequence[str]]
) -> list[str]:
    """One sentence each. conditions: those of all pooled runs. orders: of the phases, by run."""
    pooled = sum(trial.left_out == "" for trial in trials)
    return [
        *_left_out(trials, asked),
        *_not_read(conditions),
        *_too_few([lane.recovery for lane in lanes]),
        *(doubt for lane in lanes for doubt in _durations(lane.recovery, pooled)),
        *_orders(orders),
    ]


def _left_out(trials: Sequence[Trial], asked: int) -> Iterator[str]:
    if len(trials) < asked:
        yield f"only {len(trials):,} of {counted(asked, 'run')} were made"
    for trial in trials:
        if trial.left_out == "all":
            yield f"{trial.run} is unknown, and nothing of it is pooled: {trial.why}"
        elif trial.left_out == "times":
            yield f"{trial.run}: its times are not pooled: {trial.why}"
    pooled = [trial for trial in trials if trial.verdict == "unknown" and not trial.left_out]
    for why in dict.fromkeys(trial.why for trial in pooled):
        runs = listed([trial.run for trial in pooled if trial.why == why])
        yield f"unknown only for {why}, and pooled with what was seen: {runs}"


def _not_read(conditions: Conditions) -> Iterator[str]:
    for name, why in conditions.items():
        if name.startswith(NOT_READ):
            what = name.removeprefix(NOT_READ)
            yield f"{what} could not be read ({why}): whether it was alike in all runs is not known"


def _too_few(lanes: Sequence[Durations]) -> Iterator[str]:
    for n in sorted({len(lane.values) for lane in lanes if len(lane.values) < FEWEST}):
        names = ", ".join(lane.name for lane in lanes if len(lane.values) == n)
        yield f"{names}: {counted(n, 'value')} give no 95 % interval of the median; {FEWEST} would"


def _durations(lane: Durations, pooled: int) -> Iterator[str]:
    n = len(lane.values)
    if n < pooled:
        yield f"{lane.name}: {counted(pooled - n, 'run')} did not measure it"
    if lane.no_outage:
        yield f"{lane.name}: {counted(lane.no_outage, 'run')} showed no outage at all"
    if lane.spread is not None and lane.spread > SPREAD:
        yield (
            f"{lane.name}: the standard deviation is {lane.spread:.0%} of the mean: "
            "a difference of that size is not seen in a few runs"
        )
    yield from _coarse(lane)
    ended = [value for value in lane.values if value.hi_ns is not None]
    odd = [ended[place] for place in outside([value.middle_ns for value in ended])]
    if odd:
        named = [f"{value.run} with {seconds(value.middle_ns)}" for value in odd]
        yield f"{lane.name}: far from the others {'is' if len(odd) == 1 else 'are'} {listed(named)}"


def _coarse(lane: Durations) -> Iterator[str]:
    """Where each value is known less well than the values differ, the spread is the instrument's own."""
    widths = [value.hi_ns - value.lo_ns for value in lane.values if value.hi_ns is not None]
    middles = [value.middle_ns for value in lane.values if value.hi_ns is not None]
    if len(middles) >= 2 and statistics.median(widths) / 2 > statistics.stdev(middles) > 0:
        yield (
            f"{lane.name}: a single run is known to ± {at_most(statistics.median(widths) / 2)} only, "
            f"more than the runs differ (standard deviation {seconds(statistics.stdev(middles), 3)})"
        )


def _orders(orders: Sequence[Sequence[str]]) -> Iterator[str]:
    different = len({tuple(order) for order in orders if order})
    if different > 1:
        yield (
            f"the phases came in {different} different orders: a phase did not begin with the same mark in all runs, "
            "so compare when each was reached"
        )
