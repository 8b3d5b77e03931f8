"""How far values lie apart, and which of them lie outside."""

import statistics
from collections.abc import Sequence

FENCE = 1.5
"""Interquartile ranges beyond the quartiles (Tukey 1977): in a normal distribution, 7 values of 1,000 lie outside."""

FEWEST = 6
"""Quartiles of fewer values are a guess."""


def relative_spread(values: Sequence[float]) -> float | None:
    """Standard deviation as a part of the mean; None where there are too few values, or their mean is 0."""
    if len(values) < 2 or not statistics.fmean(values):
        return None
    return statistics.stdev(values) / statistics.fmean(values)


def outside(values: Sequence[float]) -> list[int]:
    """The places of those values that lie outside Tukey's fences."""
    if len(values) < FEWEST:
        return []
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    reach = FENCE * (upper - lower)
    return [place for place, value in enumerate(values) if not lower - reach <= value <= upper + reach]
