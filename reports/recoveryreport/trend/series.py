"""The values of an experiment over its runs, and the levels on which they lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaosmongo.history.results import Bracket

from recoveryreport.statistics import median_survival
from recoveryreport.statistics.shifts import shifts
from recoveryreport.words import lane_order

from .records import LOST, NEARBY, Change, Entry, Level, Series, ShiftFound


@dataclass(frozen=True)
class _Value:
    """Of the run at that place: between which ends the truth lies; high None where no upper end is known."""

    run: int
    low: int
    high: int | None


def all_series(runs: Sequence[Entry]) -> list[Series]:
    """Each lane's, from the server outwards, and that of the writes lost, of what the record vouches for."""
    names = sorted({name for run in runs for name in run.lanes}, key=lane_order)
    return [*(_series(name, _times(name, runs), runs) for name in names), _series(LOST, _losses(runs), runs)]


def _times(name: str, runs: Sequence[Entry]) -> list[_Value]:
    lanes = [(place, run.lanes[name]) for place, run in enumerate(runs) if run.vouched and name in run.lanes]
    return [_Value(place, lane.recovery.lo_ns, lane.recovery.hi_ns) for place, lane in lanes]


def _losses(runs: Sequence[Entry]) -> list[_Value]:
    known = [(place, run.lost) for place, run in enumerate(runs) if run.lost_vouched]
    return [_Value(place, lost, lost) for place, lost in known if lost is not None]


def _series(name: str, values: Sequence[_Value], runs: Sequence[Entry]) -> Series:
    if not values:
        return Series(name, 0, [], [])
    found = shifts(
        [value.low for value in values], [float("inf") if value.high is None else value.high for value in values]
    )
    edges = [0, *(shift.place for shift in found), len(values)]
    levels = [_level(values[first:end]) for first, end in pairwise(edges)]
    told = [
        ShiftFound(after.first, shift.upwards, shift.p, before, after, _nearby(after.first, runs))
        for shift, (before, after) in zip(found, pairwise(levels), strict=True)
    ]
    return Series(name, len(values), levels, told)


def _level(values: Sequence[_Value]) -> Level:
    return Level(values[0].run, values[-1].run, len(values), _median(values))


def _median(values: Sequence[_Value]) -> Bracket | None:
    """Of these runs, from the median of the lower ends to that of the upper ones. Halves are cut."""
    censored = [value.low for value in values if value.high is None]
    low = median_survival([value.low for value in values if value.high is not None], censored)
    high = median_survival([value.high for value in values if value.high is not None], censored)
    return None if low is None or high is None else Bracket(int(low), int(high))


def _nearby(place: int, runs: Sequence[Entry]) -> list[Change]:
    return [change for run in runs[max(0, place - NEARBY) : place + NEARBY + 1] for change in run.changes]
