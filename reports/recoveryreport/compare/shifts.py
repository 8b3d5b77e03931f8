"""One duration in both sets: by how much they differ, and how surely.

A value that is only known to lie between two ends takes part in every difference with whichever end speaks against it;
one that had not come to its end has no upper one. So what is said holds whatever the truth between them is.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from chaosmongo.history.results import Bracket

from recoveryreport.statistics import pairs_larger, shift_ranks
from recoveryreport.trials.records import Duration, Durations

from .records import Shift, ShiftInterval

Floats = npt.NDArray[np.float64]


def shift(base: Durations, new: Durations, at_least_ns: int) -> Shift:
    """Not yet corrected, and without an answer."""
    if not (base.values and new.values):
        return Shift(new.name, base, new, None, None, None)
    low, high = _differences(base.values, new.values)
    return Shift(
        new.name,
        base,
        new,
        _median(low, high),
        _interval(low, high, len(base.values), len(new.values)),
        _p(low, high, at_least_ns, len(base.values), len(new.values)),
    )


def p_of_middles(found: Shift, at_least_ns: int) -> float:
    """The p that there would be if each value were known to be the middle of its bracket."""
    base, new = (
        [
            Duration(value.run, value.middle_ns, value.middle_ns if value.hi_ns is not None else None)
            for value in durations.values
        ]
        for durations in (found.base, found.new)
    )
    return _p(*_differences(base, new), at_least_ns, len(base), len(new))


def later(found: Shift, at_least_ns: int) -> bool:
    """Whether it is the later side on which the evidence lies."""
    low, high = _differences(found.base.values, found.new.values)
    return int(np.count_nonzero(low > at_least_ns)) > int(np.count_nonzero(high < -at_least_ns))


def _differences(base: Sequence[Duration], new: Sequence[Duration]) -> tuple[Floats, Floats]:
    """The lower and the upper ends of the differences of all pairs, each in order of size."""
    base_low, base_high = _ends(base)
    new_low, new_high = _ends(new)
    lower, upper = np.subtract.outer(new_low, base_high), np.subtract.outer(new_high, base_low)
    return np.sort(lower, axis=None), np.sort(upper, axis=None)


def _ends(values: Sequence[Duration]) -> tuple[Floats, Floats]:
    """Durations in nanoseconds: up to 104 days a float holds each exactly."""
    return (
        np.array([value.lo_ns for value in values], dtype=float),
        np.array([math.inf if value.hi_ns is None else value.hi_ns for value in values], dtype=float),
    )


def _median(low: Floats, high: Floats) -> Bracket | None:
    lower, upper = (_middle(ends) for ends in (low, high))
    return None if math.isinf(lower) or math.isinf(upper) else Bracket(math.floor(lower), math.ceil(upper))


def _middle(ordered: Floats) -> float:
    half = ordered.size // 2
    below = float(ordered[half - 1 + ordered.size % 2])
    above = float(ordered[half])
    return below if below == above else (below + above) / 2


def _interval(low: Floats, high: Floats, m: int, n: int) -> ShiftInterval | None:
    ranks = shift_ranks(m, n)
    if ranks is None:
        return None
    begin, end = float(low[ranks.low - 1]), float(high[ranks.high - 1])
    return ShiftInterval(_known(begin), _known(end), ranks.confidence)


def _known(end: float) -> int | None:
    return None if math.isinf(end) else int(end)


def _p(low: Floats, high: Floats, at_least_ns: int, m: int, n: int) -> float:
    """Two-sided. A difference that may just as well be none speaks for neither side."""
    larger = max(int(np.count_nonzero(low > at_least_ns)), int(np.count_nonzero(high < -at_least_ns)))
    return min(1.0, 2 * pairs_larger(larger, m, n))
